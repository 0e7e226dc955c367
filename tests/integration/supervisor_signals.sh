#!/bin/bash
# SIGTERM, SIGHUP, readiness, one supervisor per directory, and what is left
# after SIGKILL.
# Runs in: the tests' shell; a player takes the judge's part.  Input: none.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/players/stage.sh"
stage worker
log=$work/log

# start NAME [OPTION...]: in the background, until it serves; sets $pid.
start() {
	local name=$1 try
	shift
	: >"$log"
	"$work/stage/bin/sallyportd" --user --state-dir "$work/$name" \
	    --log-level debug "$@" >"$log" 2>&1 &
	pid=$!
	for try in $(seq 100); do
		! grep -q ' serving ' "$log" || return 0
		sleep 0.05
	done
}

start hold
like "$(cat "$log")" 'serving socket=.*/hold/control.sock ' "it says what it serves"
if [ "$(id -u)" = 0 ]; then
	like "$(cat "$log")" 'uids="one for each process"' "and that uids are separate"
else
	like "$(cat "$log")" 'so no separate uids' "and that uids are not separate"
fi
is "$(stat -c %a "$work/hold/control.sock")" 600 "the socket is its owner's alone"
scene hold
is "$status" 75 "a second one for the same directory is refused"
like "$said" "already running: process $pid serves" "and told by whom it is served"
kill -TERM $pid
wait $pid
is $? 0 "SIGTERM ends it with status 0"
like "$(cat "$log")" 'stop_request now=0' "after the judge was asked"

start hold-on
kill -TERM $pid
sleep 0.3
kill -0 $pid
ok $? "a judge that has work to end is waited for"
kill -INT $pid
wait $pid
like "$(cat "$log")" 'stop_request now=1' "a second signal asks it to end at once"

printf 'a = 1\n' >"$work/file.toml"
chmod 600 "$work/file.toml"
digest=$(sha256sum "$work/file.toml" | cut -c1-8)
start hold --config "$work/file.toml"
like "$(cat "$log")" "config_file index=0 path=.*/file.toml digest=$digest" \
    "the judge is told the digest of the configuration"
chmod 666 "$work/file.toml"
kill -HUP $pid
sleep 0.3
like "$(cat "$log")" 'others may write it' "on SIGHUP a file that others may write is refused"
unlike "$(cat "$log")" 'reload_request' "and the judge hears nothing of it"
chmod 600 "$work/file.toml"
kill -HUP $pid
sleep 0.3
like "$(cat "$log")" 'reload_request files=1' "a good one reaches it"
kill -TERM $pid
wait $pid

scene leave --config "$work/absent.toml"
is "$status" 78 "a configuration file that is named and absent ends the start"

mkfifo "$work/ready"
exec 9<>"$work/ready"
start hold --ready-fd 9
byte=$(timeout 5 head -c 1 <&9)
exec 9>&-
is "$byte" 1 "a byte on the ready descriptor says that it serves"

child=$(pgrep -P $pid)
kill -KILL $pid
wait $pid 2>/dev/null
sleep 0.3
is "$(alive $child)" "" \
    "when it is killed, its children end with it"
start hold
like "$(cat "$log")" ' serving ' "the next one takes over lock and socket"
kill -TERM $pid
wait $pid
