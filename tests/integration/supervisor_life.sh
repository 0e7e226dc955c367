#!/bin/bash
# One supervisor per user and state directory: found again, leaves by itself,
# takes everything with it.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

id=$(sallyport sandbox open)
is "$(supervisors | wc -l)" 1 "a command starts a supervisor"
first=$(supervisors)
sallyport sandbox exec --in "$id" -- true
is "$(supervisors)" "$first" "the next command finds it again"
tree=$(family)
names=$(for pid in $tree; do cat "/proc/$pid/comm"; done | sort -u | tr '\n' ' ')
for name in judge dialer tracker-record exec-stream guest; do
	like "$names" "$name" "$name is one of its processes"
done

for pid in $tree; do
	[ "$pid" != "$first" ] || continue
	name=$(cat "/proc/$pid/comm")
	status=$(cat "/proc/$pid/status")
	like "$status" 'Seccomp:.2' "$name has a filter"
	like "$status" 'NoNewPrivs:.1' "$name has no_new_privs"
	if [ "$name" = sandbox-launche ]; then
		# It still has to build: in a user namespace, of which it is root.
		unlike "$(readlink "/proc/$pid/ns/user")" \
		    "^$(readlink /proc/self/ns/user | tr '[]' '..')\$" \
		    "$name has capabilities over what is its own alone"
	else
		like "$status" 'CapEff:.0000000000000000' \
		    "$name has no capability"
	fi
	is "$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null)" "" \
	    "$name has an empty environment"
done

sallyport sandbox close "$id"
for try in $(seq 150); do
	[ -n "$(supervisors)" ] || break
	sleep 0.1
done
is "$(supervisors)" "" "it leaves when nothing is left to do"
is "$(alive $tree)" "" "and none of its processes stays"

sallyport sandbox open >/dev/null
tree=$(family)
kill -KILL "$(supervisors)"
sleep 1
is "$(alive $tree)" "" "when it is killed, nothing stays either"
is "$(sallyport sandbox exec -- echo again)" again "the next command starts anew"
