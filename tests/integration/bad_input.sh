#!/bin/bash
# Input that nobody should give: tool calls, goals, files, directories, and
# Ctrl-C at any moment.  A clear error each, and nothing is left behind.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

# --- arguments of tool calls, as a model may send them
# call TOOL ARGUMENTS: a run whose model makes that call and then answers
call() {
	/usr/bin/python3 - "$@" >"$work/turns" <<'PYTHON'
import json, sys
name, arguments = sys.argv[1:]
if "$repeat" in arguments:
    arguments = json.loads(arguments)
def turn(name, arguments):
    return {"reply": {"tool_calls": [
        {"id": "c", "name": name, "arguments": arguments}]}}
print(json.dumps([{"reply": {"text": "plan"}}, turn(name, arguments),
                  {"reply": {"text": "what went wrong"}},
                  dict(turn("finish", '{"answer": "told"}'), repeat=True)]))
PYTHON
	rm -f "$work/requests"
	model <"$work/turns"
	sallyport run --json goal >"$work/out" 2>"$work/err"
	status=$?
	model_stop
	unset OPENAI_API_KEY OPENAI_BASE_URL
}

refused() { # ARGUMENTS REGEX DESCRIPTION
	call execute_shell "$1"
	is $status 0 "$3: the run goes on"
	like "$(cat "$work/requests")" "SchemaValidationError.*$2" \
	    "$3: the model hears why"
	unlike "$(sallyport logs "$(sallyport runs list --json | head -n 1 |
	    json run)" --json)" '"outcome": *"ok".*"tool": *"execute_shell"' \
	    "$3: nothing was executed"
}
refused '{"command": "true"' 'not a JSON object' "half an object"
refused '["true"]' 'not a JSON object' "a list"
refused '"true"' 'not a JSON object' "a text"
refused "$(printf '{"command": %05000d}' 0 | tr 0 '[')" 'not a JSON' \
    "5000 brackets"
refused "{\"command\": $(printf '[%.0s' $(seq 5000))$(printf ']%.0s' $(seq 5000))}" \
    'levels deep' "5000 levels"
refused '{"command": "true", "command": "id"}' 'duplicate' "a key twice"
refused '{"command": 5}' 'expected a string' "a wrong type"
refused '{"command": "true", "user": "root"}' 'no such parameter' \
    "a field that is unknown"
refused '{}' 'required' "a field that is missing"
refused '{"command": "a\u0000b"}' 'u0000' "a NUL"
refused '{"command": "\ud800"}' 'Unicode' "half a surrogate pair"
refused '{"command": "true", "timeout": 1e400}' 'timeout|number' \
    "a number that is none"
refused '{"command": "true", "timeout": -1}' 'timeout' "a negative time"

call execute_shell '{"command": {"$repeat": ["x", 20000000]}}'
is $status 69 "an argument of 20 MB ends the run"
is "$(json error.error <"$work/out")" ProviderError "with a name"
like "$(json error.message <"$work/out")" '8 MiB' "and the limit"
most=0
for pid in $(family); do
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
	[ "${peak:-0}" -lt $most ] || most=$peak
done
[ $most -gt 0 ] && [ $most -lt 32768 ]
ok $? "which no process that stays has held ($most KiB at most)"

# --- Ctrl-C at twenty moments of a run that works
cat >"$work/interrupt.py" <<'PYTHON'
import os, random, signal, subprocess, sys
random.seed(20)
script, most = sys.argv[1:3]
for n in range(20):
    pause = random.random() * float(most)
    p = subprocess.Popen(
        ["sallyport", "run", "--json", "moment %d" % n],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        out, _ = p.communicate(timeout=pause)
        print("%d finished %.3f" % (p.returncode, pause))
        continue
    except subprocess.TimeoutExpired:
        p.send_signal(signal.SIGINT)
    try:
        p.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
    print("%d interrupted %.3f" % (p.returncode, pause))
PYTHON
cat >"$work/turns" <<'JSON'
[{"reply": {"tool_calls": [{"id": "a", "name": "execute_shell", "arguments": "{\"command\": \"sleep 0.3; touch f; sleep 317 & sleep 0.3\"}"}]}, "delay_ms": 150, "repeat": true}]
JSON
sallyport runs list >/dev/null
model <"$work/turns"
/usr/bin/python3 "$work/interrupt.py" "$work" 1.5 >"$work/moments"
model_stop
unset OPENAI_API_KEY OPENAI_BASE_URL
is "$(grep -c interrupted "$work/moments")" 20 "twenty runs are interrupted"
is "$(grep -Ev '^(130|-2) ' "$work/moments")" "" \
    "each ends with 130, or by the signal before it can be caught"
[ "$(grep -c '^130 ' "$work/moments")" -ge 15 ]
ok $? "almost all with 130"
for tries in $(seq 50); do
	left=$(for pid in $(family); do alive "$pid"; done |
	    grep -vx 'sallyportd\|judge\|dialer\|tracker-record')
	[ -n "$left" ] || break
	sleep 0.1
done
is "$left" "" "no process of theirs is left"
is "$(for pid in $(supervisors); do find /sys/fs/cgroup -mindepth 2 -type d \
    -path "*sallyport-$pid/[0-9]*" 2>/dev/null; done)" "" "and no cgroup"
is "$(pgrep -f '^sleep 317$')" "" "nor what they had started"
bad=$(sallyport runs list --json --limit 100 | /usr/bin/python3 -c '
import json, subprocess, sys
for row in map(json.loads, sys.stdin):
    if not row["goal"].startswith("moment "):
        continue
    logs = subprocess.run(["sallyport", "logs", row["run"], "--json"],
                          capture_output=True, text=True)
    rows = [json.loads(line) for line in logs.stdout.splitlines()]
    if row["stop_reason"] != "cancelled" or logs.returncode != 0 or \
            rows[-1]["type"] != "run.completed" or \
            [r["seq"] for r in rows] != list(range(1, len(rows) + 1)):
        print(row["run"], row["stop_reason"], len(rows))')
is "$bad" "" "each that began is recorded to its end, as cancelled"

# --- goals
before=$(sallyport runs list --json --limit 1000 | wc -l)
data() { # STATUS REGEX DESCRIPTION COMMAND...
	local wanted=$1 regex=$2 description=$3
	shift 3
	timeout -k 1 20 "$@" >"$work/out" 2>"$work/err" </dev/null
	is $? "$wanted" "$description: status $wanted"
	like "$(cat "$work/err")" "$regex" "$description: said"
	like "$(cat "$work/err")" '^hint: .{15}' "$description: with a hint"
	is "$(cat "$work/out")" "" "$description: no answer"
}
head -c 1000000 /dev/zero | tr '\0' a >"$work/long"
printf 'a\0b' >"$work/nul"
printf 'a\377b' >"$work/bytes"
: >"$work/empty"
mkfifo "$work/fifo"
data 65 'longer than 65536' "a goal of 1 MB" sallyport run --goal-file "$work/long"
data 64 'empty' "no goal" sallyport run ""
data 64 'empty' "a goal of white space" sallyport run "  	 "
data 64 'empty' "an empty goal file" sallyport run --goal-file "$work/empty"
data 65 'NUL' "a goal with a NUL" sallyport run --goal-file "$work/nul"
data 65 'UTF-8' "a goal that is no text" sallyport run "$(cat "$work/bytes")"
data 65 'nothing came' "a goal file that is a FIFO" \
    sallyport run --goal-file "$work/fifo"

# --- context files
truncate -s 100M "$work/huge"
data 65 'directory' "a context that is a directory" \
    sallyport run --context "$work" goal
data 65 'nothing came' "a context that is a FIFO" \
    sallyport run --context "$work/fifo" goal
data 65 'larger than 64 MiB' "a context without end" \
    sallyport run --context /dev/zero goal
data 65 'larger than 64 MiB' "a context that is too large" \
    sallyport run --context "$work/huge" goal
data 65 'No such file' "a context that is not there" \
    sallyport run --context "$work/none" goal
data 65 'UTF-8' "a context whose name is no text" \
    sallyport run --context "$(cp "$work/nul" "$work/$(cat "$work/bytes")";
	echo "$work/$(cat "$work/bytes")")" goal
is "$(sallyport runs list --json --limit 1000 | wc -l)" "$before" \
    "none of them has become a run"
stop_supervisors

# --- configuration files
none_stays() { # DESCRIPTION
	local tries
	for tries in $(seq 50); do
		[ -n "$(supervisors)" ] || break
		sleep 0.1
	done
	is "$(supervisors)" "" "$1"
}

head -c 2000000 /dev/zero | tr '\0' '#' >"$work/much"
ln -s /etc/shadow "$work/shadow"
setting() { # FILE REGEX DESCRIPTION
	data 78 "$2" "$3" sallyport runs list --config "$1"
	unlike "$(cat "$work/err" "$SALLYPORT_STATE_DIR/sallyportd.log")" \
	    '\$[0-9a-z]+\$|root:' "$3: nothing of it is shown"
}
chmod 600 "$work/much" "$work/bytes" "$work/nul"
setting "$work" 'regular file' "a directory as configuration"
setting "$work/fifo" 'regular file' "a FIFO as configuration"
setting "$work/much" '1 MiB' "2 MB of configuration"
setting "$work/shadow" 'shadow' "a link to /etc/shadow as configuration"
setting "$work/bytes" 'UTF-8' "a configuration that is no text"
setting "$work/nul" ':1: ' "a configuration with a NUL"
setting /dev/null 'regular file|others may write' "a device as configuration"
setting "$work/nowhere" 'No such file' "a configuration that is not there"
none_stays "and no supervisor stays"

# --- state directories
state() { # STATUS DIRECTORY REGEX DESCRIPTION
	data "$1" "$3" "$4" sallyport runs list --state-dir "$2"
}
state 73 "$work/long" 'directory' "a state directory that is a file"
mkdir "$work/open"
chmod 777 "$work/open"
state 77 "$work/open" 'chmod 700' "a state directory that others may write"
if [ "$(id -u)" = 0 ]; then
	mkdir "$work/foreign"
	chown 12345 "$work/foreign"
	state 77 "$work/foreign" 'must own it' \
	    "a state directory of somebody else"
else
	mkdir -m 500 "$work/shut"
	state 73 "$work/shut" 'Permission denied' \
	    "a state directory that cannot be written"
	state 73 /proc/self/nowhere 'No such file' \
	    "a state directory that cannot be made"
fi
none_stays "and no supervisor stays there"
