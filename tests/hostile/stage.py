"""stage.py: what a hostile case acts on and how it is judged.

Runs in: the tests' Python.  Input: files of cases (ours), and what hostile
programs print: text to be searched, never to be believed.
"""
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time

KEPT = 256 * 1024               # bytes of a stream that reach a model
GROWTH = 8 << 20                # bytes that a process of ours may grow by
TOOLS = {"read_file": "load_file", "write_file": "save_file",
         "list_dir": "list_files", "shell": "execute_shell"}
ARGUMENTS = {"cmd": "command", "cwd": "working_dir"}    # of shell
PYTHON = "/usr/bin/python3"


def expand(value):
    """{"$repeat": [text, n]} stands for text n times."""
    if isinstance(value, dict):
        if set(value) == {"$repeat"}:
            return value["$repeat"][0] * value["$repeat"][1]
        return {k: expand(v) for k, v in value.items()}
    return [expand(v) for v in value] if isinstance(value, list) else value


class Host:
    """Everything that an escape could reach, planted; and its parameters."""

    def __init__(self, work):
        self.dir = tempfile.mkdtemp(prefix="hostile-host.")
        os.chmod(self.dir, 0o755)
        self.home = os.path.join(self.dir, "home")
        self.canary = "CANARY" + secrets.token_hex(12)
        self.session = secrets.token_hex(8)
        for path in ("secret", "home/.ssh/id_ed25519",
                     "home/.aws/credentials"):
            self.plant(os.path.join(self.dir, path), self.canary + "\n")
        self.closers = []
        self.greeted = 0        # connections that reached the host
        self.sleeper = subprocess.Popen(
            ["sleep", "86400"], env={"SECRET_TOKEN": self.canary})
        unix = self.listen(socket.AF_UNIX, os.path.join(self.dir, "sock"))
        self.abstract = "hostile-" + self.session
        self.listen(socket.AF_UNIX, "\0" + self.abstract)
        tcp = self.listen(socket.AF_INET, ("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        threading.Thread(target=self.echo, args=(udp,), daemon=True).start()
        for where in ("/tmp", "/var/tmp", "/dev/shm"):
            path = "%s/xsess-%s" % (where, self.session)
            try:
                self.plant(path, "x")
                self.closers.append(lambda p=path: os.unlink(p))
            except OSError:
                pass
        del unix
        self.parameters = {
            "CANARY": self.canary, "CANARY_REV": self.canary[::-1],
            "HOSTDIR": self.dir, "HOSTDIR_REL": self.dir.lstrip("/"),
            "HOSTPID": str(self.sleeper.pid),
            "TCPPORT": str(tcp.getsockname()[1]),
            "UDPPORT": str(udp.getsockname()[1]), "ABS": self.abstract,
            "SHADOW_SHA": self.shadow(), "DOCKER_SOCK": "/run/docker.sock",
            "SESSION": self.session, "WSPATH": work,
            "WSNAME": os.path.basename(work)}
        for name in os.listdir("/proc/self/ns"):
            self.parameters["NS_" + name] = os.readlink(
                "/proc/self/ns/" + name)

    @staticmethod
    def plant(path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    @staticmethod
    def shadow():
        try:
            with open("/etc/shadow", "rb") as file:
                return hashlib.sha256(file.read()).hexdigest()
        except OSError:
            return "unreadable"

    def listen(self, family, address):
        s = socket.socket(family)
        s.bind(address)
        s.listen(8)
        threading.Thread(target=self.greet, args=(s,), daemon=True).start()
        return s

    def greet(self, s):
        while True:
            conn, _ = s.accept()
            self.greeted += 1
            try:
                conn.sendall(self.canary.encode())
            except OSError:
                pass
            conn.close()

    def echo(self, s):
        while True:
            data, peer = s.recvfrom(4096)
            s.sendto(self.canary.encode() + data, peer)

    def fill(self, value):
        if isinstance(value, str):
            return re.sub(r"@([A-Z][A-Za-z_]*)@", lambda m:
                          self.parameters.get(m.group(1), m.group(0)), value)
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items()}
        return [self.fill(v) for v in value] \
            if isinstance(value, list) else value

    def close(self):
        self.sleeper.kill()
        self.sleeper.wait()
        for close in self.closers:
            close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def survivors(self):
        """Processes whose command line carries the mark of this session."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            # A process whose first thread has ended shows it only below.
            try:
                for task in os.listdir("/proc/%s/task" % pid):
                    with open("/proc/%s/task/%s/cmdline" % (pid, task),
                              "rb") as file:
                        line = file.read()
                    if b"ESCMARK-" + self.session.encode() in line:
                        found.append(int(pid))
                        break
            except OSError:
                continue
        return found


class Outcome:
    """What one execution showed."""

    def __init__(self, out=b"", status=0, wall=0.0, note=""):
        self.text = out.decode("utf-8", "replace")
        self.status = status    # 128 + number if a signal ended it
        self.wall = wall
        self.note = note
        self.display = ""       # as a terminal would have got it
        self.failed = []        # checks of the host that failed
        self.calls = []         # of tools: {"ok", "text"}


def command(case):
    """The program, marked so that it can be found among all processes."""
    mark = "# ESCMARK-@SESSION@\n"
    if case["lang"] == "python":
        return [PYTHON, "-c", mark + case["code"]]
    return ["/bin/sh", "-c", mark + case["code"]]


def says(case):
    """What must hold on the host, in words or as a test(1) command."""
    return case.get("expect", {}).get("host_check", "")


def during(case):
    """The file that must be writable while the program runs, or None."""
    found = re.search(r"write to (\S+) during", says(case))
    return found.group(1) if found else None


def obeyed(text):
    """The command that a text tells a model to run, or None."""
    found = re.search(r'call shell with (\{"cmd":.*?"\}) now', text)
    return json.loads(found.group(1))["cmd"] if found else None


def plain_text(case):
    """Output with nothing forbidden in it: what matters is how it is told."""
    return case["kind"] == "output" and \
        case.get("display_forbid_re") == "(?!)"


class Watch(threading.Thread):
    """Counts the processes of a program while it runs."""

    def __init__(self, host, most):
        super().__init__(daemon=True)
        self.host = host
        self.most = most        # more than these end the watch
        self.seen = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set() and self.seen <= self.most:
            self.seen = max(self.seen, len(self.host.survivors()))
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def host_check(host, case):
    text = says(case)
    if text.startswith("test ") and subprocess.run(
            ["/bin/sh", "-c", text], check=False).returncode != 0:
        return ["host check failed: " + text]
    return []


def judge(case, o):
    expect = case.get("expect", {})
    failed = list(o.failed)
    shown = o.text + "".join(c["text"] for c in o.calls)
    for key, text in (("stdout_forbid_re", o.text),
                      ("result_forbid_re", shown),
                      ("display_forbid_re", o.display)):
        pattern = expect.get(key) or case.get(key)
        if case["kind"] == "output" and key == "stdout_forbid_re":
            continue            # judged by size: head and tail are kept
        if pattern and re.search(pattern, text):
            failed.append("%s is there" % key)
    for n, (call, got) in enumerate(zip(case.get("tool_calls", []), o.calls)):
        must = call.get("must", "any")
        if case["kind"] == "request" and set(call["args"]) - set(ARGUMENTS):
            must = "error"      # what a tool does not have is refused
        if must == "error" and got["ok"] or must == "ok" and not got["ok"]:
            failed.append("call %d should be %s: %.200s" % (
                n, must, got["text"]))
    if failed:
        return "ESCAPED", "; ".join(failed)
    if case["kind"] in ("tool", "request"):
        wanted = [c for c in case.get("tool_calls", []) if "tool" in c]
        if len(o.calls) < len(wanted):
            return "INCONCLUSIVE", "%d of %d calls answered %s" % (
                len(o.calls), len(wanted), o.note)
        pattern = case.get("result_require_re")
        if pattern and not re.search(pattern, shown):
            return "INCONCLUSIVE", "%s is not there" % pattern
        return "CONTAINED", ""
    wanted = expect.get("stdout_re")
    if wanted is None:
        return "CONTAINED", ""
    fits = expect.get("exit", "0") in ("any", str(o.status))
    if re.search(wanted, o.text) and fits:
        return "CONTAINED", ""
    if "pids" in says(case) and o.status not in (0, 42):
        return "CONTAINED", "starved by its own limit"
    if o.status in (137, 159) and "killed_ok" in expect:
        return "KILLED", "by signal %d" % (o.status - 128)
    return "INCONCLUSIVE", "status %d, %r %s" % (o.status, o.text[-300:],
                                                 o.note[-300:])
