#!/bin/bash
# A record that was changed behind its keeper's back is noticed, and the first
# record that is not what it was is named: by audit verify, live and from an
# export; and a tracker that contradicts the signed head gets nothing to do.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

record=$SALLYPORT_STATE_DIR/tenants/default/record
head_file=$SALLYPORT_STATE_DIR/keys/head-default
goal='Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output'

sallyport run "$goal" >"$work/out" 2>"$work/err"
is $? 0 "a run is recorded"
for try in $(seq 100); do
	last=$(sed -n 's/^place //p' "$head_file")
	events=$(sallyport audit export | grep -c '^{"place"')
	[ "$last" != "$events" ] || break
	sleep 0.05
done
is "$last" "$events" "its end is signed"
sallyport audit key >"$work/key.pub"
sallyport audit verify --live >"$work/out" 2>"$work/err"
is $? 0 "the untouched record is verified"
like "$(cat "$work/out")" "^head: +$last:[0-9a-f]{64}\$" "and its head is told"
stop_supervisors
cp -a "$SALLYPORT_STATE_DIR" "$work/pristine"

restore() {
	stop_supervisors
	rm -rf "$SALLYPORT_STATE_DIR"
	cp -a "$work/pristine" "$SALLYPORT_STATE_DIR"
}

# tampered ACT PLACE REGEX DESCRIPTION: what verify says, live and exported
tampered() {
	restore
	(cd "$record" && "$build/tests/record_tamper" "$1" "$2")
	ok $? "$1 at place $2"
	sallyport audit verify --live >"$work/out" 2>"$work/err"
	is $? 76 "$4: status 76"
	like "$(cat "$work/err")" "IntegrityError: $3" "$4: named"
}
tampered flip 7 'place 7: the event was changed' "a changed byte"
sallyport audit export >"$work/export" 2>"$work/err2"
sallyport audit verify "$work/export" --key "$work/key.pub" 2>"$work/err"
is $? 76 "an export of it is refused, too"
like "$(cat "$work/err")" 'place 7: ' "and names the same place"
tampered remove 9 'place 9: removed' "a removed event"
tampered forget 9 'place 9: removed or reordered' "an event without its place"
tampered reorder 5 'place 5: ' "two events in another order"
tampered insert 6 "place 1: this is another history: .* to place $last " \
    "an event that was pushed in, with all heads made anew"
tampered append 6 'inserted: the record holds' "an event without a place"
tampered truncate $((last - 2)) "place $((last - 2)): cut off" "a record cut short"

sallyport run "$goal" >"$work/out" 2>"$work/err"
is $? 76 "a record cut short below the signed head takes no new run"
like "$(cat "$work/err")" 'IntegrityError' "the error is named"
like "$(cat "$work/err")" 'audit verify --live' "the hint says what to do"
sallyport sandbox exec -- true >"$work/out" 2>"$work/err"
is $? 125 "nor a sandbox"
like "$(cat "$work/err")" 'IntegrityError' "for the same reason"
is "$(sallyport audit export | grep -c '^{"place"')" $((last - 3)) \
    "it can still be read, as evidence"

restore
sed -i 's/^place .*/place 1/' "$head_file"
sallyport runs list >"$work/out" 2>"$work/err"
is $? 76 "a signed head that was changed: the supervisor does not start"
like "$(cat "$work/err")" 'head-default: its signature does not fit' "and names it"
restore
rm "$SALLYPORT_STATE_DIR/keys/signing.key"
sallyport runs list >"$work/out" 2>"$work/err"
is $? 76 "a key that is gone: the same"
restore
chmod 644 "$SALLYPORT_STATE_DIR/keys/signing.key"
sallyport runs list >"$work/out" 2>"$work/err"
is $? 76 "a key that others may read: the same"
restore
sallyport run "$goal" >"$work/out" 2>"$work/err"
is $? 0 "the untouched record goes on"
