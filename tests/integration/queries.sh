#!/bin/bash
# The record, asked in every way: lists, one run, events as they come, files,
# state; unique prefixes, unknown and ambiguous ids; text and JSON.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

model <<'JSON'
[{"reply": {"text": "plan"}},
 {"reply": {"tool_calls": [{"id": "a", "name": "set_state", "arguments": "{\"key\": \"colour\", \"value\": [1, \"blue\"]}"}]}},
 {"reply": {"tool_calls": [{"id": "b", "name": "execute_shell", "arguments": "{\"command\": \"mkdir d; printf 'x\\\\0\\\\377y' > d/raw; sleep 2\"}"}]}},
 {"reply": {"tool_calls": [{"id": "c", "name": "finish", "arguments": "{\"answer\": \"done\"}"}]}}]
JSON
sallyport run "leave something behind" >/dev/null 2>&1 &
runner=$!
for try in $(seq 100); do
	run=$(sallyport runs list --json 2>/dev/null | head -n 1 | json run 2>/dev/null)
	[ -z "$run" ] || break
	sleep 0.05
done
is "$(sallyport runs show "$run" --json | json status)" running \
    "a run that goes on is said to be running"
sallyport logs "$run" --follow --json >"$work/followed" &
follower=$!
wait $runner
wait $follower
is $? 0 "logs --follow ends with its run"
like "$(tail -n 1 "$work/followed")" '"type": *"run.completed"' \
    "and has seen its last event"
sallyport logs "$run" --json >"$work/all"
is "$(grep -c . "$work/all")" \
    "$(grep -v '"seq": *0,' "$work/followed" | grep -c .)" \
    "following shows what the record holds, no more and no less"
is "$(sallyport logs "$run" --since 3 --json | head -n 1 | json seq)" 4 \
    "--since goes on behind that event"

is "$(sallyport state "$run" --json | json value)" '[1, "blue"]' "state as JSON"
like "$(sallyport state "$run")" 'colour.*blue' "state as text"
like "$(sallyport files list "$run" --json)" '"path": *"d/raw"' "files as JSON"
like "$(sallyport files list "$run")" 'd/raw' "files as text"
is "$(sallyport files get "$run" d/raw -o - | od -An -tx1 | tr -d ' \n')" \
    7800ff79 "a recorded file comes back byte for byte"
sallyport files get "$run" d/none >/dev/null 2>"$work/err"
is $? 65 "a file that was not recorded is bad input"

for n in 1 2 3; do
	sallyport sandbox exec -- true
done
like "$(sallyport runs list)" "${run:0:13}" "runs list as text"
is "$(sallyport runs list --limit 2 --json | wc -l)" 2 "--limit"
newest=$(sallyport runs list --json | head -n 1 | json started)
oldest=$(sallyport runs list --json | tail -n 1 | json started)
[ "$newest" \> "$oldest" ]
ok $? "the newest is first"
sallyport runs show "${run:0:3}" >/dev/null 2>"$work/err"
status=$?
[ $status = 64 ] || [ $status = 65 ]
ok $? "a prefix of three characters is too short ($status)"
sallyport runs show "${run:0:4}" >/dev/null 2>"$work/err"
is $? 65 "a prefix that fits several runs is refused"
like "$(cat "$work/err")" 'several|ambiguous|more than one' "and says so"
sallyport runs show 00000000-0000-7000-8000-000000000000 >/dev/null 2>"$work/err"
is $? 65 "an unknown id is refused"
sallyport logs 'x; rm -rf /' >/dev/null 2>"$work/err"
status=$?
[ $status = 64 ] || [ $status = 65 ]
ok $? "and so is what is no id ($status)"

stop_supervisors
is "$(sallyport runs show "$run" --json | json summary.result)" done \
    "the record is there after a restart"
