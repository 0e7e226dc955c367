#!/bin/bash
# Ctrl-C once cancels a private run or leaves a daemon's run; twice kills.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../player.sh"
player

start() { # a run that does not end by itself; sets $client
	: >"$work/err"
	sallyport run hang >"$work/out" 2>"$work/err" &
	client=$!
	local tries
	for tries in $(seq 100); do
		grep -q '^run ' "$work/err" && return
		sleep 0.02
	done
}

start
kill -INT $client
wait $client
is $? 130 "a cancelled run ends with 130"
like "$(cat "$seen")" '^cancel now 0' "one Ctrl-C asks the run to end"
like "$(cat "$work/err")" 'Ctrl-C again kills' "and says what two would do"

start
serving=$(pgrep -P $player_pid | tail -n 1)
kill -STOP "$serving"
kill -INT $client
sleep 0.2
kill -INT $client
sleep 0.2
kill -CONT "$serving"
wait $client
is $? 130 "two end with 130 as well"
like "$(cat "$work/err")" '^killing' "the second one kills"

start
kill -TERM $client
wait $client
is $? 130 "SIGTERM is taken as Ctrl-C"

player_stop
player --daemon
start
kill -INT $client
wait $client
is $? 130 "leaving a daemon's run ends with 130"
like "$(cat "$work/err")" 'the run goes on.*sallyport logs' \
    "and says how to follow it"
unlike "$(cat "$seen")" '^cancel_request' "the run is left alone"
