#!/bin/bash
# A gigabyte of output: head and tail are kept, the rest is counted, and no
# process of ours grows by more than 8 MiB.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

rss() { # the largest resident set of any process of ours, in KiB, by name
	local pid
	for pid in $(family); do
		awk -v name="$(cat "/proc/$pid/comm" 2>/dev/null)" \
		    '/^VmHWM/ { print name, $2 }' "/proc/$pid/status" 2>/dev/null
	done
}

id=$(sallyport sandbox open)
sallyport sandbox exec --in "$id" -- true
rss | sort >"$work/before"
bytes=$(sallyport sandbox exec --in "$id" -- head -c 1000000000 /dev/zero 2>"$work/err" | wc -c)
is $? 0 "a gigabyte is carried out"
rss | sort >"$work/after"
grown=$(join "$work/before" "$work/after" | awk '$3 - $2 > 8192')
if [ -n "$sanitized" ]; then
	skip "no process grew by more than 8 MiB" "ASan keeps what is freed"
else
	is "$grown" "" "no process grew by more than 8 MiB"
fi
[ "$bytes" -gt 0 ]
ok $? "output arrived ($bytes bytes)"
sallyport sandbox close "$id"
