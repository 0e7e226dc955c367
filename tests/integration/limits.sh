#!/bin/bash
# Limits of a run: each ends it with its own stop reason, counted by the judge.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

call() { # NAME ARGUMENTS-JSON: a model that makes this call for ever
	/usr/bin/python3 -c '
import json, sys
call = {"id": "x", "name": sys.argv[1], "arguments": sys.argv[2]}
print(json.dumps([
    {"reply": {"text": "plan", "usage": [100, 10]}},
    {"reply": {"tool_calls": [call], "usage": [1000, 50]}, "repeat": True}]))' \
	    "$1" "$2"
}

limited() { # STOP REGEX DESCRIPTION OPTION...
	local stop=$1 regex=$2 what=$3
	shift 3
	sallyport run --json --timeout 60 --max-iterations 8 "$@" "any goal" \
	    >"$work/out" 2>"$work/err"
	is $? 3 "$what: status 3"
	is "$(json stop_reason <"$work/out")" "$stop" "$what: stop reason"
	like "$(json error.message <"$work/out")" "$regex" "$what: said how much"
	sallyport logs "$(json run <"$work/out")" --json >"$work/events"
	model_stop
}
executed() {
	grep -c '"tool.completed"' "$work/events"
}

model < <(call calculator '{"expression": "1+1"}')
limited max_iterations '' "no limit" -c agents.limits.repeated_calls=0
is "$(executed)" 8 "no limit: a call in each iteration"

model < <(call calculator '{"expression": "1+1"}')
limited budget '2210 tokens.*agents.limits.tokens is 2000' tokens \
    -c agents.limits.tokens=2000
is "$(executed)" 1 "tokens: the call of the reply that was too much is not made"
is "$(json usage.input_tokens <"$work/out")" 2100 "tokens: usage is told"

model < <(call calculator '{"expression": "1+1"}')
limited budget 'cost 0.006246; agents.limits.cost is 0.005' cost \
    -c agents.limits.cost=0.005 -c providers.openai.prices.input=2 \
    -c providers.openai.prices.output=18.6
like "$(json usage.cost <"$work/out")" '^0.006246$' "cost: it is told"

model < <(call execute_shell '{"command": "echo x >>ran; cat ran"}')
limited budget '3 tools were called.*tool_calls is 3' "tool calls" \
    -c agents.limits.tool_calls=3
is "$(executed)" 3 "tool calls: the fourth is not made"
is "$(grep '"tool.decided"' "$work/events" | tail -n 1 | json rule)" \
    agents.limits "tool calls: and is denied in the record"

model < <(call execute_shell '{"command": "sleep 30"}')
SECONDS=0
limited budget 'tool_seconds is 1' "tool seconds" -c agents.limits.tool_seconds=1
[ $SECONDS -lt 15 ]
ok $? "tool seconds: the call under way is ended ($SECONDS s)"

model < <(call execute_shell '{"command": "yes | head -c 300000"}')
limited budget 'output_bytes is 102400' "bytes of output" \
    -c agents.limits.output_bytes=100k

model < <(call execute_shell '{"command": "date +%N >f; echo same; sleep 0.0$((RANDOM % 9))"}')
limited no_progress "execute_shell.*3 times" "no progress" \
    -c agents.limits.repeated_calls=3
is "$(executed)" 3 "no progress: after the third outcome that is the same"

model < <(call execute_shell '{"command": "date +%N"}')
limited max_iterations '' "another outcome each time is progress" \
    -c agents.limits.repeated_calls=2

stop_supervisors
cat >"$config" <<'TOML'
[[agents.sandbox.tools.rules]]
tool = "calculator"
where = { expression = "2*" }
action = "deny"
TOML
chmod 600 "$config"
model < <(call calculator '{"expression": "2+2"}')
limited no_progress 'calculator.*4 times' "no progress with calls that are denied" \
    -c agents.limits.repeated_calls=4
is "$(executed)" 0 "of which none was executed"
