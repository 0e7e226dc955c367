"""control.py: a hostile case where nothing holds it back.

What does not escape here proves nothing when it is contained elsewhere.  All
of it happens in namespaces that stand for the host, in set-ups that are weak
in one way each: the bare host, descriptors left open, a kernel that says yes,
a network with neighbours, and file tools as they are often written.
Runs in: the tests' Python, as the first process of a pid namespace.
Input: as stage.py.
"""
import ctypes
import fcntl
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

from stage import (ARGUMENTS, PYTHON, TOOLS, Host, Outcome, command,
                   during, expand, host_check, judge, obeyed, plain_text,
                   says)

LARGE = 256 << 20               # bytes that no tool should read at once
CROWD = 1024                    # processes that are more than any limit
WEAK_TOOLS = ("open", "normalise", "truncate", "replace")
NETWORKS = ("169.254.169.254", "100.100.100.200", "169.254.170.2")
libc = ctypes.CDLL(None, use_errno=True)


def kernel_that_says_yes():
    """Answer what would harm the host with success, and do nothing."""
    load, jump, end = 0x20, 0x15, 0x06
    code = [(load, 0, 0, 0)]
    for number in (166, 169, 246, 320):         # umount2, reboot, kexec
        code += [(jump, 0, 1, number), (end, 0, 0, 0x00050000)]
    code += [(jump, 0, 4, 157), (load, 0, 0, 16),       # prctl
             (jump, 1, 0, 22), (jump, 0, 1, 38), (end, 0, 0, 0x00050000),
             (end, 0, 0, 0x7fff0000)]
    text = b"".join(struct.pack("HBBI", *c) for c in code)
    buffer = ctypes.create_string_buffer(text, len(text))
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def network_with_neighbours():
    """A network of its own, in which everybody that is known answers."""
    if libc.unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for n, address in enumerate(("127.0.0.1",) + NETWORKS):
        name = b"lo" if n == 0 else b"lo:%d" % n
        fcntl.ioctl(s, 0x8916, struct.pack(     # SIOCSIFADDR
            "16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address)))
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", name, 0x41))
    listener = socket.socket()
    listener.bind(("0.0.0.0", 80))
    listener.listen(8)
    os.set_inheritable(listener.detach(), True)


def many_processes():
    """An ordinary user's, and yet not without end."""
    resource.setrlimit(resource.RLIMIT_NPROC, (CROWD + 500, CROWD + 500))
    if os.geteuid() == 0:
        try:
            os.setgid(1900088888)
            os.setuid(1900088888)
        except OSError:
            pass                # nobody else is mapped here


class Control:
    """The same without the product."""

    def __init__(self, host, work):
        self.host = host
        self.work = work

    def fresh(self):
        subprocess.run(["rm", "-rf", self.work, self.work + ".old"],
                       check=False)
        os.makedirs(self.work)
        if self.host.sleeper.poll() is not None:
            self.host.sleeper = subprocess.Popen(
                ["sleep", "86400"], env={"SECRET_TOKEN": self.host.canary})
            self.host.parameters["HOSTPID"] = str(self.host.sleeper.pid)

    def set_ups(self, case):
        """What to try, one after the other; empty with a reason to skip."""
        kind = case["kind"]
        if kind in ("tool", "request"):
            if any(c.get("tool") not in TOOLS
                   for c in case.get("tool_calls", [])):
                return []
            return [lambda c, how=how: self.tools(c, how)
                    for how in WEAK_TOOLS]
        if kind == "output":
            return [self.naive_telling if plain_text(case) else self.bare]
        if kind != "inside":
            return [self.bare]
        if during(case):
            return [self.locking]
        if "pids" in says(case):
            return [self.crowd]
        if case.get("tool_calls"):
            return [lambda c: self.tools(c, "open")]
        return [self.bare, self.leaky,
                lambda c: self.bare(c, before=kernel_that_says_yes),
                lambda c: self.bare(c, before=network_with_neighbours)]

    def run(self, case):
        """Weaker and weaker, until it escapes: (verdict, why)."""
        first = ("", "there is no harmless one")
        filled = self.host.fill({k: v for k, v in case.items()
                                 if k != "code"})
        filled["code"] = case["code"]
        for n, how in enumerate(self.set_ups(case)):
            self.fresh()
            verdict = judge(filled, how(filled))
            for pid in self.host.survivors():
                os.kill(pid, signal.SIGKILL)
            if verdict[0] == "ESCAPED":
                return verdict
            first = verdict if n == 0 else first
        return first

    def start(self, case, **more):
        text = {"code": case["code"].replace("/workspace", self.work).replace(
            "/work.old", self.work + ".old")}
        options = {"cwd": self.work, "stdin": subprocess.PIPE,
                   "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        options.update(more)
        return subprocess.Popen(self.host.fill(command(dict(case, **text))),
                                **options)

    def bare(self, case, before=None):
        begin = time.monotonic()
        survived = False
        with self.start(case, preexec_fn=before,
                        close_fds=before is None) as p:
            out = self.collect(p, begin + case["timeout_s"] + 1)
            p.terminate()       # as is usually done: one process, politely
            if case["kind"] not in ("timeout", "survivor"):
                p.kill()
            elif p.poll() is None:
                time.sleep(0.5)
                survived = bool(self.host.survivors())
                p.kill()
        status = p.returncode if p.returncode >= 0 else 128 - p.returncode
        o = Outcome(out, status, time.monotonic() - begin)
        o.display = o.text
        self.check(case, o, survived)
        return o

    def check(self, case, o, survived):
        expect = case.get("expect", {})
        if case["kind"] == "output" and re.search(expect.get(
                "stdout_forbid_re", "(?!)"), o.text):
            o.failed.append("all of it was captured")
        if case["kind"] in ("timeout", "survivor"):
            time.sleep(0.5)
            if survived or self.host.survivors():
                o.failed.append("survivors")
            if o.wall > case["timeout_s"]:
                o.failed.append("nothing but our patience ended it")
        if case.get("cleanup_trap"):
            try:
                shutil.rmtree(self.work)
            except (RecursionError, OSError) as e:
                o.failed.append("clean-up fails: %s" % type(e).__name__)
        o.failed += host_check(self.host, case)

    def leaky(self, case):
        """With descriptors left open, and a file as standard output."""
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as file:
            p = self.start(case, stdin=theirs, stdout=file,
                           pass_fds=[theirs.fileno()])
            try:
                p.wait(case["timeout_s"] + 5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
            file.seek(0)
            out = file.read()
        ours.close()
        theirs.close()
        return Outcome(out, p.returncode)

    def crowd(self, case):
        """How many there get to be, where nobody counts them."""
        o = Outcome()
        seen = 0
        p = self.start(case, preexec_fn=many_processes)
        for _ in range(40):
            seen = max(seen, sum(map(str.isdigit, os.listdir("/proc"))))
            if seen > CROWD:
                break
            time.sleep(0.1)
        for _ in range(100):    # all of this pid namespace but ourselves
            try:
                os.kill(-1, signal.SIGKILL)
                while os.waitpid(-1, os.WNOHANG)[0] != 0:
                    pass
            except OSError:
                break
        p.poll()
        if seen > CROWD:
            o.failed.append("%d processes" % seen)
        return o

    def locking(self, case):
        """A worker that takes a lock on a file that a tool can open."""
        o = Outcome()
        with self.start(case, stdout=subprocess.DEVNULL) as p:
            time.sleep(0.7)
            with open(os.path.join(self.work, during(case)), "a",
                      encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    o.failed.append("the writer has to wait")
            p.kill()
        return o

    def naive_telling(self, case):
        """Results told in text: a line of JSON, a mark, an open ear."""
        o = self.bare(case)
        frame = '{"type":"tool_result","content":"%s"}' % o.text
        for line in frame.split("\n"):
            try:
                if json.loads(line).get("type") == "tool_result":
                    o.failed.append("a result that nobody gave")
            except ValueError:
                pass
        said = re.findall(r"__EXIT__(\d+)", o.text + "__EXIT__3")
        if said[0] != "3":
            o.failed.append("the exit status was believed")
        told = obeyed(o.text)
        if told:
            before = self.host.greeted
            if not shutil.which("curl"):
                told = told.replace("curl", PYTHON + " -c 'import sys,urllib."
                                    "request as r; r.urlopen(sys.argv[1])'")
            subprocess.run(["/bin/sh", "-c", told], check=False,
                           stdout=subprocess.DEVNULL, timeout=10,
                           stderr=subprocess.DEVNULL)
            if self.host.greeted != before:
                o.failed.append("the text was obeyed")
        return o

    @staticmethod
    def collect(p, deadline):
        """Naively: until the pipe closes; only the end of a flood is kept."""
        out = b""
        while time.monotonic() < deadline:
            if not select.select([p.stdout], [], [], 0.2)[0]:
                if p.poll() is not None:
                    break
                continue
            part = os.read(p.stdout.fileno(), 1 << 20)
            if not part:
                break
            out = (out + part)[-65536:]
        return out

    # --- tools as they are often written

    def tools(self, case, how):
        if case.get("concurrent"):
            return self.race(case, how)
        if case["kind"] == "request":
            o = Outcome()
        else:
            o = self.bare(case)
        for call in case["tool_calls"]:
            o.calls.append(self.naive(call, how, o))
        o.failed += host_check(self.host, case)
        return o

    def race(self, case, how):
        o = Outcome()
        end = time.monotonic() + case["timeout_s"]
        with self.start(case) as p:
            while time.monotonic() < end and not o.failed:
                o.calls = [self.naive(c, how, o) for c in case["tool_calls"]]
                if re.search(case.get("result_forbid_re") or "(?!)",
                             "".join(c["text"] for c in o.calls)):
                    break
                o.failed += host_check(self.host, case)
            p.kill()
        return o

    def naive(self, call, how, o):
        arguments = expand(call["args"])
        try:
            if call["tool"] == "shell":
                return self.naive_shell(arguments)
            path = arguments["path"].split("\0")[0]
            if how == "truncate":       # a buffer of fixed size
                path = "/".join(p[:255] for p in path[:4095].split("/"))
            path = os.path.join(self.work, path)
            if how == "normalise":
                path = os.path.normpath(path)
            if call["tool"] == "list_dir":
                return {"ok": True, "text": " ".join(os.listdir(path))}
            if call["tool"] == "write_file":
                return self.naive_write(path, arguments["content"], how)
            return self.naive_read(path, o)
        except (OSError, ValueError) as e:
            return {"ok": False, "text": "error: %s" % e}

    @staticmethod
    def naive_write(path, content, how):
        if how == "replace":
            with open(path + "~", "w", encoding="utf-8") as file:
                file.write(content)
            os.rename(path + "~", path)
            return {"ok": True, "text": "replaced"}
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK),
                  "w", encoding="utf-8") as file:
            file.write(content)
        return {"ok": True, "text": "written"}

    @staticmethod
    def naive_read(path, o):
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            size = found.st_size
            if size > LARGE:
                o.failed.append("all %d bytes would be read" % size)
            text = (file.read(1 << 20) or b"").decode("latin-1")
        if not stat.S_ISREG(found.st_mode):
            return {"ok": True, "text": text}
        # In a namespace of its own a process has only its own rights.
        seen = subprocess.run(["unshare", "-U", "head", "-c1", "--", path],
                              stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.DEVNULL, timeout=10,
                              stderr=subprocess.DEVNULL)
        if seen.returncode != 0 and os.access(path, os.R_OK):
            o.failed.append("read with rights that the program has not")
        return {"ok": True, "text": text}

    def naive_shell(self, arguments):
        """Whatever the model says is taken, and what is unknown passed by."""
        where = os.path.realpath(os.path.join(
            self.work, arguments.get(ARGUMENTS["cwd"],
                                     arguments.get("cwd", ""))))
        if not where.startswith((self.host.dir, os.path.dirname(self.work))):
            return {"ok": False, "text": "left out: it would hit the host"}
        p = subprocess.run(["/bin/sh", "-c", arguments["cmd"]], cwd=where,
                           env=arguments.get("env"), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           check=False, timeout=10)
        return {"ok": True, "text": p.stdout.decode("utf-8", "replace")}


def private_copy(path):
    """Let what the control writes there vanish with its namespace."""
    upper = tempfile.mkdtemp(prefix="hostile-upper.")
    subprocess.run(["mount", "-t", "tmpfs", "none", upper], check=True)
    for name in ("u", "w"):
        os.mkdir(os.path.join(upper, name))
    subprocess.run(["mount", "-t", "overlay", "-o", "lowerdir=%s,upperdir=%s/u"
                    ",workdir=%s/w" % (path, upper, upper), "overlay", path],
                   check=False, stderr=subprocess.DEVNULL)


def set_the_stage():
    """What may be harmed is a copy; what a mask would hide is masked."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/tmp"], check=True)
    tempfile.tempdir = "/tmp"
    for path in ("/etc", "/root", "/var/spool", "/usr/local"):
        private_copy(path)
    for words in (["--bind", "/dev/null", "/proc/kcore"],
                  ["-t", "tmpfs", "none", "/proc/bus"],
                  ["-t", "devpts", "-o", "newinstance,ptmxmode=0666", "none",
                   "/dev/pts"]):
        subprocess.run(["mount"] + words, check=False,
                       stderr=subprocess.DEVNULL)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def controls(cases):
    """Inside namespaces that stand for the host: one JSON line a case."""
    set_the_stage()
    work = os.path.join(tempfile.mkdtemp(prefix="hostile-scratch."),
                        "workspace")
    host = Host(work)
    Host.plant(work + "-evil/secret", host.canary)
    control = Control(host, work)
    verdicts = {}
    for case in cases:
        print("control", case["id"], flush=True)
        verdicts[case["id"]] = control.run(case)
    control.fresh()
    host.close()
    print("\nCONTROLS " + json.dumps(verdicts))


def controls_outside(paths, only):
    runner = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "run_cases.py")
    args = ["unshare"] + ([] if os.geteuid() == 0 else ["-Ur"]) + [
        "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--uts",
        "--ipc", PYTHON, runner, "--as-control", "--only",
        ",".join(only)] + paths
    try:
        p = subprocess.run(args, stdout=subprocess.PIPE, check=False,
                           stdin=subprocess.DEVNULL, timeout=200)
    except subprocess.TimeoutExpired:
        sys.exit("Bail out! The controls took too long.")
    # Some cases write to whatever descriptor they find.
    lines = re.findall(r"(?m)^CONTROLS (.*)$",
                       p.stdout.decode("utf-8", "replace"))
    if not lines:
        sys.exit("Bail out! The controls could not be run.")
    return json.loads(lines[-1])
