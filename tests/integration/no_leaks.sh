#!/bin/bash
# No process has lost memory when it ends: each is looked at as it exits, after
# runs, sandboxes, questions and a reload.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"
[ -x "$build/leaks/bin/sallyportd" ] ||
    skip_all "leaks are looked for in the sanitizer build"

# The leak builds stand where the real processes stand; what has no leak
# build (the launcher becomes the guest, which is not sanitized) is real.
mkdir -p "$work/tree"
cp -r "$build/leaks/bin" "$build/leaks/libexec" "$work/tree/"
for program in "$build"/libexec/sallyport/*; do
	[ -e "$work/tree/libexec/sallyport/$(basename "$program")" ] ||
	    cp "$program" "$work/tree/libexec/sallyport/"
done
PATH=$work/tree/bin:$PATH
log=$SALLYPORT_STATE_DIR/sallyportd.log

# ask COMMAND...: its status counts, its leaks are kept.
ask() {
	"$@" >>"$work/out" 2>>"$work/err" </dev/null
}

cat >"$config" <<'EOF'
[agents]
max_iterations = 9
EOF
chmod 600 "$config"
goal='Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output'
ask sallyport run "$goal"
ok $? "a run of recorded turns"
run=$(sallyport runs list --json 2>>"$work/err" | head -n 1 | json run)
ask sallyport runs show "$run"
ok $? "runs show"
ask sallyport logs "$run"
ok $? "logs"
ask sallyport files list "$run"
ok $? "files list"
ask sallyport files get "$run" primes.py -o "$work/primes.py"
ok $? "files get"
ask sallyport state "$run"
ok $? "state"
ask sallyport sandbox exec -- sh -c 'seq 200000; echo said >&2; exit 7'
is $? 7 "a command with much output"
ask sallyport sandbox exec --timeout 1 -- sleep 60
ok "$([ $? != 0 ]; echo $?)" "a command that takes too long"
id=$(sallyport sandbox open 2>>"$work/err")
ask sallyport sandbox exec --in "$id" -- sh -c 'echo x >f'
ok $? "a command in an open sandbox"
ask sallyport sandbox close "$id"
ok $? "sandbox close"
ask sallyport runs show no-such-run
ok "$([ $? != 0 ]; echo $?)" "a run that is not there"
for words in "config show --effective --origin" "policy show judge" \
    "tools list" "tools show execute_shell" version help "help exit"; do
	ask sallyport $words
	ok $? "$words"
done

script='[
 {"reply": {"text": "1. Look.  2. Say."}},
 {"reply": {"tool_calls": [{"id": "c1", "name": "execute_shell",
   "arguments": "{\"command\": \"echo from the sandbox\"}"}]}},
 {"reply": {"tool_calls": [{"id": "c2", "name": "finish",
   "arguments": "{\"answer\": \"done\"}"}]}}
]'
for stream in true false; do
	model <<<"$script"
	ask sallyport run -c providers.openai.stream=$stream "leaks: a model"
	ok $? "a run with a model, stream=$stream"
	model_stop
done
ask sallyport run "leaks: no model there"
ok "$([ $? != 0 ]; echo $?)" "a run whose model is not there"
unset OPENAI_BASE_URL OPENAI_API_KEY
kill -HUP $(supervisors)
sleep 1
ask sallyport runs list
ok $? "a question after a reload"
stop_supervisors
ok $? "the supervisor ends"

found=$(grep -ahE '^leaks process=' "$log" "$work/err" | sort | uniq -c)
for process in sallyport sallyportd judge dialer config-reader \
    cognition-worker exec-stream tracker-record; do
	like "$found" " leaks process=$process found=0" \
	    "$process: nothing is lost when it ends"
	unlike "$found" " leaks process=$process found=[^0]" \
	    "$process: none of them has lost anything"
done
[ "$failures" = 0 ] || grep -ahA 12 'LeakSanitizer' "$log" "$work/err" |
    head -n 200 | sed 's/^/# /'

# The control: a dialer that forgets some memory is found out.
rm -f "$log"
cp "$build/leaks/forgetful" "$work/tree/libexec/sallyport/dialer"
ask sallyport sandbox exec -- true
stop_supervisors
like "$(cat "$log")" '4321 byte' "control: a loss is found"
like "$(cat "$log")" 'leaks process=dialer found=1' "control: it is counted"
rm -f "$log"
