#!/bin/bash
# Whatever a model, a sandbox or a judge says, a terminal only ever shows it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../player.sh"
player
export NO_COLOR=1 TERM=dumb

# harmless FILE DESCRIPTION: no control but newline and tab (and the terminal's
# carriage return), no C1, no direction override, no OSC.
harmless() {
	/usr/bin/python3 - "$1" <<'PYTHON'
import re, sys
data = open(sys.argv[1], "rb").read().replace(b"\r\n", b"\n")
bad = re.findall(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa0-\xaf]|(?<![\x80-\xff])[\x80-\xbf]", data)
print("# raw:", bad[:5]) if bad else None
sys.exit(bool(bad) or len(data) == 0)
PYTHON
	ok $? "$2"
}

# shown DESCRIPTION COMMAND...: on a terminal, in a pipe, and as JSON.
shown() {
	local description=$1
	shift
	"$@" >"$work/pipe" 2>&1
	harmless "$work/pipe" "$description, in a pipe"
	script -qec "$(printf '%q ' "$@")" /dev/null </dev/null \
	    >"$work/terminal" 2>&1
	harmless "$work/terminal" "$description, on a terminal"
	"$@" --json >"$work/json" 2>/dev/null
	harmless "$work/json" "$description, as JSON"
}

shown "a run" sallyport run hostile --show thinking
shown "a run that fails" sallyport run hostile-failure
shown "a refusal" sallyport run refuse
shown "a list of runs" sallyport runs list
shown "one run" sallyport runs show abcd
shown "events" sallyport logs abcd
shown "files" sallyport files list abcd
shown "state" sallyport state abcd
like "$(sallyport run hostile 2>/dev/null)" '\\x1b\]52;c;ZXZpbA==\\x07' \
    "an OSC 52 sequence is shown, not obeyed"
like "$(sallyport run hostile 2>/dev/null)" '\\u\{202e\}' \
    "a direction override is shown"

script -qec "sallyport sandbox exec -- hostile" /dev/null </dev/null \
    >"$work/terminal" 2>&1
harmless "$work/terminal" "a command's output, on a terminal"
script -qec "sallyport files get abcd x" /dev/null </dev/null \
    >"$work/terminal" 2>&1
harmless "$work/terminal" "a recorded file, on a terminal"
sallyport sandbox exec -- hostile 2>/dev/null | LC_ALL=C grep -q $'\033'
ok $? "in a pipe the command's bytes are left as they are"
sallyport run hostile --output-format stream-json >"$work/json" 2>/dev/null
harmless "$work/json" "stream-json"
like "$(sed -n 5p "$work/json")" '"base64":"//4="' \
    "bytes that are no UTF-8 are in base64"
is "$(sed -n 1p "$work/json" | json run)" \
    01935f2c-1122-7344-8566-7778797a7b7c "a body cannot forge the run's id"
