#!/bin/bash
# Each named error that this version can end with, reached for real: its exit
# status, its message, its hint; and nothing is left behind it.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"
mounts=$(grep -cF "$work" /proc/self/mountinfo)

# What there may be between two runs, and nothing else.
between() {
	local pid left
	for pid in $(supervisors); do
		for left in $(pstree_pids "$pid"); do
			alive "$left"
		done
		find /sys/fs/cgroup -mindepth 2 -type d \
		    -path "*sallyport-$pid/[0-9]*" 2>/dev/null
	done | grep -vx 'sallyportd\|judge\|dialer\|tracker-record'
	ls "$SALLYPORT_STATE_DIR" |
	    grep -vx 'lock\|tenants\|keys\|sallyportd.log\|control.sock'
	[ "$(grep -cF "$work" /proc/self/mountinfo)" = "$mounts" ] ||
	    echo "a mount"
}

nothing_left() { # DESCRIPTION
	local tries
	for tries in $(seq 40); do
		[ -n "$(between)" ] || break
		sleep 0.1
	done
	is "$(between)" "" "$1: nothing is left"
}

# said NAME STATUS REGEX DESCRIPTION: of the command that just ended
said() {
	is $? "$2" "$4: status $2"
	like "$(cat "$work/err")" "^sallyport: $1: .*($3)" "$4: $1, and why"
	like "$(cat "$work/err")" '^hint: .{20}' "$4: what to do about it"
	nothing_left "$4"
}

# ended FIELD WANTED DESCRIPTION: what the record tells of the newest run
ended() {
	local run
	run=$(sallyport runs list --json | head -n 1 | json run)
	is "$(sallyport runs show "$run" --json | json "$1")" "$2" "$3"
}

# A run whose model makes one call and then answers.
call() { # TOOL ARGUMENTS
	/usr/bin/python3 - "$@" >"$work/turns" <<'PYTHON'
import json, sys
def turn(name, arguments):
    return {"reply": {"tool_calls": [
        {"id": "c", "name": name, "arguments":
         json.loads(arguments) if "$repeat" in arguments else arguments}]}}
print(json.dumps([{"reply": {"text": "plan"}}, turn(*sys.argv[1:]),
                  {"reply": {"text": "what went wrong"}},
                  dict(turn("finish", '{"answer": "told"}'), repeat=True)]))
PYTHON
	model <"$work/turns"
}

# told NAME OUTCOME REGEX DESCRIPTION: of the only call of the newest run
told() {
	local run event
	run=$(sallyport runs list --json | head -n 1 | json run)
	event=$(sallyport logs "$run" --json |
	    grep '"type": *"tool.completed"' | head -n 1)
	is "$(printf %s "$event" | json outcome)" "$2" "$4: outcome $2"
	is "$(printf %s "$event" | json result.error)" "$1" "$4: $1"
	like "$(printf %s "$event" | json result.message)" "$3" \
	    "$4: and why"
}

no_model() {
	model_stop
	unset OPENAI_API_KEY OPENAI_BASE_URL
}

# --- SandboxInitializationError: no user namespaces
cat >"$work/denied.sh" <<'END'
echo 0 >/proc/sys/user/max_user_namespaces || exit 3
exec setpriv --inh-caps=-all --bounding-set=-all --ambient-caps=-all "$@"
END
without() {
	unshare --user --map-user=1000 --map-group=1000 --keep-caps \
	    bash "$work/denied.sh" "$@"
}
# An ordinary user's namespace shows / as nobody's, which is refused earlier.
if [ "$(id -u)" != 0 ]; then
	skip "SandboxInitializationError" "needs root to shut user namespaces"
elif without true 2>/dev/null && ! without unshare -U true 2>/dev/null; then
	usual=$SALLYPORT_STATE_DIR
	export SALLYPORT_STATE_DIR=$work/without
	without sallyport sandbox exec -- true 2>"$work/err" >/dev/null
	said SandboxInitializationError 125 'make a user namespace' \
	    "a command without user namespaces"
	like "$(cat "$work/err")" "sallyport doctor" "which names doctor"
	without sallyport run goal 2>"$work/err" >"$work/out"
	said SandboxInitializationError 69 'make a user namespace' \
	    "a run without user namespaces"
	ended stop_reason sandbox_error "the record says sandbox_error"
	ended iterations 0 "and that nothing was done"
	without sallyport doctor >"$work/out" 2>&1
	like "$(cat "$work/out")" 'missing +user namespace' \
	    "doctor finds it missing"
	like "$(cat "$work/out")" 'repair: .*max_user_namespaces' \
	    "and says how to repair it"
	stop_supervisors
	export SALLYPORT_STATE_DIR=$usual
else
	skip "SandboxInitializationError" "user namespaces cannot be shut here"
fi

# --- SandboxExecutionError
sallyport sandbox exec -- /no/such/program 2>"$work/err"
said SandboxExecutionError 125 'No such file' "a program that is not there"
call execute_shell '{"command": "echo why >&2; exit 9"}'
sallyport run goal >/dev/null 2>&1
is $? 0 "a command that fails is no failure of the run"
told SandboxExecutionError failed '9' "a command that fails"
no_model

# --- SandboxTimeoutError
sallyport sandbox exec --timeout 1 -- sleep 60 2>"$work/err"
said SandboxTimeoutError 124 'after 1 s' "a command that takes too long"
call execute_shell '{"command": "sleep 60", "timeout": 1}'
sallyport run goal >/dev/null 2>&1
told SandboxTimeoutError timed_out 'after 1 s' "a call that takes too long"
no_model

# --- SandboxAccessDenied
sallyport sandbox exec -c agents.sandbox.tools.denied=execute_command \
    -- true 2>"$work/err"
said SandboxAccessDenied 77 'execute_command' "a command that policy denies"
/usr/bin/python3 - >"$work/turns" <<'PYTHON'
import json
call = {"id": "c", "name": "execute_shell", "arguments": '{"command": "id"}'}
print(json.dumps([{"reply": {"text": "plan"}}, {"reply": {
    "tool_calls": [call]}}, {"reply": {"text": "reflect"}}, {"reply": {
        "text": "I cannot go on: it was denied."}, "repeat": True}]))
PYTHON
model <"$work/turns"
sallyport run -c agents.sandbox.tools.denied=execute_shell goal \
    >"$work/out" 2>"$work/err"
said SandboxAccessDenied 77 'execute_shell' "a run that needs what is denied"
ended stop_reason denied "the record says denied"
no_model

# --- SandboxResourceError
call execute_shell '{"command": "head -c 1100000 /dev/zero >rest"}'
sallyport run -c agents.sandbox.native.disk_limit=1m goal >/dev/null 2>&1
told SandboxExecutionError failed '1' "a full work directory, to a program"
no_model
call save_file '{"path": "f", "content": {"$repeat": ["0", 1100000]}}'
sallyport run -c agents.sandbox.native.disk_limit=1m goal >/dev/null 2>&1
told SandboxResourceError failed 'space|quota|large|limit' \
    "a file for which there is no room"
nothing_left "a full work directory"
no_model
id=$(sallyport sandbox open -c agents.sandbox.native.memory_limit=32m)
sallyport sandbox exec --in "$id" -- python3 -c 'x = b"x" * (1 << 30)' \
    2>"$work/err"
status=$?
sallyport sandbox close "$id"
if [ $status = 1 ]; then	# no cgroup: the allocation fails in the program
	like "$(cat "$work/err")" MemoryError "a memory bomb is told so itself"
	nothing_left "a memory bomb"
else
	(exit $status)
	said SandboxResourceError 137 'memory limit of 33554432' "a memory bomb"
fi

# --- SandboxConnectionError, and IntegrityError of a process that breaks out
# role NAME SIGNAL: ends that process of a run in the middle of a call
role() {
	local tries pid sleeping
	call execute_shell '{"command": "echo begun; sleep 741"}'
	sallyport run --json goal >"$work/out" 2>"$work/err" &
	local client=$!
	for tries in $(seq 100); do
		sleeping=$(pgrep -f '^sleep 741$') && break
		sleep 0.1
	done
	for pid in $(family); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] ||
		    kill "-$2" "$pid"
	done
	wait $client
	local status=$?
	is "$(alive $sleeping)" "" "$1 gone: and what it ran"
	no_model
	return $status
}
for name in guest exec-stream; do
	role $name KILL
	said SandboxConnectionError 69 'went away|signal 9' "$name killed"
	is "$(json stop_reason <"$work/out")" sandbox_error \
	    "$name killed: stop reason"
	ended stop_reason sandbox_error "$name killed: the record says so"
	is "$(json result <"$work/out")" null "$name killed: and has no answer"
done
role cognition-worke SYS
said IntegrityError 76 'cognition-worker: .*system call' \
    "a worker that tries a forbidden call"
ended stop_reason integrity "the record says integrity"
role exec-stream SYS
said IntegrityError 76 'exec-stream: .*system call' \
    "a stream role that tries a forbidden call"
role cognition-worke KILL
said ProviderError 1 'cognition-worker: .*signal 9' "a worker that dies"
ended stop_reason failed "the record says failed"
id=$(sallyport sandbox open)
sallyport sandbox close "$id"
sallyport sandbox exec --in "$id" -- true 2>"$work/err"
said SandboxConnectionError 125 'no open sandbox' "a sandbox that was closed"

# --- SchemaValidationError
call load_file '{"path": "x", "offset": "far"}'
sallyport run goal >/dev/null 2>&1
like "$(cat "$work/requests")" 'SchemaValidationError' \
    "arguments that do not fit are named to the model"
no_model
call calculator '{"expression": "1 +"}'
sallyport run goal >/dev/null 2>&1
told SchemaValidationError failed 'position 4' "an expression that is none"
no_model

# --- ProviderError, ConfigError
sallyport run "nothing that was recorded" >"$work/out" 2>"$work/err"
said ProviderError 69 'no recorded turn' "a replay that does not fit"
ended stop_reason provider_error "the record says provider_error"
OPENAI_API_KEY=k OPENAI_BASE_URL=http://127.0.0.1:9/v1 \
    sallyport run goal >"$work/out" 2>"$work/err"
said ProviderError 69 '127.0.0.1' "a server that is not there"
sallyport run -c agents.max_iteration=1 goal >"$work/out" 2>"$work/err"
said ConfigError 78 'max_iterations' "a misspelt key"
stop_supervisors
printf '[agents]\nmax_iterations = "many"\n' >"$config"
chmod 600 "$config"
sallyport runs list >"$work/out" 2>"$work/err"
said ConfigError 78 'serve' "a configuration with an error"
like "$(cat "$work/err")" 'sallyport.toml:2: ' "which is found by its line"
