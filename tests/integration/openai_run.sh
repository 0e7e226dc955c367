#!/bin/bash
# A run against a real HTTP server that speaks OpenAI chat completions: plain,
# streamed and over TLS; what is sent, and that the key goes nowhere else.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

script='[
 {"reply": {"text": "Understanding: add numbers. Steps: 1. compute 2. answer"}},
 {"reply": {"text": "", "tool_calls": [
   {"id": "c1", "name": "calculator", "arguments": "{\"expression\": \"6 * 7\"}"},
   {"id": "c2", "name": "execute_shell", "arguments": "{\"command\": \"echo out; echo err >&2\"}"}]}},
 {"reply": {"tool_calls": [{"id": "c3", "name": "finish", "arguments": "{\"answer\": \"It is 42.\"}"}]}}
]'

for stream in true false; do
	rm -f "$work/requests"
	model <<<"$script"
	answer=$(sallyport run -c providers.openai.stream=$stream \
	    --model test-model "what is six times seven" 2>"$work/err")
	is $? 0 "stream=$stream: the run finishes"
	is "$answer" "It is 42." "stream=$stream: with the model's answer"
	like "$(head -n 1 "$work/requests" | json path)" '/v1/chat/completions' \
	    "stream=$stream: chat completions are asked for"
	is "$(head -n 1 "$work/requests" | json headers.authorization)" \
	    "Bearer test-key" "stream=$stream: with the key"
	last=$(tail -n 1 "$work/requests")
	like "$last" '42' "stream=$stream: the model is told the results"
	is "$(printf %s "$last" | json body | json model)" test-model \
	    "stream=$stream: the model asked for"
	model_stop
done
run=$(sallyport runs list --json | head -n 1 | json run)
log=$(sallyport logs "$run" --json; cat "$SALLYPORT_STATE_DIR"/*.log)
unlike "$log" 'test-key' "the key is in no event and in no log line"
unlike "$(cat "$SALLYPORT_STATE_DIR"/*.log)" 'six times seven' \
    "the goal is in no log line"
grep -rq test-key "$SALLYPORT_STATE_DIR"
[ $? = 1 ]
ok $? "the key is nowhere in the state directory"

model --tls "$work" <<<"$script"
export OPENAI_BASE_URL=https://127.0.0.1:$port/v1
sallyport run "what is six times seven" >"$work/out" 2>"$work/err"
is $? 69 "TLS with an unknown authority is refused"
like "$(cat "$work/err")" 'certificate|TLS|SSL' "and says so"
model_stop
model --tls "$work" <<<"$script"
export OPENAI_BASE_URL=https://127.0.0.1:$port/v1
SSL_CERT_FILE=$ca sallyport run "what is six times seven" >"$work/out" 2>"$work/err"
is $? 0 "with its authority given it works"
is "$(cat "$work/out")" "It is 42." "over TLS as well"
model_stop

rm -f "$work/requests"
model <<<"$script"
sallyport run --constraint "be brief" --context <(printf 'file text') \
    "what is six times seven" >/dev/null 2>&1
like "$(head -n 1 "$work/requests")" 'be brief' "constraints reach the model"
like "$(cat "$work/requests")" 'file text' "and context files"
