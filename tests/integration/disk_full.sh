#!/bin/bash
# A full disk under the record: no new tool runs, what was recorded stays
# readable, and work goes on when there is room again.
# Runs in: the tests' shell; needs root for its small file system.  Input: none.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root to mount a small file system"

mkdir -p "$SALLYPORT_STATE_DIR"
mount -t tmpfs -o size=8m,mode=0700 tmpfs "$SALLYPORT_STATE_DIR" ||
    skip_all "cannot mount a tmpfs here"
trap 'stop_supervisors; umount -l "$SALLYPORT_STATE_DIR"; finish' EXIT
goal='Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output'

sallyport run "$goal" >/dev/null 2>&1
is $? 0 "a run while there is room"
first=$(sallyport runs list --json | head -n 1 | json run)
dd if=/dev/zero of="$SALLYPORT_STATE_DIR/filler" bs=4k 2>/dev/null
sallyport run "$goal" >"$work/out" 2>"$work/err"
is $? 73 "a run on the full disk ends with 73"
is "$(cat "$work/out")" "" "and gives no answer"
like "$(cat "$work/err")" '[Dd]isk|space|full' "it says why"
is "$(sallyport runs show "$first" --json | json status)" finished \
    "what was recorded stays readable"
rm "$SALLYPORT_STATE_DIR/filler"
sallyport run "$goal" >/dev/null 2>&1
is $? 0 "and work goes on when there is room"
