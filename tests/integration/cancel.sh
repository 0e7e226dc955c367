#!/bin/bash
# Ctrl-C and cancel: once cancels a private run, at any moment, and nothing is
# left behind.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

hang() { # SCRIPT: start a run in the background, with Ctrl-C working
	model <<<"$1"
	/usr/bin/python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' sallyport run --json "$2" \
	    >"$work/out" 2>"$work/err" &
	client=$!
}

# In the middle of a model call.
hang '[{"raw": {"status": 200, "headers": {"content-type": "text/event-stream"}, "framing": "none+head", "steps": [{"sleep_ms": 60000}]}}]' "wait for a model"
sleep 2
start=$(date +%s%N)
kill -INT $client
wait $client
is $? 130 "Ctrl-C in a model call ends with 130"
took=$((($(date +%s%N) - start) / 1000000))
[ $took -lt 3000 ]
ok $? "at once (took $took ms)"
is "$(json stop_reason <"$work/out")" cancelled "as cancelled"
model_stop

# In the middle of a tool.
hang '[{"reply": {"text": "plan"}}, {"reply": {"tool_calls": [{"id": "a", "name": "execute_shell", "arguments": "{\"command\": \"sleep 313\"}"}]}}]' "wait for a tool"
for try in $(seq 100); do
	! pgrep -f '^sleep 313$' >/dev/null || break
	sleep 0.1
done
pgrep -f '^sleep 313$' >/dev/null
ok $? "the tool runs"
kill -INT $client
wait $client
is $? 130 "Ctrl-C in a tool call ends with 130"
sleep 0.5
! pgrep -f '^sleep 313$' >/dev/null
ok $? "and the tool is gone"
run=$(sallyport runs list --json | head -n 1 | json run)
is "$(sallyport runs show "$run" --json | json stop_reason)" cancelled \
    "the record says cancelled"
model_stop

# From another terminal.
hang '[{"reply": {"text": "plan"}}, {"reply": {"tool_calls": [{"id": "a", "name": "execute_shell", "arguments": "{\"command\": \"sleep 314\"}"}]}}]' "wait for another"
for try in $(seq 100); do
	! pgrep -f '^sleep 314$' >/dev/null || break
	sleep 0.1
done
run=$(sallyport runs list --json | head -n 1 | json run)
sallyport runs cancel "$run" >"$work/cancel" 2>&1
is $? 0 "runs cancel"
wait $client
is $? 130 "ends the run of the other terminal"

hang '[{"reply": {"text": "plan"}}, {"reply": {"tool_calls": [{"id": "a", "name": "execute_shell", "arguments": "{\"command\": \"sleep 315\"}"}]}}]' "die"
for try in $(seq 100); do
	! pgrep -f '^sleep 315$' >/dev/null || break
	sleep 0.1
done
kill -KILL $client
sleep 3
! pgrep -f '^sleep 315$' >/dev/null
ok $? "a client that is killed takes its private run along"
model_stop

model <<<'[{"reply": {"text": "plan"}}, {"reply": {"tool_calls": [{"id": "a", "name": "execute_shell", "arguments": "{\"command\": \"sleep 316\"}"}]}}]'
sallyport run --timeout 3 --json "too long" >"$work/out" 2>"$work/err"
is $? 124 "a run that takes too long ends with 124"
is "$(json stop_reason <"$work/out")" timeout "as timeout"
sleep 0.5
! pgrep -f '^sleep 316$' >/dev/null
ok $? "with nothing of it alive"
