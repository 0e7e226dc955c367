#!/bin/bash
# A sanitizer's report about a confined worker is in the supervisor's log, and
# a script in whose logs there is one fails.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"
[ -x "$build/leaks/faulty" ] ||
    skip_all "there are reports only in the sanitizer build"

mkdir -p "$work/tree/libexec"
cp -r "$build/bin" "$work/tree/bin"
cp -r "$build/libexec/sallyport" "$work/tree/libexec/sallyport"
cp "$build/leaks/faulty" "$work/tree/libexec/sallyport/dialer"
"$work/tree/bin/sallyport" sandbox exec -- true >/dev/null 2>&1 </dev/null
stop_supervisors
mv "$SALLYPORT_STATE_DIR/sallyportd.log" "$work/log"
report=$(sanitizer_reports)
rm "$work/log"
like "$report" 'AddressSanitizer: heap-buffer-overflow' \
    "a confined worker's report is in the log"

# That script passes but for what is in its logs.
cat >"$work/script" <<'E2'
. "$1/tests/lib.sh"
mkdir -p "$SALLYPORT_STATE_DIR"
echo "$2" >"$SALLYPORT_STATE_DIR/sallyportd.log"
ok 0 "all is well"
E2
out=$(bash "$work/script" "$top" "level=info process=judge")
is $? 0 "control: a script without a report passes"
for line in "==7==ERROR: AddressSanitizer: heap-use-after-free on address" \
    "ipc/pack.c:7:3: runtime error: signed integer overflow" \
    "==7==ERROR: LeakSanitizer: detected memory leaks"; do
	out=$(bash "$work/script" "$top" "$line")
	is $? 1 "a script with a report fails"
	like "$out" "not ok 2" "and says so: ${line:0:40}"
done
rm "$work/script"
