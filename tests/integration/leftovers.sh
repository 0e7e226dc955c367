#!/bin/bash
# Nothing stays behind: no process, cgroup, mount, memfd or directory.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

state() {
	find /sys/fs/cgroup -type d -name '*sallyport*' 2>/dev/null | sort
	grep -c . /proc/self/mountinfo
	find "${TMPDIR:-/tmp}" -maxdepth 1 -user "$(id -un)" -name '*sallyport*' \
	    ! -path "$work" 2>/dev/null | grep -v 'sallyport-\(test\|run\|bench\)' | sort
	pgrep -u "$(id -u)" -x 'judge|dialer|tracker-record|exec-stream|guest|cognition-work' | sort
}
before=$(state)
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
stop_supervisors
sleep 0.5
is "$(state)" "$before" "after 24 sandboxes everything is as before"
is "$(ls "$SALLYPORT_STATE_DIR" | grep -v '^\(lock\|tenants\|sallyportd.log\)$')" "" \
    "the state directory holds only the record and the log"
