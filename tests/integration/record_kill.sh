#!/bin/bash
# A record whose writer is killed at any of its writes opens again, and holds,
# in an unbroken chain, everything that was said to be on the disk.
source "$(dirname "$0")/../lib.sh"

writer=$build/tests/record_writer
strace -o /dev/null true 2>/dev/null || skip_all "strace cannot trace here"

# one KILLED-AT: 0 if the record is whole, 1 if not, 2 if it was not killed
one() { # SYSCALL N
	local dir=$work/$1.$2 told found
	mkdir "$dir" && cd "$dir" || return 1
	told=$(strace -o /dev/null -e trace="$1" \
	    -e inject="$1:signal=KILL:when=$2" "$writer" 2>/dev/null | tail -n 1)
	found=$("$writer" check 2>"$work/error") || return 1
	"$writer" >/dev/null 2>"$work/error" || return 1
	"$writer" check >/dev/null 2>"$work/error" || return 1
	[ "$found" -ge "${told:-0}" ] || return 1
	[ "${told:-0}" != 6 ] || return 2
}

for call in pwrite64 writev fdatasync; do
	broken=
	kills=0
	for n in $(seq 24); do
		one "$call" "$n"
		case $? in
		0) kills=$((kills + 1)) ;;
		1) broken="$broken $n" ;;
		2) break ;;
		esac
	done
	is "$broken" "" "killed at each of $kills $call calls, nothing is lost"
	total=$((${total:-0} + kills))
done
[ "$total" -ge 15 ]
ok $? "the writer was killed $total times"
cd /
