#!/usr/bin/env python3
"""Run files of hostile cases against the product, each with its control.

usage: run_cases.py [--build DIR] [--only ID[,ID...]] [--no-controls] FILE...

FILE is JSON: {"cases": [{id, class, kind, lang, title, severity, timeout_s,
code, expect, tool_calls...}]}; tests/hostile/cases/native.json shows all that
is understood.  Kinds: inside (the program judges itself on stdout), output,
timeout, survivor (judged from outside), tool and request (calls as a model
would make them, through a scripted model server).

Verdicts: ESCAPED if the forbidden pattern is seen or a check of the host
fails; CONTAINED if the wanted pattern is seen and the exit status fits; KILLED
if a signal ended it where that is allowed; else INCONCLUSIVE, a failure.  The
control is the same program without the product: in namespaces that stand for
the host.  What does not escape there proves nothing and is marked as skipped.
Prints TAP.  Standard library only.
"""
import argparse
import hashlib
import http.server
import json
import os
import pty
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

KEPT = 256 * 1024               # bytes of a stream that reach a model
GROWTH = 8 << 20                # bytes that a process of ours may grow by
TOOLS = {"read_file": "load_file", "write_file": "save_file",
         "list_dir": "list_files", "shell": "execute_shell"}
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


def host_check(host, case):
    text = case.get("expect", {}).get("host_check", "")
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
            return "INCONCLUSIVE", "result_require_re is not there"
        return "CONTAINED", ""
    wanted = expect.get("stdout_re")
    if wanted is None:
        return "CONTAINED", ""
    fits = expect.get("exit", "0") in ("any", str(o.status))
    if re.search(wanted, o.text) and fits:
        return "CONTAINED", ""
    if o.status in (137, 159) and "killed_ok" in expect:
        return "KILLED", "by signal %d" % (o.status - 128)
    return "INCONCLUSIVE", "status %d, %r %s" % (o.status, o.text[-300:],
                                                 o.note[-300:])


# --- the product ----------------------------------------------------------


class Model(http.server.BaseHTTPRequestHandler):
    """Answers with the next call of the script; else with words."""

    def do_POST(self):
        body = json.loads(self.rfile.read(
            int(self.headers["content-length"])))
        for told in body["messages"]:
            if told["role"] == "tool":
                self.server.told[told["tool_call_id"]] = told["content"]
        message = {"role": "assistant", "content": "go on"}
        finish = "stop"
        if body.get("tools") and body.get("tool_choice") != "none":
            name, arguments = next(self.server.script, (
                "finish", {"answer": "done"}))
            call = "call%d" % len(self.server.ids)
            self.server.ids.append(call)
            message = {"role": "assistant", "content": None, "tool_calls": [{
                "id": call, "type": "function",
                "function": {"name": name,
                             "arguments": json.dumps(arguments)}}]}
            finish = "tool_calls"
        key, kind = "message", "chat.completion"
        if body.get("stream"):
            key, kind = "delta", "chat.completion.chunk"
            for i, call in enumerate(message.get("tool_calls", [])):
                call["index"] = i
        reply = json.dumps({
            "id": "x", "object": kind, "created": 1, "model": "m",
            "choices": [{"index": 0, key: message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1,
                      "total_tokens": 2}})
        if body.get("stream"):
            reply = "data: %s\n\ndata: [DONE]\n\n" % reply
        self.send_response(200)
        self.send_header("content-type", "text/event-stream"
                         if body.get("stream") else "application/json")
        self.send_header("content-length", str(len(reply.encode())))
        self.end_headers()
        self.wfile.write(reply.encode())

    def log_message(self, *_):
        pass


class Product:
    """The case in a native sandbox of the product."""

    def __init__(self, build, host):
        self.host = host
        self.client = os.path.join(os.path.abspath(build), "bin/sallyport")
        self.state = tempfile.mkdtemp(prefix="hostile-state.")
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                    "HOME": host.home, "SECRET_TOKEN": host.canary,
                    "XDG_CONFIG_HOME": os.path.join(host.home, ".config"),
                    "SALLYPORT_STATE_DIR": self.state}

    def supervisors(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"sallyportd") and \
                    self.state.encode() in words:
                yield int(pid)

    def close(self):
        for _ in range(100):
            pids = list(self.supervisors())
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
            if not pids:
                break
            time.sleep(0.1)
        shutil.rmtree(self.state, ignore_errors=True)

    def client_run(self, args, seconds, env=None):
        begin = time.monotonic()
        with subprocess.Popen([self.client] + args, env=env or self.env,
                              stdin=subprocess.DEVNULL, cwd="/",
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as p:
            try:
                out, err = p.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                p.kill()
                out, err = p.communicate()
        return Outcome(out, p.returncode, time.monotonic() - begin,
                       err.decode("utf-8", "replace"))

    def execute(self, case):
        return ["sandbox", "exec", "--timeout", str(case["timeout_s"]), "--"
                ] + self.host.fill(command(case))

    def peaks(self):
        """VmHWM of each process of ours: they are all named for a role."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                exe = os.readlink("/proc/%s/exe" % pid)
                with open("/proc/%s/status" % pid, encoding="ascii") as file:
                    text = file.read()
            except (OSError, UnicodeDecodeError):
                continue
            if os.path.dirname(os.path.dirname(self.client)) in exe:
                m = re.search(r"VmHWM:\s+(\d+)", text)
                found[pid] = (exe, int(m.group(1)) << 10 if m else 0)
        return found

    def run(self, case):
        if case["kind"] in ("tool", "request"):
            return self.model_run(case)
        if case["kind"] == "output":
            return self.output_run(case)
        o = self.client_run(self.execute(case), case["timeout_s"] + 20)
        if case["kind"] in ("timeout", "survivor"):
            limit = case["timeout_s"] + 1.5
            if o.wall > limit:
                o.failed.append("took %.1f s of %.1f" % (o.wall, limit))
            if case["kind"] == "survivor":
                time.sleep(1)
            alive = self.host.survivors()
            if alive:
                o.failed.append("still alive: %s" % alive)
        o.failed += host_check(self.host, case)
        return o

    def output_run(self, case):
        """What a model would get of it, and what a terminal would."""
        o = self.model_run(dict(case, tool_calls=[
            {"tool": "execute_python", "args": {"code": case["code"]}}]),
                           setup=False)
        for call in o.calls:
            result = json.loads(call["text"])
            for name in ("stdout", "stderr"):
                kept = result.get(name) or ""
                if isinstance(kept, str) and len(kept) > KEPT + 4096:
                    o.failed.append("%d bytes were kept" % len(kept))
        if case.get("display_forbid_re"):
            o.display = self.terminal_run(case)
        if not o.calls:
            o.failed.append("no result: " + o.note)
        return o

    def terminal_run(self, case):
        master, slave = pty.openpty()
        data = b""
        with subprocess.Popen([self.client] + self.execute(case),
                              stdin=subprocess.DEVNULL, stdout=slave,
                              stderr=slave, env=dict(self.env, NO_COLOR="1",
                                                     TERM="xterm")) as p:
            os.close(slave)
            while select.select([master], [], [], 30)[0]:
                try:
                    part = os.read(master, 65536)
                except OSError:
                    break
                if not part:
                    break
                data += part
            p.kill()
        os.close(master)
        return data.decode("latin-1")

    def script(self, case, setup):
        code = self.host.fill(case["code"])
        if setup and case.get("concurrent"):
            yield "save_file", {"path": ".racer", "content": code}
            yield "execute_shell", {"command": "setsid %s %s >/dev/null "
                                    "2>&1 &" % ("python3" if case["lang"] ==
                                                "python" else "sh", ".racer")}
        elif setup and case["lang"] == "python":
            yield "execute_python", {"code": code}
        elif setup:
            yield "execute_shell", {"command": code}
        calls = [c for c in case["tool_calls"] if "tool" in c]
        for call in calls * (20 if case.get("concurrent") else 1):
            arguments = expand(self.host.fill(call["args"]))
            if call["tool"] == "shell":
                arguments = {{"cmd": "command", "cwd": "working_dir"}.get(
                    k, k): v for k, v in arguments.items()}
            yield TOOLS.get(call["tool"], call["tool"]), arguments

    def model_run(self, case, setup=True):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
        script = list(self.script(case, setup))
        server.script, server.ids, server.told = iter(script), [], {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = dict(self.env, OPENAI_API_KEY="sk-" + self.host.session, OPENAI_BASE_URL=
                   "http://127.0.0.1:%d/v1" % server.server_address[1])
        before = {}
        for exe, peak in self.peaks().values():
            before[exe] = max(peak, before.get(exe, 0))
        run = self.client_run(["run", "--json", "--max-iterations", "90",
                               "attack"], case["timeout_s"] + 60, env)
        server.shutdown()
        o = Outcome(note=run.note)
        for exe, peak in self.peaks().values():
            if peak - before.get(exe, peak) > GROWTH + KEPT:
                o.failed.append("%s grew to %d" % (exe, peak))
        # What counts is what the model was told; `finish` is not answered.
        for call in server.ids[:len(script)]:
            if call in server.told:
                text = server.told[call]
                o.calls.append({"ok": json.loads(text).get("outcome") == "ok",
                                "text": text})
        if setup:
            o.calls = o.calls[2 if case.get("concurrent") else 1:]
        o.failed += host_check(self.host, case)
        return o


# --- the control ----------------------------------------------------------


class Control:
    """The same without the product, where nothing holds it back."""

    def __init__(self, host, work):
        self.host = host
        self.work = work

    def possible(self, case):
        if case.get("control") == "none" or case.get("control_note"):
            return False
        if case["kind"] in ("timeout", "survivor", "tool"):
            return not case.get("concurrent") and case["class"] != "archive" \
                and case.get("control") != "none" and all(
                    c["tool"] in TOOLS for c in case.get("tool_calls", []))
        if case["kind"] == "output":
            return bool(case.get("display_forbid_re")) or \
                "stdout_forbid_re" in case.get("expect", {})
        return case["kind"] == "inside" and (
            case.get("bare_control") is not False or
            case.get("control") == "bare" or case["class"] == "filesystem")

    def run(self, case):
        begin = time.monotonic()
        survived = False
        with subprocess.Popen(self.host.fill(command(case)), cwd=self.work,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as p:
            out = self.collect(p, begin + case["timeout_s"] + 1)
            p.terminate()       # as is usually done: one process, politely
            if case["kind"] not in ("timeout", "survivor"):
                p.kill()
            elif p.poll() is None:
                time.sleep(0.5)
                alive = self.host.survivors()
                p.kill()
                if alive:
                    survived = True
        status = p.returncode if p.returncode >= 0 else 128 - p.returncode
        o = Outcome(out, status, time.monotonic() - begin)
        o.display = o.text
        if case["kind"] == "output" and re.search(case.get("expect", {}).get(
                "stdout_forbid_re", "(?!)"), o.text):
            o.failed.append("all of it was captured")
        if case["kind"] in ("timeout", "survivor"):
            time.sleep(0.5)
            if survived or self.host.survivors():
                o.failed.append("survivors")
        if case["kind"] == "tool":
            o.calls = [self.naive(c) for c in self.host.fill(
                case["tool_calls"])]
        o.failed += host_check(self.host, case)
        return o

    def run_leaky(self, case):
        """With descriptors left open, and a file as standard output."""
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as file:
            p = subprocess.run(self.host.fill(command(case)), cwd=self.work,
                               stdin=theirs, stdout=file, check=False,
                               pass_fds=[theirs.fileno()],
                               stderr=subprocess.DEVNULL,
                               timeout=case["timeout_s"] + 5)
            file.seek(0)
            out = file.read()
        ours.close()
        theirs.close()
        return Outcome(out, p.returncode)

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

    def naive(self, call):
        """File tools as they are usually written: join and open."""
        arguments = expand(call["args"])
        path = os.path.join(self.work, arguments["path"].split("\0")[0])
        try:
            if call["tool"] == "list_dir":
                return {"ok": True, "text": " ".join(os.listdir(path))}
            if call["tool"] == "write_file":
                with open(os.open(path.rstrip("/"), os.O_WRONLY | os.O_CREAT |
                                  os.O_NONBLOCK), "w",
                          encoding="utf-8") as file:
                    file.write(arguments["content"])
                return {"ok": True, "text": "written"}
            with open(os.open(path.rstrip("/."), os.O_RDONLY |
                              os.O_NONBLOCK), "rb") as file:
                return {"ok": True, "text": (file.read(1 << 20) or b"").decode(
                    "latin-1")}
        except (OSError, ValueError) as e:
            return {"ok": False, "text": "error: %s" % e}


def private_copy(path):
    """Let what the control writes there vanish with its namespace."""
    upper = tempfile.mkdtemp(prefix="hostile-upper.")
    subprocess.run(["mount", "-t", "tmpfs", "none", upper], check=True)
    for name in ("u", "w"):
        os.mkdir(os.path.join(upper, name))
    subprocess.run(["mount", "-t", "overlay", "-o", "lowerdir=%s,upperdir=%s/u"
                    ",workdir=%s/w" % (path, upper, upper), "overlay", path],
                   check=False, stderr=subprocess.DEVNULL)


def controls(cases):
    """Inside namespaces that stand for the host: one JSON line a case."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/tmp"], check=True)
    tempfile.tempdir = "/tmp"
    scratch = tempfile.mkdtemp(prefix="hostile-scratch.")
    for path in ("/etc", "/root", "/var/spool", "/usr/local"):
        private_copy(path)
    subprocess.run(["mount", "--bind", "/dev/null", "/proc/kcore"],
                   check=False, stderr=subprocess.DEVNULL)
    work = os.path.join(scratch, "workspace")
    host = Host(work)
    Host.plant(work + "-evil/secret", host.canary)
    control = Control(host, work)
    verdicts = {}
    for case in cases:
        if not control.possible(case):
            continue
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        if host.sleeper.poll() is not None:
            host.sleeper = subprocess.Popen(
                ["sleep", "86400"], env={"SECRET_TOKEN": host.canary})
            host.parameters["HOSTPID"] = str(host.sleeper.pid)
        o = control.run(dict(case, expect=host.fill(case.get("expect", {})),
                             result_forbid_re=host.fill(
                                 case.get("result_forbid_re"))))
        filled = host.fill({k: v for k, v in case.items() if k != "code"})
        verdicts[case["id"]] = judge(filled, o)
        if case["kind"] == "inside" and verdicts[case["id"]][0] != "ESCAPED":
            verdicts[case["id"]] = judge(filled, control.run_leaky(case))
        for pid in host.survivors():
            os.kill(pid, signal.SIGKILL)
    host.close()
    print("\nCONTROLS " + json.dumps(verdicts))


def controls_outside(paths, only):
    args = ["unshare"] + ([] if os.geteuid() == 0 else ["-Ur"]) + [
        "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--uts",
        "--ipc", PYTHON, os.path.abspath(__file__), "--as-control",
        "--only", ",".join(only)] + paths
    p = subprocess.run(args, stdout=subprocess.PIPE, check=False,
                       stdin=subprocess.DEVNULL)
    # Some cases write to whatever descriptor they find.
    lines = re.findall(r"(?m)^CONTROLS (.*)$",
                       p.stdout.decode("utf-8", "replace"))
    if not lines:
        sys.exit("Bail out! The controls could not be run.")
    return json.loads(lines[-1])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", default=os.path.join(os.path.dirname(
        os.path.abspath(__file__)), "../../build"))
    parser.add_argument("--only", default="")
    parser.add_argument("--no-controls", action="store_true")
    parser.add_argument("--as-control", action="store_true")
    parser.add_argument("files", nargs="+", metavar="FILE")
    args = parser.parse_args()
    cases = []
    for path in args.files:
        with open(path, encoding="utf-8") as file:
            cases += json.load(file)["cases"]
    only = [i for i in args.only.split(",") if i]
    cases = [c for c in cases if not only or c["id"] in only]
    if args.as_control:
        controls(cases)
        return 0
    escaped = {} if args.no_controls else controls_outside(
        args.files, only)
    host = Host("/work")
    product = Product(args.build, host)
    bad = counted = 0
    for n, case in enumerate(cases, 1):
        title = "%s %s" % (case["id"], case["title"])
        calls = case.get("tool_calls", [])
        if calls and not any("tool" in c for c in calls):
            print("ok %d - %s # SKIP not a call: the configuration has its "
                  "own tests" % (n, title), flush=True)
            continue
        filled = host.fill({k: v for k, v in case.items() if k != "code"})
        o = product.run(dict(filled, code=case["code"]))
        verdict, why = judge(filled, o)
        control = escaped.get(case["id"], ["", "none that is harmless"])
        if verdict not in ("CONTAINED", "KILLED"):
            bad += 1
            print("not ok %d - %s" % (n, title))
            print("# %s: %s" % (verdict, why.replace("\n", "\n# ")))
        elif control[0] != "ESCAPED":
            print("ok %d - %s # SKIP %s, but its control did not escape (%s)"
                  % (n, title, verdict, (control[0] + " " + control[1])
                     .strip().replace("\n", " ")[:100]))
        else:
            counted += 1
            print("ok %d - %s" % (n, title))
        sys.stdout.flush()
    print("1..%d" % len(cases))
    print("# %d with a control that escapes, %d failed" % (counted, bad))
    product.close()
    host.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
