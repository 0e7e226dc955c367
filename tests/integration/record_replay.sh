#!/bin/bash
# --record writes a run's model turns, --replay plays them with real tools.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

model <<'JSON'
[{"reply": {"text": "plan: write a file, count it"}},
 {"reply": {"tool_calls": [{"id": "a", "name": "save_file", "arguments": "{\"path\": \"f\", \"content\": \"12345\"}"}]}},
 {"reply": {"tool_calls": [{"id": "b", "name": "execute_shell", "arguments": "{\"command\": \"wc -c < f; date +%N\"}"}]}},
 {"reply": {"tool_calls": [{"id": "c", "name": "finish", "arguments": "{\"answer\": \"5 bytes\"}"}]}}]
JSON
sallyport run --record "$work/turns" "count to five" >"$work/first" 2>"$work/err"
is $? 0 "a recorded run"
model_stop
unset OPENAI_API_KEY OPENAI_BASE_URL
[ "$(wc -l <"$work/turns")" -ge 4 ]
ok $? "every turn is a line"
unlike "$(cat "$work/turns")" 'test-key' "the key is not in it"

sallyport run --replay "$work/turns" "count to five" >"$work/second" 2>"$work/err"
is $? 0 "it plays without a network"
is "$(cat "$work/second")" "$(cat "$work/first")" "to the same answer"
run=$(sallyport runs list --json | head -n 1 | json run)
like "$(sallyport logs "$run" --json)" '"tool": *"execute_shell"' \
    "with the tools executed for real"

sallyport run --replay "$work/turns" "count to six" >"$work/out" 2>"$work/err"
is $? 69 "another task does not fit"
like "$(cat "$work/err")" 'ProviderError' "and the error is named"
sallyport run --replay "$work/turns" -c agents.sandbox.tools.denied=save_file \
    "count to five" >"$work/out" 2>"$work/err"
is $? 69 "nor does a run in which a call failed that had not"
head -c 100 "$work/turns" >"$work/cut"
sallyport run --replay "$work/cut" "count to five" >"$work/out" 2>"$work/err"
status=$?
[ $status = 65 ] || [ $status = 69 ]
ok $? "a broken replay file is refused (status $status)"
sallyport run --replay "$work/none" "count to five" >"$work/out" 2>"$work/err"
is $? 65 "one that is not there is bad input"
