#!/bin/bash
# A provider that is down, lies, or stops in the middle: a failure with its own
# stop reason and status, never a success.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

failed() { # DESCRIPTION [STATUS [STOP]]
	sallyport run --json --timeout 20 -c providers.openai.timeout=4 \
	    "any goal" >"$work/out" 2>"$work/err"
	is $? "${2:-69}" "$1: status"
	is "$(json stop_reason <"$work/out")" "${3:-provider_error}" \
	    "$1: stop reason"
	is "$(json result <"$work/out")" null "$1: no result"
	[ "$(json error.hint <"$work/out" | wc -c)" -gt 10 ]
	ok $? "$1: a hint"
	model_stop
}

body() { # RAW-JSON
	model <<<"[{\"raw\": $1, \"repeat\": true}]"
}

export OPENAI_API_KEY=k OPENAI_BASE_URL=http://127.0.0.1:9/v1
model_pid=
failed "a server that is not there"
body '{"status": 500, "headers": {"content-type": "text/plain"}, "framing": "length", "steps": [{"text": "oops"}]}'
failed "status 500"
body '{"status": 200, "headers": {"content-type": "text/html"}, "framing": "length", "steps": [{"text": "<html>login</html>"}]}'
failed "HTML"
body '{"status": 200, "headers": {"content-type": "application/json"}, "framing": "length", "steps": [{"text": "{\"choices\": [{\"mess"}]}'
failed "truncated JSON"
body '{"framing": "none", "steps": [{"close": "fin"}]}'
failed "nothing at all"
body '{"status": 200, "headers": {"content-type": "text/event-stream"}, "framing": "none+head", "steps": [{"text": "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hal\"}}]}\n\n"}, {"close": "fin"}]}'
failed "a stream that is closed in the middle"
body '{"status": 200, "headers": {"content-type": "text/event-stream"}, "framing": "none+head", "steps": [{"sleep_ms": 60000}]}'
failed "a server that never says a word"
body '{"status": 401, "headers": {"content-type": "application/json"}, "framing": "length", "steps": [{"text": "{\"error\": {\"message\": \"Incorrect API key\", \"code\": \"invalid_api_key\"}}"}]}'
failed "a key that is refused"
like "$(cat "$work/out")" 'Incorrect API key' "the provider's own words are kept"

model <<'JSON'
[{"reply": {"text": "plan"}},
 {"raw": {"status": 200, "headers": {"content-type": "text/event-stream"}, "framing": "chunked", "steps": [{"text": "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"execute_shell\",\"arguments\":\"{\\\"command\\\": \\\"touch \"}}]}}]}\n\n"}]}, "repeat": true}]
JSON
failed "half a tool call at the end of a stream"
unlike "$(sallyport logs "$(sallyport runs list --json | head -n 1 | json run)" --json)" \
    'tool.decided' "and the half call was never judged"

model <<<'[{"reply": {"text": "plan"}}, {"reply": {"text": ""}, "repeat": true}]'
sallyport run --json "any goal" >"$work/out" 2>"$work/err"
status=$?
[ $status != 0 ]
ok $? "a model that answers nothing is no success (status $status)"
is "$(json result <"$work/out")" null "and has no result"
model_stop

model <<<'[{"reply": {"text": "plan"}}, {"reply": {"tool_calls": [{"id": "x", "name": "calculator", "arguments": "{\"expression\": \"1+1\"}"}]}, "repeat": true}]'
failed "a model that never finishes" 3 max_iterations
