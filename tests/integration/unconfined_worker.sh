#!/bin/bash
# A worker without its own seccomp filter gets no work, and what needed it ends
# as an integrity failure: tried with a build of each worker in which
# confine() does nothing.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

[ -x "$build/probe/missing/judge" ] ||
    skip_all "the probe builds are missing: make probe"

# installation WORKER: a copy of the build in which that worker is unconfined
installation() {
	rm -rf "$work/tree" "$work/state"
	mkdir -p "$work/tree/libexec"
	mkdir -m 700 "$work/state"
	cp -r "$build/bin" "$work/tree/bin"
	cp -r "$build/libexec/sallyport" "$work/tree/libexec/sallyport"
	[ "$1" = none ] ||
	    cp "$build/probe/missing/$1" "$work/tree/libexec/sallyport/$1"
}

# Start the supervisor; true if it serves within some seconds.
serves() {
	"$work/tree/bin/sallyportd" --user --state-dir "$SALLYPORT_STATE_DIR" \
	    >"$work/log" 2>&1 &
	pid=$!
	local tries
	for tries in $(seq 100); do
		grep -q ' serving socket=' "$work/log" && return 0
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	wait $pid
	status=$?
	return 1
}

# The control: nothing is replaced, and it serves.
installation none
serves
ok $? "control: with every worker confined the supervisor serves"
kill $pid 2>/dev/null
wait $pid

refuse_start() {
	installation "$1"
	serves
	is $? 1 "$1 without its filter: the supervisor does not serve"
	is "${status:-}" 76 "$1 without its filter: exit status 76"
	like "$(cat "$work/log")" "$1.* is not confined|not confined as its page" \
	    "$1 without its filter: the log says so"
}

refuse_start judge
refuse_start dialer
printf '[sallyport]\ndefault_provider = "replay"\n' >"$config"
chmod 600 "$config"
refuse_start config-reader
rm -f "$config"

refuse_run() { # WORKER STATUS
	installation "$1"
	out=$("$work/tree/bin/sallyport" run --provider replay \
	    "an unconfined worker" 2>&1 </dev/null)
	is $? "$2" "$1 without its filter: the run ends with status $2"
	like "$out" "confined" "$1 without its filter: the run says why"
	stop_supervisors >/dev/null
}

refuse_run exec-stream 76
refuse_run cognition-worker 76
refuse_run tracker-record 73	# nothing is recorded, so nothing is run
