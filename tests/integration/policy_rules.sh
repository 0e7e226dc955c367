#!/bin/bash
# Rules on tools and their arguments: in a run, offline, and what is refused.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

rules=$work/rules.toml
cat >"$rules" <<'TOML'
[agents.sandbox.tools]
denied = ["delete_file"]

[[agents.sandbox.tools.rules]]
tool      = "execute_shell"
where     = { command = "git push*" }
action    = "ask"
reason    = "publishing needs a person"
match     = ["git push origin main"]
not_match = ["git status"]

[[agents.sandbox.tools.rules]]
tool   = "save_*"
where  = { path = "*.sh", content = "*curl*" }
action = "deny"
reason = "no downloads in scripts"
match  = [{ path = "a.sh", content = "curl x" }]
not_match = [{ path = "a.sh", content = "echo" }, { content = "curl" }]
TOML
chmod 600 "$rules"

sallyport policy check "$rules" >"$work/out" 2>"$work/err"
is $? 0 "a sound file passes"
like "$(cat "$work/out")" '^2 rules, 5 tests passed, 0 can never match' \
    "its own tests run"
is "$(supervisors)" "" "policy check leaves no supervisor"
is "$(ls "${TMPDIR:-/tmp}" | grep -c sallyport-policy)" 0 "and no directory"

explain() { # TOOL ARGUMENTS FIELD
	sallyport policy explain "$1" "$2" --config "$rules" --json |
	    tail -n 1 | json "$3"
}
is "$(explain execute_shell '{"command": "git push x"}' verdict)" ask \
    "explain: a pattern asks"
is "$(explain execute_shell '{"command": "git push x"}' origin)" "$rules:4" \
    "explain: with file and line"
is "$(explain save_file '{"path": "x.sh", "content": "curl a"}' reason)" \
    "no downloads in scripts" "explain: with the rule's reason"
is "$(explain save_file '{"path": "x.sh", "content": "ls"}' verdict)" allow \
    "explain: both parameters must match"
is "$(explain delete_file '{"path": "x"}' origin)" "$rules:2" \
    "explain: a list is named with its line"
out=$(sallyport policy explain save_file '{"path": "b.sh", "content": "curl"}' \
    --config "$rules")
like "$out" 'rules\[0\] .*another tool' "explain: rules tried before are shown"
like "$out" 'rules\[1\] .*: matches' "explain: and the one that matches"
sallyport policy explain save_file '[1]' --config "$rules" >"$work/out" \
    2>"$work/err"
is $? 65 "explain: arguments that are no object are refused"

cat >"$work/calls" <<'CALLS'
# comment, then calls
{"tool": "execute_shell", "arguments": {"command": "git push"}, "verdict": "ask", "rule": "agents.sandbox.tools.rules[0]"}
{"tool": "execute_shell", "arguments": {"command": "ls"}, "verdict": "allow"}
{"tool": "delete_file", "arguments": {"path": "x"}, "verdict": "deny"}
{"tool": "no_such_tool", "verdict": "deny"}
CALLS
out=$(sallyport policy test "$work/calls" --config "$rules" 2>"$work/err")
is "$? $out" "0 4 calls, 0 differ" "policy test: a table that holds"
sed -i 's/"allow"/"deny"/' "$work/calls"
out=$(sallyport policy test "$work/calls" --config "$rules" 2>"$work/err")
is $? 1 "policy test: one that does not"
like "$out" 'calls:3: execute_shell: expected deny, got allow' \
    "policy test: the line is named"
echo '{"tool": "calculator", "verdikt": "deny"}' >"$work/calls"
sallyport policy test "$work/calls" --config "$rules" >"$work/out" 2>"$work/err"
is $? 65 "policy test: a line that is not understood is refused"

refused() { # RULE REGEX DESCRIPTION
	printf '[agents]\n\n[[agents.sandbox.tools.rules]]\n%b\n' "$1" \
	    >"$work/bad.toml"
	chmod 600 "$work/bad.toml"
	sallyport policy check "$work/bad.toml" >"$work/out" 2>"$work/err"
	is $? 78 "$3: status 78"
	like "$(cat "$work/err")" "bad.toml:$2" "$3: named with its line"
}
shell='tool = "execute_shell"\nwhere = { command = "git *" }\n'
refused "${shell}action = \"allow\"" '3: .*never allow' \
    "allow by a pattern on a shell command"
refused 'tool = "*"\naction = "allow"' '3: .*never allow' \
    "allow for every tool"
refused "${shell}action = \"deny\"\nmatch = [\"svn up\"]" \
    '7: .*svn up.*does not match' "a match that does not"
refused "${shell}action = \"deny\"\nnot_match = [\"git up\"]" \
    '7: .*git up.*matches' "a not_match that does"
refused "${shell}action = \"maybe\"" '6: .*allow' "an unknown action"
refused "${shell}action = \"deny\"\nwhen = \"now\"" "3: .*'when'" \
    "an unknown key"
refused 'tool = "execute_shel"\naction = "deny"' "3: .*execute_shel" \
    "an unknown tool"
refused 'tool = "save_file"\nwhere = { pfad = "*" }\naction = "deny"' \
    "3: .*pfad" "an unknown parameter"
refused 'tool = "save_file"' "3: .*action" "no action"

cat >"$work/covered.toml" <<'TOML'
[[agents.sandbox.tools.rules]]
tool = "save_*"
action = "deny"
[[agents.sandbox.tools.rules]]
tool = "save_file"
where = { path = "*" }
action = "ask"
TOML
chmod 600 "$work/covered.toml"
out=$(sallyport policy check "$work/covered.toml")
is $? 1 "a rule that can never match is reported"
like "$out" 'can never match.*rules\[0\]' "with the one that covers it"

sallyport run -c agents.sandbox.tools.rules=x goal >"$work/out" 2>"$work/err"
is $? 78 "rules do not come from the command line"
like "$(cat "$work/err")" 'configuration file' "and it says where they do"
stop_supervisors

# In a run: what must be asked for is denied, for nobody can be asked yet.
cp "$rules" "$config"
chmod 600 "$config"
model <<'JSON'
[{"reply": {"text": "plan"}},
 {"reply": {"tool_calls": [
   {"id": "a", "name": "execute_shell", "arguments": "{\"command\": \"git push; touch ran\"}"},
   {"id": "b", "name": "execute_shell", "arguments": "{\"command\": \"ls -A\"}"},
   {"id": "c", "name": "save_file", "arguments": "{\"path\": \"a.sh\", \"content\": \"curl x\"}"}]}},
 {"reply": {"text": "go on"}},
 {"reply": {"tool_calls": [{"id": "f", "name": "finish", "arguments": "{\"answer\": \"done\"}"}]}, "repeat": true}]
JSON
sallyport run --json goal >"$work/out" 2>"$work/err"
is $? 0 "the run goes on after a call that was not let through"
sallyport logs "$(json run <"$work/out")" --json >"$work/events"
decided() { # N FIELD
	grep '"tool.decided"' "$work/events" | sed -n "$1p" | json "$2"
}
is "$(decided 1 verdict)" ask "the record says ask"
like "$(decided 1 rule)" '^agents.sandbox.tools.rules\[0\] \(sallyport.toml:4\)$' \
    "and the rule with its line"
like "$(decided 1 reason)" 'approval.*not available.*publishing' "and why"
is "$(decided 2 verdict)" allow "what no rule speaks of is allowed"
is "$(decided 3 verdict)" deny "what a rule denies is denied"
is "$(grep -c '"tool.completed"' "$work/events")" 2 \
    "only the allowed calls were executed"
unlike "$(cat "$work/events")" '"stdout": ?"[^"]*ran' "the asked one was not"
like "$(tail -n 1 "$work/requests")" 'no downloads in scripts' \
    "the model is told the reason"
