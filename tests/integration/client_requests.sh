#!/bin/bash
# What the user asks for reaches the judge, and nothing else does.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../player.sh"
player

asked() { # COMMAND...: run it, and print what the judge has seen since
	local before
	before=$(wc -l <"$seen")
	"$@" >"$work/out" 2>"$work/err"
	sleep 0.05
	tail -n "+$((before + 1))" "$seen"
}

printf '  a goal\nof two lines  \n' >"$work/goal"
printf 'a\0b\377' >"$work/binary"
got=$(asked sallyport run --goal-file "$work/goal" --constraint one \
    --constraint two --context "$work/goal" --context "$work/binary" \
    --model m --max-iterations 4 --timeout 9 --sandbox none -c a.b=1)
like "$got" '^goal a goal$' "the goal comes from the file"
like "$got" 'model m sandbox none iterations 4 timeout 9' "options arrive"
is "$(grep -c '^constraint' <<<"$got")" 2 "both constraints"
like "$got" '^context text 24' "a text file is text"
like "$got" '^context bytes 4' "other bytes are bytes"
like "$got" '^setting a.b=1 \(-c\)' "-c is a setting with its origin"
got=$(printf 'from stdin' | asked sallyport run -)
like "$got" '^goal from stdin' "- reads the goal from standard input"
got=$(SALLYPORT_AGENTS__SANDBOX__MODE=none OPENAI_BASE_URL=http://h/v1 \
    OPENAI_API_KEY=very-secret SSL_CERT_FILE=$work/goal asked sallyport run g)
like "$got" '^setting agents.sandbox.mode=none \(environment SALLYPORT_AGENTS__SANDBOX__MODE\)' \
    "the environment sets agents.sandbox.mode"
like "$got" '^setting providers.openai.base_url=http://h/v1 \(environment OPENAI_BASE_URL\)' \
    "OPENAI_BASE_URL is a setting"
like "$got" 'bundle 24 credential 11' "CA bundle and key travel as blobs"
unlike "$got$(cat "$work/out" "$work/err")" 'very-secret' \
    "the key is in no text"
got=$(asked sallyport run --replay "$work/binary" g)
like "$got" 'provider replay .*replay 4' "--replay brings its turns"
sallyport run --record "$work/turns" ok >/dev/null 2>&1
is "$(cat "$work/turns")" '{"turn":1}' "--record writes the turns"
is "$(stat -c %a "$work/turns")" 600 "for the user's eyes only"
sallyport run --record "$work/turns" --force ok >/dev/null 2>&1
is $? 0 "--force replaces the file"

is "$(sallyport sandbox exec -- flood | wc -c)" 8388608 \
    "a flood arrives in full, by credits"
is "$(head -c 100000 /dev/zero | sallyport sandbox exec --stdin -- cat |
    wc -c)" 100000 "standard input is passed on"
got=$(asked sallyport sandbox exec --timeout 1.5 -c a=b -- exit7 --json)
like "$got" 'exec exit7 words 2 timeout 1500' "a command's options are its own"
like "$got" '^close_request' "a sandbox for one command is closed again"
like "$got" '^setting a=b' "settings reach the sandbox"
id=$(sallyport sandbox open 2>/dev/null)
got=$(asked sallyport sandbox exec --in "$id" -- exit7)
unlike "$got" 'open_request|close_request' "--in neither opens nor closes"
is "$(sallyport sandbox exec --json -- exit7 | json stdout.base64)" "/w==" \
    "--json gives the result as one object"

is "$(sallyport runs list --limit 1000 --json | wc -l)" 1000 \
    "a thousand rows arrive, by credits"
is "$(sallyport files get abcd x | sha256sum)" \
    "$(for i in $(seq 40); do /usr/bin/python3 -c 'import sys
sys.stdout.buffer.write(bytes(range(256)))'; done | sha256sum)" \
    "a file arrives byte for byte"
sallyport files get abcd x -o "$work/file"
is "$(stat -c %s "$work/file")" 10240 "-o writes it to a file"
sallyport files get dead x -o "$work/nothing" 2>/dev/null
is "$? $(ls "$work" | grep -c nothing)" "65 0" \
    "a file that is not there leaves none"
got=$(asked sallyport run --detach ok)
is "$(cat "$work/out")" 01935f2c-1122-7344-8566-7778797a7b7c \
    "--detach prints the run's id"
like "$got" 'detach 1' "and the judge knows"
unlike "$(cat "$seen")" '^fault' "the judge has nothing to complain about"

player_stop
player --daemon
got=$(OPENAI_API_KEY=very-secret asked sallyport run ok)
like "$got" 'detach 1 .*credential 0' "a daemon gets no key of the user's"
