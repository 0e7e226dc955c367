# lib.sh: what every integration script needs.  Source it first.
#
# A script prints TAP.  It gets a directory of its own ($work), in which the
# supervisor it starts keeps its state, and leaves nothing behind.
# Runs in: the tests' shell, as root or as an ordinary user.  Input: none.

set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${SALLYPORT_BUILD:-$top/build}
PATH=$build/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-test.XXXXXX")
mkdir -p "$work/home" "$work/config/sallyport"
export HOME=$work/home XDG_CONFIG_HOME=$work/config
export SALLYPORT_STATE_DIR=$work/state
unset OPENAI_API_KEY OPENAI_BASE_URL SSL_CERT_FILE XDG_STATE_HOME
config=$XDG_CONFIG_HOME/sallyport/sallyport.toml
# Not empty: the processes are sanitized, so their memory says nothing.
sanitized=$(grep -lF __asan_init "$build/bin/sallyportd" 2>/dev/null)
tests=0
failures=0

# ok CONDITION-STATUS DESCRIPTION
ok() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
	fi
}

# is GOT WANTED DESCRIPTION
is() {
	[ "$1" = "$2" ]
	ok $? "$3"
	[ "$1" = "$2" ] || printf '# got:    %q\n# wanted: %q\n' "$1" "$2"
}

# like TEXT EXTENDED-REGEX DESCRIPTION
like() {
	printf '%s\n' "$1" | grep -Eq -- "$2"
	local status=$?
	ok $status "$3"
	[ $status = 0 ] || printf '%s\n' "$1" | head -n 40 | sed 's/^/# /'
}

# unlike TEXT EXTENDED-REGEX DESCRIPTION
unlike() {
	! printf '%s\n' "$1" | grep -Eq -- "$2"
	local status=$?
	ok $status "$3"
	[ $status = 0 ] || printf '%s\n' "$1" | head -n 40 | sed 's/^/# /'
}

# skip DESCRIPTION REASON
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# json FIELD: a field of the JSON object on standard input ("a.b" goes down).
json() {
	/usr/bin/python3 -c '
import json, sys
value = json.loads(sys.stdin.read())
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value[name]
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

supervisors() {
	local pid
	for pid in $(pgrep -r D,R,S,T -x sallyportd); do
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null |
		    grep -qF -- "$work/" && echo "$pid"
	done
	return 0
}

# Processes of this script's supervisors, all generations.
family() {
	local pid
	for pid in $(supervisors); do
		pstree_pids "$pid"
	done
}

pstree_pids() {
	local child
	echo "$1"
	for child in $(pgrep -P "$1"); do
		pstree_pids "$child"
	done
}

# alive PID...: the names of those that still run (zombies do not).
alive() {
	local pid
	for pid; do
		grep -q '^State:.[^ZX]' "/proc/$pid/status" 2>/dev/null &&
		    cat "/proc/$pid/comm"
	done
	return 0
}

stop_supervisors() {
	local pid tries
	for pid in $(supervisors); do
		kill -TERM "$pid" 2>/dev/null
	done
	for tries in $(seq 100); do
		[ -n "$(supervisors)" ] || return 0
		sleep 0.1
	done
	echo "# a supervisor did not stop on SIGTERM"
	for pid in $(supervisors); do
		kill -KILL "$pid" 2>/dev/null
	done
	return 1
}

# model [OPTION...] < SCRIPT: start the scripted model server; sets $port and
# the two variables that a user would set.
model() {
	cat >"$work/model.json"
	rm -f "$work/model.port"
	/usr/bin/python3 "$top/tests/servers/model_server.py" \
	    --requests "$work/requests" "$@" "$work/model.json" \
	    >"$work/model.port" 2>"$work/model.log" &
	model_pid=$!
	local try
	for try in $(seq 200); do
		[ "$(wc -l 2>/dev/null <"$work/model.port")" != 3 ] || break
		sleep 0.05
	done
	port=$(sed -n 1p "$work/model.port")
	ca=$(sed -n 3p "$work/model.port")
	export OPENAI_BASE_URL=http://127.0.0.1:$port/v1
	export OPENAI_API_KEY=test-key
}

model_stop() {
	[ -n "${model_pid:-}" ] || return 0
	kill "$model_pid" 2>/dev/null
	wait "$model_pid" 2>/dev/null
	model_pid=
}

# What a sanitizer wrote about any process of ours, wherever it went.
sanitizer_reports() {
	grep -rahE -D skip -A 20 \
	    'ERROR: (Address|Leak)Sanitizer|runtime error: |Sanitizer.*fatal' \
	    "$work" 2>/dev/null | head -n 60
}

finish() {
	local status=$? reports
	trap - EXIT
	model_stop
	stop_supervisors
	reports=$(sanitizer_reports)
	if [ -n "$reports" ]; then
		ok 1 "no sanitizer has anything to report"
		printf '%s\n' "$reports" | sed 's/^/# /'
	fi
	if [ "$tests" -gt 0 ]; then
		echo "1..$tests"
	fi
	if [ "$failures" != 0 ] && [ -s "$SALLYPORT_STATE_DIR/sallyportd.log" ]
	then
		tail -n 30 "$SALLYPORT_STATE_DIR/sallyportd.log" |
		    sed 's/^/# log: /'
	fi
	rm -rf "$work"
	[ $status != 0 ] || [ "$failures" = 0 ] || status=1
	exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
