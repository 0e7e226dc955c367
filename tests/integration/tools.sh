#!/bin/bash
# Every tool of the table, asked for by a model, executed for real; and calls
# that are wrong, unknown or denied.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

# One turn per line: NAME ARGUMENTS-JSON; then finish.  A line that begins with
# '!' is a call that fails, after which the model is asked to reflect.
play() {
	/usr/bin/python3 -c '
import json, sys
turns = [{"reply": {"text": "plan"}}]
for n, line in enumerate(sys.stdin):
    failing = line.startswith("!")
    name, _, arguments = line.lstrip("!").rstrip("\n").partition(" ")
    turns.append({"reply": {"tool_calls": [{"id": "c%d" % n, "name": name,
                                          "arguments": arguments}]}})
    if failing:
        turns.append({"reply": {"text": "go on"}})
turns.append({"reply": {"tool_calls": [{"id": "f", "name": "finish",
    "arguments": json.dumps({"answer": "done"})}]}, "repeat": True})
print(json.dumps(turns))' >"$work/script.json"
	rm -f "$work/requests"
	model <"$work/script.json"
	sallyport run --json --max-iterations 60 "$@" "try every tool" \
	    >"$work/out" 2>"$work/err"
	status=$?
	run=$(json run <"$work/out")
	sallyport logs "$run" --json >"$work/events"
	model_stop
}

# result N FIELD: of the Nth tool call, from the record
result() {
	/usr/bin/python3 - "$work/events" "$1" "$2" <<'PYTHON'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
calls = [r for r in rows if r["type"] == "tool.completed"]
value = calls[int(sys.argv[2])]
value = value.get("body", value)
for name in sys.argv[3].split("."):
    value = value[int(name)] if isinstance(value, list) else value.get(name)
print(value if isinstance(value, str) else json.dumps(value))
PYTHON
}

play <<'CALLS'
save_file {"path": "a/b.txt", "content": "one\ntwo\n"}
load_file {"path": "a/b.txt"}
replace_in_file {"path": "a/b.txt", "old_text": "two", "new_text": "drei"}
append_to_file {"path": "a/b.txt", "content": "four\n"}
load_file {"path": "a/b.txt"}
list_files {"recursive": true}
file_exists {"path": "a/b.txt"}
file_exists {"path": "a/none"}
create_directory {"path": "x/y/z"}
delete_file {"path": "a/b.txt"}
file_exists {"path": "a/b.txt"}
set_state {"key": "k", "value": {"list": [1, 2, null]}}
get_state {"key": "k"}
get_state {"key": "none", "default": 5}
list_state {}
delete_state {"key": "k"}
get_state {"key": "k"}
!execute_shell {"command": "echo out; echo err >&2; exit 3"}
execute_python {"code": "print(sum(range(10)))"}
calculator {"expression": "sqrt(2) ** 2 + 1"}
get_sandbox_info {}
get_recorded_files {}
execute_shell {"command": "pwd", "working_dir": "x/y"}
!execute_shell {"command": "sleep 30", "timeout": 1}
CALLS
is $status 0 "the run finishes"
is "$(result 1 result.content)" $'one\ntwo' "save_file, load_file"
is "$(result 4 result.content)" $'one\ndrei\nfour' "replace_in_file, append_to_file"
like "$(result 5 result.entries)" '"a/b.txt"' "list_files names it"
like "$(result 5 result.entries)" '"size": 14' "with its size"
like "$(result 5 result.entries)" '"modified": "20[0-9-]+T[0-9:.]+Z"' "and its time"
is "$(result 6 result.exists)" true "file_exists, when it does"
is "$(result 7 result.exists)" false "file_exists, when it does not"
is "$(result 10 result.exists)" false "delete_file"
is "$(result 12 result.value)" '{"list": [1, 2, null]}' "set_state, get_state"
is "$(result 13 result.value)" 5 "get_state with a default"
is "$(result 14 result.state)" '{"k": {"list": [1, 2, null]}}' "list_state"
is "$(result 16 result.found)" false "delete_state"
is "$(result 17 exit_code)" 3 "execute_shell: the exit code"
is "$(result 17 outcome)" failed "is a failed call"
is "$(result 17 result.stderr)" err "with its stderr"
is "$(result 18 result.stdout)" 45 "execute_python"
like "$(result 19 result.value)" '^3(\.0*[0-9]*)?$' "calculator"
like "$(result 20 result)" 'memory' "get_sandbox_info tells the limits"
like "$(result 22 result.stdout)" 'x/y' "working_dir"
is "$(result 23 outcome)" timed_out "a call's own timeout"
is "$(sallyport state "$run" --json | wc -l)" 0 "state is empty after delete_state"

play <<'CALLS'
!no_such_tool {"x": 1}
!save_file {"path": 5}
!save_file {"path": "a", "content": "b", "mode": "w"}
!execute_command {"argv": ["true"]}
!load_file {"path": "../../etc/passwd"}
!save_file {"path": "../outside", "content": "x"}
!calculator {"expression": "__import__('os')"}
CALLS
is $status 0 "a run survives wrong calls"
told=$(cat "$work/requests")
like "$told" 'no_such_tool' "an unknown tool is answered with an error"
like "$told" 'path: expected a string' "a wrong type is named"
like "$told" 'no such parameter' "an unknown field is named"
unlike "$(cat "$work/events")" 'root:x:0' "no file outside is read"

play -c agents.sandbox.tools.denied=execute_shell <<'CALLS'
!execute_shell {"command": "true"}
CALLS
like "$(cat "$work/requests")" 'denied' "a denied call is told with its reason"
like "$(cat "$work/events")" '"verdict": *"deny"' "and recorded"
unlike "$(head -n 2 "$work/requests" | tail -n 1)" '"name": *\\?"execute_shell' \
    "and not offered"
