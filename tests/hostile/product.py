"""product.py: a hostile case inside a native sandbox of the product.

Runs in: the tests' Python.  Input: as stage.py.
"""
import http.server
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from stage import (ARGUMENTS, GROWTH, KEPT, TOOLS, Outcome, Watch, command,
                   during, expand, host_check, judge, obeyed, plain_text,
                   says)

PROCESSES = 256 + 8             # the limit, and what sees to it

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
        listed = subprocess.run([self.client, "tools", "list", "--json"],
                                stdout=subprocess.PIPE, check=True)
        self.tools = set(re.findall(rb'"name": ?"(\w+)"', listed.stdout))
        self.tools = {name.decode() for name in self.tools}
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

    def unknown(self, case):
        """A tool of the case that this version does not have, or None."""
        for call in case.get("tool_calls", []):
            name = TOOLS.get(call.get("tool"), call.get("tool"))
            if name and name not in self.tools:
                return name
        return None

    def run(self, case):
        if case["kind"] in ("tool", "request"):
            return self.model_run(case)
        if case["kind"] == "output":
            return self.output_run(case)
        with Watch(self.host, 1 << 20) as watch:
            o = self.client_run(self.execute(case), case["timeout_s"] + 20)
        if watch.seen > PROCESSES:
            o.failed.append("%d processes at once" % watch.seen)
        at_once = re.match(r"returns in < (\d+) s", says(case))
        if at_once and o.wall > float(at_once.group(1)) + 1:
            o.failed.append("returned after %.1f s" % o.wall)
        o.failed += self.afterwards(case)
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

    def afterwards(self, case):
        """What the file tools make of that which the program left."""
        calls = []
        if case.get("cleanup_trap"):
            calls = [{"tool": "list_files", "args": {"recursive": True},
                      "must": "any"}]
        elif case.get("tool_calls"):
            calls = case["tool_calls"]
        elif during(case):
            calls = [{"tool": "shell", "args": {"cmd": "sleep 0.7"}},
                     {"tool": "write_file", "must": "ok", "args": {
                         "path": during(case), "content": "x"}},
                     {"tool": "shell", "must": "ok", "args": {
                         "cmd": "test ! -e .racer.done"}}]
        if not calls:
            return []
        o = self.model_run(dict(case, kind="tool", tool_calls=calls,
                                concurrent=bool(during(case)), repeat=1))
        verdict, why = judge(dict(case, kind="tool", tool_calls=calls,
                                  result_require_re=None), o)
        return [] if verdict == "CONTAINED" else [verdict + " " + why]

    def output_run(self, case):
        """What a model would get of it, and what a terminal would."""
        calls = [{"tool": "execute_python", "args": {"code": case["code"]}}]
        if plain_text(case):    # with an exit status that it does not tell
            calls[0]["args"]["code"] += "\nos._exit(3)\n"
        command_told = obeyed(self.host.fill(case["code"]))
        if command_told:
            calls.append({"tool": "shell", "args": {"cmd": command_told}})
        greeted = self.host.greeted
        o = self.model_run(dict(case, tool_calls=calls), setup=False)
        if plain_text(case):
            self.check_telling(calls, o)
        if self.host.greeted != greeted:
            o.failed.append("the host was reached")
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

    @staticmethod
    def check_telling(calls, o):
        """One result a call, and the status that wait(2) gave."""
        if len(o.calls) != len(calls):
            o.failed.append("%d results" % len(o.calls))
        elif json.loads(o.calls[0]["text"]).get("exit_code") != 3:
            o.failed.append("exit status forged: " + o.calls[0]["text"])

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
        code = self.host.fill(case["code"]).replace("/workspace", "/work")
        if setup and case.get("concurrent"):
            yield "save_file", {"path": ".racer", "content": code}
            yield "execute_shell", {
                "command": "setsid sh -c '%s .racer; touch .racer.done' "
                ">/dev/null 2>&1 &" % ("python3" if case["lang"] == "python"
                                       else "sh")}
        elif setup and case["lang"] == "python":
            yield "execute_python", {"code": code}
        elif setup:
            yield "execute_shell", {"command": code}
        calls = [c for c in case["tool_calls"] if "tool" in c]
        for call in calls * (20 if case.get("repeat", 1) > 1 else 1):
            arguments = expand(self.host.fill(call["args"]))
            if call["tool"] == "shell":
                arguments = {ARGUMENTS.get(k, k): v
                             for k, v in arguments.items()}
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
