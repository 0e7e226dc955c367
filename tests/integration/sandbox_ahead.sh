#!/bin/bash
# One sandbox is built ahead: the next run gets it, and its loss is no matter.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

# The waiting processes: the launcher and what will be the guest.
ahead() {
	local pid try
	for try in $(seq 100); do
		waiting=$(for pid in $(family); do
			[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != \
			    sandbox-launche ] || echo "$pid"
		done)
		[ "$(echo $waiting | wc -w)" != "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

id=$(sallyport sandbox open)
ahead 2
ok $? "after a sandbox the next one is built ahead"
spare=$(for pid in $waiting; do readlink "/proc/$pid/ns/mnt"; done | sort -u)

id2=$(sallyport sandbox open -c agents.sandbox.native.disk_limit=3m)
inside=$(sallyport sandbox exec --in "$id2" -- readlink /proc/self/ns/mnt)
like "$(echo $spare)" "$(echo "$inside" | tr '[]' '..')" "the next sandbox is that one"
is "$(sallyport sandbox exec --in "$id2" -- df --output=size -k /work | tail -n 1 | tr -d ' ')" \
    3072 "with the limits of its own run"

ahead 2
kill -KILL $waiting
is "$(sallyport sandbox exec -- echo works 2>&1)" works \
    "one that was killed is not given to anybody"
ahead 2
newest=$(for pid in $(family); do
	[ "$(cat "/proc/$pid/comm")" != exec-stream ] || echo "$pid"
done | sort -n | tail -n 1)
kill -KILL "$newest"
is "$(sallyport sandbox exec -- echo works 2>&1)" works \
    "nor one whose stream role is gone"

ahead 2
kill -KILL "$(supervisors)"
sleep 0.5
is "$(alive $waiting)" "" "it ends with its supervisor"
