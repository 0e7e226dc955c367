#!/bin/bash
# Nothing stays behind: no process, cgroup, mount, memfd or directory.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

# What a supervisor made outside of its state directory.
made_by() { # PID
	find /sys/fs/cgroup -type d -name "sallyport-$1" 2>/dev/null
	find "${TMPDIR:-/tmp}" /dev/shm /run -maxdepth 1 \
	    -newer "$work/start" -name "*sallyport*$1*" 2>/dev/null
}

touch "$work/start"
mounts=$(grep -c . /proc/self/mountinfo)
id=$(sallyport sandbox open)
server=$(supervisors)
for n in $(seq 20); do
	sallyport sandbox exec -- sh -c 'sleep 100 & echo done' >/dev/null
done
sallyport sandbox exec --timeout 1 -- sleep 60 2>/dev/null
sallyport sandbox exec -- /no/such/program 2>/dev/null
sallyport sandbox exec -c agents.sandbox.native.memory_limit=16m -- \
    python3 -c 'x = bytearray(1 << 30)' >/dev/null 2>&1
sallyport run "something that nobody recorded" >/dev/null 2>&1
for pid in $(supervisors); do
	fds=$(ls "/proc/$pid/fd" | wc -l)
	[ "$fds" -lt 64 ]
	ok $? "the supervisor holds few descriptors ($fds)"
	for child in $(pgrep -P "$pid"); do
		fds=$(ls "/proc/$child/fd" 2>/dev/null | wc -l)
		[ "$fds" -lt 64 ]
		ok $? "$(cat "/proc/$child/comm") too ($fds)"
	done
done
is "$(supervisors)" "$server" "one supervisor served them all"
tree=$(family)
sallyport sandbox close "$id"
stop_supervisors
sleep 0.5
is "$(alive $tree)" "" "after 25 sandboxes no process is left"
is "$(made_by "$server")" "" "and no cgroup or file outside the state directory"
is "$(grep -c . /proc/self/mountinfo)" "$mounts" "and no mount"
is "$(ls "$SALLYPORT_STATE_DIR" | grep -v '^\(lock\|keys\|tenants\|sallyportd.log\)$')" "" \
    "the state directory holds only the record, its keys and the log"
