#!/usr/bin/env python3
"""A scripted model server for tests: OpenAI chat completions on 127.0.0.1.

usage: model_server.py [--tls DIR] [--requests FILE] SCRIPT.json
       model_server.py [--tls DIR] [--requests FILE] --cases FILE --case ID
           [--plan]

Prints three lines (port, second port, path of the CA certificate or nothing),
then serves until it is killed or its parent is gone.  With --tls a self-signed certificate for
127.0.0.1 and localhost is made in DIR.  Every request is appended to FILE as
one JSON line {method, path, headers, body}.

With --case the case answers every request, with --plan all but the first.
SCRIPT.json is a list; the Nth request gets the Nth entry, later ones the last
that says "repeat": true, else status 500.  An entry is one of
  {"reply": {"text", "tool_calls": [{"id","name","arguments"}], "finish",
             "usage": [in, out], "piece": N}}    rendered as the request asks
  {"raw": {"status", "headers", "framing", "steps": [...]}}
both with optional "delay_ms".  framing: chunked, length, none+head (head, then
the steps as they are), none (the steps are everything).  Steps:
  {"text": s} {"hex": s} {"repeat": [s, n]} {"drip": [s, ms]} {"sleep_ms": n}
  {"close": "fin"|"rst"} {"gzip_zeros": n} {"keys": n} {"echo_header": name}
"""
import argparse
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib


class Closed(Exception):
    """The script said that the connection ends here."""


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        part = conn.recv(65536)
        if not part:
            return None
        data += part
        if len(data) > 1 << 20:
            return None
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    method, path = lines[0].split(" ")[:2]
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        part = conn.recv(65536)
        if not part:
            break
        body += part
    return {"method": method, "path": path, "headers": headers,
            "body": body.decode("utf-8", "replace")}


class Writer:
    """Sends the steps of one reply, framed as the script wants it."""

    def __init__(self, conn, request, ports):
        self.conn = conn
        self.request = request
        self.ports = ports
        self.chunked = False

    def put(self, data):
        if not data:
            return
        if self.chunked:
            data = b"%x\r\n" % len(data) + data + b"\r\n"
        self.conn.sendall(data)

    def many(self, data, count):
        block = data * max(1, min(count, 65536 // max(1, len(data))))
        per = len(block) // max(1, len(data))
        while count >= per:
            self.put(block)
            count -= per
        self.put(data * count)

    def text(self, value):
        value = value.replace("@PORT2@", str(self.ports[1]))
        return value.encode("utf-8", "surrogatepass")

    def close(self, how):
        if how == "rst":
            self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        raise Closed

    def gzip_zeros(self, count):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        zeros = bytes(1 << 20)
        while count > 0:
            self.put(packer.compress(zeros[:count]))
            count -= len(zeros)
        self.put(packer.flush())

    def keys(self, count):
        for start in range(0, count, 4096):
            self.put("".join('"k%d":0,' % i for i in range(
                start, min(count, start + 4096))).encode())

    def step(self, step):
        (kind, value), = step.items()
        if kind == "text":
            self.put(self.text(value))
        elif kind == "hex":
            self.put(bytes.fromhex(value))
        elif kind == "repeat":
            self.many(self.text(value[0]), value[1])
        elif kind == "drip":
            for byte in self.text(value[0]):
                self.put(bytes([byte]))
                time.sleep(value[1] / 1000)
        elif kind == "sleep_ms":
            time.sleep(value / 1000)
        elif kind == "close":
            self.close(value)
        elif kind == "gzip_zeros":
            self.gzip_zeros(value)
        elif kind == "keys":
            self.keys(value)
        elif kind == "echo_header":
            value = self.request["headers"].get(value, "")
            self.put(json.dumps({"error": {"message": value}}).encode())
        else:
            raise ValueError("unknown step " + kind)

    def raw(self, raw):
        framing = raw.get("framing", "chunked")
        if framing != "none":
            head = "HTTP/1.1 %d %s\r\n" % (raw.get("status", 200), "Reply")
            headers = dict(raw.get("headers", {}))
            if framing == "chunked":
                headers["transfer-encoding"] = "chunked"
            for name, value in headers.items():
                head += "%s: %s\r\n" % (name, value)
            self.conn.sendall(self.text(head + "\r\n"))
        self.chunked = framing == "chunked"
        for step in raw.get("steps", []):
            self.step(step)
        if self.chunked:
            self.conn.sendall(b"0\r\n\r\n")


def expand(value):
    """Arguments may hold {"$repeat": [text, n]} in the place of a text."""
    if isinstance(value, dict):
        if set(value) == {"$repeat"}:
            return value["$repeat"][0] * value["$repeat"][1]
        return {k: expand(v) for k, v in value.items()}
    if isinstance(value, list):
        return [expand(v) for v in value]
    return value


def calls_of(reply):
    calls = list(reply.get("tool_calls", []))
    if "repeat_tool_call" in reply:
        call, count = reply["repeat_tool_call"]
        calls = [dict(call, id=call["id"] % i) for i in range(count)]
    result = []
    for call in calls:
        arguments = call.get("arguments", {})
        if not isinstance(arguments, str):
            arguments = json.dumps(expand(arguments))
        result.append({"id": call["id"], "type": "function",
                       "function": {"name": call["name"],
                                    "arguments": arguments}})
    return result


def usage_of(reply):
    used = reply.get("usage", [10, 5])
    return {"prompt_tokens": used[0], "completion_tokens": used[1],
            "total_tokens": used[0] + used[1]}


def plain(reply):
    calls = calls_of(reply)
    message = {"role": "assistant", "content": reply.get("text")}
    if calls:
        message["tool_calls"] = calls
    finish = reply.get("finish", "tool_calls" if calls else "stop")
    return {"status": 200, "headers": {"content-type": "application/json"},
            "framing": "chunked", "steps": [{"text": json.dumps({
                "id": "x", "object": "chat.completion", "created": 1,
                "model": "m", "choices": [{"index": 0, "message": message,
                                           "finish_reason": finish}],
                "usage": usage_of(reply)})}]}


def event(choices, usage=None):
    return {"text": "data: " + json.dumps(
        {"id": "x", "object": "chat.completion.chunk", "created": 1,
         "model": "m", "choices": choices, "usage": usage}) + "\n\n"}


def delta(value, finish=None):
    return event([{"index": 0, "delta": value, "finish_reason": finish}])


def streamed(reply):
    size = reply.get("piece", 7)
    calls = calls_of(reply)
    steps = [delta({"role": "assistant", "content": None})]
    text = reply.get("text") or ""
    steps += [delta({"content": text[i:i + size]})
              for i in range(0, len(text), size)]
    for i, call in enumerate(calls):
        function = call["function"]
        steps.append(delta({"tool_calls": [{
            "index": i, "id": call["id"], "type": "function",
            "function": {"name": function["name"], "arguments": ""}}]}))
        rest = function["arguments"]
        block = max(size, len(rest) // 64 + 1)
        steps += [delta({"tool_calls": [{"index": i, "function": {
            "arguments": rest[k:k + block]}}]})
            for k in range(0, len(rest), block)]
    finish = reply.get("finish", "tool_calls" if calls else "stop")
    steps.append(delta({}, finish))
    steps.append(event([], usage_of(reply)))
    steps.append({"text": "data: [DONE]\n\n"})
    return {"status": 200, "headers": {"content-type": "text/event-stream"},
            "framing": "chunked", "steps": steps}


class Server:
    def __init__(self, args, script):
        self.args = args
        self.script = script
        self.count = 0
        self.lock = threading.Lock()
        self.sockets = [self.listen(), self.listen()]
        self.ports = [s.getsockname()[1] for s in self.sockets]
        self.context = None
        self.ca = None
        if args.tls:
            self.make_certificate(args.tls)

    @staticmethod
    def listen():
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", 0))
        s.listen(16)
        return s

    def make_certificate(self, where):
        key, self.ca = os.path.join(where, "key.pem"), os.path.join(
            where, "ca.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", key, "-out", self.ca, "-days", "2", "-subj",
             "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.ca, key)

    def next_entry(self):
        with self.lock:
            number, self.count = self.count, self.count + 1
        if number < len(self.script):
            return self.script[number]
        for entry in reversed(self.script):
            if entry.get("repeat"):
                return entry
        return {"raw": {"status": 500, "headers": {
            "content-type": "application/json"}, "steps": [
                {"text": '{"error":{"message":"the script is over"}}'}]}}

    def note(self, request, which):
        if self.args.requests:
            with self.lock, open(self.args.requests, "a",
                                 encoding="utf-8") as out:
                out.write(json.dumps(dict(request, port=which)) + "\n")

    def answer(self, conn, request):
        entry = self.next_entry()
        time.sleep(entry.get("delay_ms", 0) / 1000)
        raw = entry.get("raw")
        if raw is None:
            wants = json.loads(request["body"] or "{}").get("stream")
            raw = (streamed if wants else plain)(entry["reply"])
        Writer(conn, request, self.ports).raw(raw)

    def serve_one(self, conn, which):
        try:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            request = read_request(conn)
            if request:
                self.note(request, which)
                self.answer(conn, request)
                conn.shutdown(socket.SHUT_WR)
        except (Closed, OSError, ssl.SSLError):
            pass
        finally:
            conn.close()

    def accept(self, which):
        while True:
            conn, _ = self.sockets[which].accept()
            threading.Thread(target=self.serve_one, args=(conn, which),
                             daemon=True).start()


def load_script(args):
    if not args.cases:
        with open(args.script, encoding="utf-8") as file:
            return json.load(file)
    with open(args.cases, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    case, = [c for c in cases if c["id"] == args.case]
    if "reply_seq" in case:
        return [{"reply": r} for r in case["reply_seq"]]
    kind = "raw" if "raw" in case else "reply"
    plan = [{"reply": {"text": "1. a plan"}}] if args.plan else []
    return plan + [{kind: case[kind], "repeat": True}]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls")
    parser.add_argument("--requests")
    parser.add_argument("--cases")
    parser.add_argument("--case")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("script", nargs="?")
    args = parser.parse_args()
    server = Server(args, load_script(args))
    for which in (0, 1):
        threading.Thread(target=server.accept, args=(which,),
                         daemon=True).start()
    parent = os.getppid()
    print("%d\n%d\n%s" % (*server.ports, server.ca or ""), flush=True)
    while os.getppid() == parent:
        time.sleep(0.2)


main()
