#!/bin/bash
# The README's first ten things work as written, one after the other, where
# no model and no network is needed; its table of libraries is true.
# Runs in: the tests' shell.  Input: README.md.
. "$(dirname "$0")/../lib.sh"

# Commands stand indented below their number, a long one on several lines.
section=$(sed -n '/^## The first ten things/,/^## As a daemon/p' \
    "$top/README.md" | sed ':a; /\\$/ { N; s/\\\n *//; ba }')
is "$(grep -cE '^ ?[0-9]+\. \*\*' <<<"$section")" 10 "there are ten things"

newest() {
	sallyport runs list --json | head -n 1 | json run
}

cd "$work" || exit 70
thing=0
commands=0
while IFS= read -r line; do
	[[ $line =~ ^([0-9]+)\.\  ]] && thing=${BASH_REMATCH[1]}
	[[ $line =~ ^\ {7,} ]] || continue
	# The second thing is another model, which is not here.
	[ "$thing" != 2 ] || continue
	command=${line#"${BASH_REMATCH[0]}"}
	commands=$((commands + 1))
	[[ $command != *" RUN"* ]] || command=${command// RUN/ $(newest)}
	eval "$command" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	# What doctor misses here is no fault of the README.
	[[ $command != "sallyport doctor" ]] || status=0
	is $status 0 "$thing: ${command:0:60}"
	[ $status = 0 ] || sed 's/^/# /' "$work/err"
	case $command in
	*'files get'*) files_get=$(cat primes.py) ;;
	*'6 * 7'*) forty_two=$(cat "$work/out") ;;
	*'cat file') kept=$(cat "$work/out") ;;
	esac
done <<<"$section"
[ "$commands" -ge 16 ]
ok $? "all commands were found ($commands)"
like "${files_get:-}" 'sieve|prime' "files get brought the program"
is "${forty_two:-}" 42 "a command's output is its own"
is "${kept:-}" hello "an open sandbox keeps its files"

# linked LIBRARY: the programs that load it, in the README's words
linked() {
	local program
	for program in "$build"/bin/* "$build"/libexec/sallyport/*; do
		! readelf -d "$program" 2>/dev/null |
		    grep -qF "[lib$1" || basename "$program"
	done | sort | tr '\n' ' '
}

# said NAME: the programs in that library's row
said() {
	local program words
	words=$(grep -F "| $1" "$top/README.md" | head -n 1 |
	    sed 's/^| [^|]* | //')
	for program in "$build"/bin/* "$build"/libexec/sallyport/*; do
		! grep -qE "(^|[ ,])$(basename "$program")([ ,;]|\$)" \
		    <<<"$words" || basename "$program"
	done | sort | tr '\n' ' '
}

if ! command -v readelf >/dev/null; then
	skip "the table of libraries is true" "readelf is not installed"
	exit
fi
while read -r library name; do
	is "$(linked "$library")" "$(said "$name")" \
	    "$name is linked by those that the README names"
done <<'EOF'
event libevent
msgpackc msgpack-c
curl libcurl
jansson jansson
crypto OpenSSL
lmdb lmdb
sodium libsodium
seccomp libseccomp
EOF
all=$(for program in "$build"/bin/* "$build"/libexec/sallyport/*; do
	readelf -d "$program" 2>/dev/null
done | sed -nE 's/.*NEEDED.*\[lib([a-z]+).*/\1/p' | sort -u |
    grep -vxE 'c|m|asan|ubsan' | tr '\n' ' ')
is "$all" "crypto curl event jansson lmdb msgpackc seccomp sodium " \
    "no other library is linked"
