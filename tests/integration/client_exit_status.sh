#!/bin/bash
# Each end has its documented exit status, and errors say what to do.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../player.sh"
player

status() { # WANTED DESCRIPTION COMMAND...
	local wanted=$1 description=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err"
	is $? "$wanted" "$description"
}

for end in finished:0 max_iterations:3 timeout:124 budget:3 \
    awaiting_approval:75 denied:77 cancelled:130 provider_error:69 \
    sandbox_error:69 no_progress:3 integrity:76 failed:1 record_error:73; do
	status "${end#*:}" "a run that ends as ${end%:*}" \
	    sallyport run "stop:${end%:*}"
done
[ -s "$work/out" ]
is $? 1 "a run that failed gives no answer"
status 77 "a refused run" sallyport run refuse
like "$(cat "$work/err")" '^hint: ' "a refusal has a hint"
status 77 "a refused run with --json" sallyport run refuse --json
is "$(json error <"$work/out")" SandboxAccessDenied "the error is an object"
is "$(json exit_code <"$work/out")" 77 "with its exit status"
status 69 "a server that closes in the middle" sallyport run close
like "$(cat "$work/err")" 'closed the connection' "and says so"
status 76 "a server that breaks the protocol" sallyport run broken
like "$(cat "$work/err")" 'IntegrityError' "and names it"

status 7 "a command's own status" sallyport sandbox exec -- exit7
is "$(cat "$work/err")" complaint "with nothing added to its stderr"
status 137 "a command that was killed" sallyport sandbox exec -- killed
status 124 "a command that took too long" sallyport sandbox exec -- slow
like "$(cat "$work/err")" SandboxTimeoutError "the time-out is named"
status 125 "a command that is not there" sallyport sandbox exec -- missing
like "$(cat "$work/err")" SandboxExecutionError "the failure is named"
status 77 "a command that policy denies" sallyport sandbox exec -- denied
status 125 "a server that closes during a command" \
    sallyport sandbox exec -- close
status 65 "a run that is not there" sallyport runs show dead

status 64 "an unknown option" sallyport run --modle x goal
like "$(cat "$work/err")" "did you mean '--model'" "the nearest is named"
status 64 "an unknown command" sallyport snadbox
like "$(cat "$work/err")" "did you mean 'sandbox'" "the nearest is named"
status 64 "an option of a later version" sallyport run --image x goal
like "$(cat "$work/err")" 'not available in this version' "said as such"
status 64 "a sandbox of a later version" sallyport run --sandbox docker goal
like "$(cat "$work/err")" 'not available in this version' "said as such"
status 64 "no goal" sallyport run
status 64 "a run that cannot be one" sallyport logs ../x
status 65 "a context file that is not there" \
    sallyport run --context /no/such/file goal
status 65 "a replay file that is empty" \
    sallyport run --replay /dev/null goal
touch "$work/exists"
status 64 "a record file that exists" \
    sallyport run --record "$work/exists" goal
OPENAI_API_KEY='two words' status 78 "a key with a space" sallyport run goal
unlike "$(cat "$work/err")" 'two words' "which is not repeated"
bad=
while read -r noun name rest; do
	[ "$name" != "${name#[a-z]}" ] || name=
	sallyport $noun $name --help 2>/dev/null | grep -q '^example:' ||
	    bad="$bad $noun-$name"
done < <(sallyport help | sed -n 's/^  \([a-z ]\{16\}\).*/\1/p')
is "$bad" "" "every command has --help with an example"
like "$(sallyport help exit)" '124 +SandboxTimeoutError' \
    "help exit lists the named errors"
sallyport runs list --limit 5000 | head -n 1 >/dev/null
is "${PIPESTATUS[0]}" 0 "a reader that has had enough is no error"
status 73 "an output that cannot be written" \
    bash -c 'sallyport runs list --limit 5000 >/dev/full'
