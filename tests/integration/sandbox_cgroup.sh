#!/bin/bash
# A sandbox's cgroup: made where one may be, said where not, gone afterwards.
# Runs in: the tests' shell; players take the parts of judge and worker.
# Input: none.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/players/stage.sh"
stage worker

groups() {
	find /sys/fs/cgroup -maxdepth 6 -name "sallyport-$1" 2>/dev/null
}

"$work/stage/bin/sallyportd" --user --state-dir "$work/sandbox-stays" \
    --log-level debug >"$work/log" 2>&1 &
pid=$!
for try in $(seq 100); do
	! grep -q guest_spawned "$work/log" || break
	sleep 0.1
done
said=$(cat "$work/log")
guest=$(pgrep -x -P $pid guest || pgrep -P $pid | tail -n 1)
if printf '%s\n' "$said" | grep -q 'cgroup=v'; then
	like "$said" 'assume .*cgroups=1' "the judge is told that groups can be made"
	like "$(groups $pid)" "sallyport-$pid" "there is a group of this supervisor's"
	like "$(cat /proc/"$guest"/cgroup)" "sallyport-$pid/1" "the guest is in it"
	limits=$(for g in $(groups $pid); do
		cat "$g"/1/memory.limit_in_bytes "$g"/1/memory.max \
		    "$g"/1/pids.max "$g"/1/cpu.cfs_quota_us \
		    "$g"/1/cpu.max 2>/dev/null
	done)
	like "$limits" '^67108864$' "its memory is limited"
	like "$limits" '^32$' "its processes are limited"
	like "$limits" '^50000( 100000)?$' "its CPU time is limited"
else
	like "$said" 'guest_spawned .*cgroup=none: ' "it is said why there is none"
	like "$said" 'assume .*cgroups=0' "the judge is told"
	limit=$(grep 'Max data size' /proc/"$guest"/limits 2>/dev/null)
	like "$limit" '67108864' "memory is limited for each process instead"
fi
kill -TERM $pid
wait $pid
is $? 0 "it ends"
is "$(groups $pid)" "" "no group is left"
is "$(alive $guest)" "" "nor the guest"

scene sandbox
like "$said" 'guest_spawned number=9 ' "a sandbox is built again"
like "$said" 'exited number=9 signal=9 oom=0' "and its end is reported"

: >"$work/log"
"$work/stage/bin/sallyportd" --user --state-dir "$work/sandbox-stays" \
    >"$work/log" 2>&1 &
pid=$!
for try in $(seq 100); do
	! grep -q guest_spawned "$work/log" || break
	sleep 0.1
done
guest=$(pgrep -P $pid | tail -n 1)
kill -KILL $pid
wait $pid 2>/dev/null
sleep 0.5
is "$(alive $guest)" "" "a killed supervisor's sandbox ends with it"
scene leave
is "$(groups $pid)" "" "and its group is removed by the next one"
