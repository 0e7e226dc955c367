#!/bin/bash
# Every call on a worker's page is made by that worker in a session of all
# kinds of work, watched by strace; or the page says why it is there all the
# same ("unused: REASON").
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

# A user's supervisor is not dumpable: not even its user's strace reads it.
[ "$(id -u)" = 0 ] || skip_all "needs root to look into the processes"
[ -z "$sanitized" ] ||
    skip_all "ASan has an allocator of its own: other calls are made"
command -v strace >/dev/null || skip_all "strace is not installed"
printf '[sallyport]\ndefault_provider = "openai"\n' >"$config"
chmod 600 "$config"
mkdir -m 700 -p "$SALLYPORT_STATE_DIR"

start() {
	: >"$work/daemon.log"
	strace -ff -o "$work/trace" "$build/bin/sallyportd" --user --state-dir \
	    "$SALLYPORT_STATE_DIR" >"$work/daemon.log" 2>&1 &
	local try
	for try in $(seq 200); do
		grep -q ' serving socket=' "$work/daemon.log" && return
		sleep 0.1
	done
	echo "# the supervisor did not start under strace"
}

# agent [OPTION...]: a run that saves, computes, keeps state and fails once.
agent() {
	/usr/bin/python3 -c '
import json
calls = [("save_file", {"path": "big.txt", "content": "0123456789" * 9000}),
         ("load_file", {"path": "big.txt"}),
         ("execute_shell", {"command": "head -c 3000000 /dev/zero >big.bin; "
                                       "seq 200000"}),
         ("calculator", {"expression": "2 ** 0.5"}),
         ("set_state", {"key": "k", "value": {"a": [1, 2.5, "x" * 30000]}}),
         ("get_state", {"key": "k"}), ("list_state", {}),
         ("delete_state", {"key": "k"}), ("get_recorded_files", {}),
         ("get_sandbox_info", {}), ("list_files", {"recursive": True}),
         ("no_such_tool", {})]
turns = [{"reply": {"text": "plan " * 9000}}]
turns += [{"reply": {"tool_calls": [{"id": "c", "name": n,
           "arguments": json.dumps(a)}]}} for n, a in calls]
turns.insert(3, {"raw": {"status": 503, "headers": [], "framing": "length",
                         "steps": [{"text": "busy"}]}})
turns.append({"reply": {"tool_calls": [{"id": "f", "name": "finish",
              "arguments": json.dumps({"answer": "done"})}]}, "repeat": True})
print(json.dumps(turns))' >"$work/script.json"
	model <"$work/script.json"
	port=$(grep -oE '[0-9]+' "$work/model.port" | head -n 1)
	export OPENAI_BASE_URL=http://localhost:$port/v1
	sallyport run --max-iterations 30 --context "$work/script.json" "$@" \
	    "work through it" >"$work/out" 2>&1
	[ $? = 0 ] || tail -n 5 "$work/out" | sed 's/^/# /'
	model_stop
}

start
agent
agent -c providers.openai.stream=false --record "$work/turns"
sallyport run --provider replay --replay "$work/turns" "work through it" \
    >"$work/out" 2>&1
model --tls "$work" <<<'[{"reply": {"text": "done"}, "repeat": true}]'
port=$(grep -oE '[0-9]+' "$work/model.port" | head -n 1)
OPENAI_BASE_URL=https://localhost:$port/v1 \
    SSL_CERT_FILE=$work/ca.pem \
    sallyport run --max-iterations 2 "over TLS" >"$work/out" 2>&1
model_stop
OPENAI_BASE_URL=http://no-such-host.invalid:1/v1 OPENAI_API_KEY=x \
    sallyport run --timeout 5 "to nowhere" >"$work/out" 2>&1
run=$(sallyport runs list --json | tail -n 1 | json run)
for words in "runs show $run" "logs $run" "files list $run" "state $run" \
    "files get $run big.bin"; do
	sallyport $words >"$work/out" 2>&1
done
head -c 3000000 /dev/zero | sallyport sandbox exec --stdin -- cat \
    >"$work/out" 2>&1
timeout -s INT 1 sallyport sandbox exec -- sleep 5 >"$work/out" 2>&1
stop_supervisors
# An answer of the config-reader that is too large for a message.
/usr/bin/python3 -c 'for n in range(1500): print("[wrong%d]\nkey = 1" % n)' \
    >>"$config"
strace -ff -o "$work/trace" "$build/bin/sallyportd" --user --state-dir \
    "$SALLYPORT_STATE_DIR" >"$work/out" 2>&1
rm -f "$config"
# A judge that vanishes: the workers see it and leave.
start
sallyport runs list >"$work/out" 2>&1
agent >/dev/null &
sleep 1
kill -KILL $(pgrep -f -P "$(supervisors | head -n 1)" ^judge)
wait

"$top/tests/policy_lines.py" "$top/policy" "$work/trace"
status=$?
[ -z "${KEEP_TRACE:-}" ] || cp -r "$work" "$KEEP_TRACE"
tests=0
exit $status
