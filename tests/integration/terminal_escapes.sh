#!/bin/bash
# What a model or a sandbox says never reaches a terminal raw: C0 and C1
# controls, bidirectional overrides, OSC 52, from every place that prints.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

/usr/bin/python3 - >"$work/script.json" <<'PYTHON'
import json
evil = "".join(map(chr, list(range(1, 9)) + list(range(11, 32)) + [127] +
    list(range(0x80, 0xa0)) + list(range(0x202a, 0x202f)) +
    list(range(0x2066, 0x206a)))) + "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m"
call = lambda n, a: {"reply": {"text": evil, "tool_calls": [
    {"id": "c", "name": n, "arguments": json.dumps(a)}]}}
print(json.dumps([
    {"reply": {"text": "plan " + evil}},
    call("execute_shell", {"command": "printf '%s'" % evil.replace("'", "")}),
    call("execute_shell", {"command": "printf '\\033]52;c;ZXZpbA==\\007\\302\\233\\342\\200\\256\\200\\377'; exit 1"}),
    call("save_file", {"path": evil.replace("/", "")[:60], "content": evil}),
    call("set_state", {"key": evil[:40], "value": evil}),
    call("no" + evil, {}),
    call("finish", {"answer": "answer " + evil}),
]))
PYTHON
model <"$work/script.json"

raw() { # FILE: names the raw controls in it
	/usr/bin/python3 - "$1" <<'PYTHON'
import sys
data = open(sys.argv[1], "rb").read()
found = {b for b in data if (b < 32 and b not in (9, 10)) or b == 127}
text = data.decode("utf-8", "replace")
found |= {hex(ord(c)) for c in text if 0x80 <= ord(c) < 0xa0 or
          0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069}
print(sorted(map(str, found)))
PYTHON
}

# In a terminal of its own (script), since that is where it matters.
tty() {
	TERM=xterm NO_COLOR=1 script -qec "$*" /dev/null </dev/null |
	    tr -d '\r' | sed 's/\x1b\[K//g; s/\x1b\[[0-9]*[AGC]//g'
}
tty sallyport run --show text evil >"$work/run.out"
is "$(raw "$work/run.out")" "[]" "run on a terminal prints no raw control"
like "$(cat "$work/run.out")" 'answer' "the answer is there, escaped"
like "$(cat "$work/run.out")" '\\x1b|\\u\{' "controls are visible"
run=$(sallyport runs list --json | head -n 1 | json run)
for verb in "runs list" "runs show $run" "logs $run" "files list $run" \
    "state $run"; do
	sallyport $verb >"$work/verb.out" 2>&1
	is "$(raw "$work/verb.out")" "[]" "sallyport ${verb% *} prints no raw control"
	sallyport $verb --json >"$work/verb.out" 2>&1
	is "$(raw "$work/verb.out")" "[]" "nor with --json"
done
printf '%b' '\033]52;c;x\007' >"$work/name"
sallyport runs show "$(cat "$work/name")" >"$work/verb.out" 2>&1
is "$(raw "$work/verb.out")" "[]" "nor do error messages"
