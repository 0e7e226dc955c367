#!/bin/bash
# An export is verified offline with the public key alone, by sallyport and by
# the steps of sallyport-audit(7) with sha256sum and openssl; whatever is done
# to the file, the first record that is not right is named.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

key=$work/key.pub
"$build/tests/audit_maker" 2500 "$key" >"$work/good"
verify() { # FILE [OPTION...]
	sallyport audit verify "$@" --key "$key" >"$work/out" 2>"$work/err"
}
verify "$work/good"
is $? 0 "an export is verified without a supervisor"
like "$(cat "$work/out")" '2500 events of' "and counted"
like "$(cat "$work/out")" 'place 2500, .* by 3 checkpoints' "with its checkpoints"
is "$(supervisors)" "" "no supervisor was started for it"
head=$(sed -n 's/^{"place":2100,.*"head":"\([0-9a-f]*\)","tenant.*/\1/p' "$work/good")

refused() { # DESCRIPTION REGEX [OPTION...]
	local name=$1 regex=$2
	shift 2
	verify "$work/bad" "$@"
	is $? 76 "$name: status 76"
	like "$(cat "$work/err")" "$regex" "$name: named"
}
sed '1500s/execute_shell/execute_shelf/' "$work/good" >"$work/bad"
refused "a changed body" 'place 1499: changed'
sed '/^{"place":7,/s/"bytes":"l6dk/"bytes":"l6dl/' "$work/good" >"$work/bad"
refused "changed bytes" 'place 7: '
sed '/^{"place":1200,/d' "$work/good" >"$work/bad"
refused "a removed line" 'place 1200: removed'
sed '/^{"place":3,/{h;d};/^{"place":4,/G' "$work/good" >"$work/bad"
refused "two lines in another order" 'place 3: removed or reordered: place 4 follows place 2'
sed '/^{"place":50,/p' "$work/good" >"$work/bad"
refused "a line twice" 'place 50: inserted or reordered'
sed '/^{"place":1700,/s/"at":1/"at":2/' "$work/good" >"$work/bad"
refused "a changed time" 'place 1700: changed'
sed '/^{"place":1700,/s/}$/} /' "$work/good" >"$work/bad"
refused "a space too much" 'place 1700: changed'
sed '/^{"checkpoint":1000,/s/"at":1/"at":2/' "$work/good" >"$work/bad"
refused "a changed checkpoint" 'place 1000: the checkpoint is not signed'
head -n 100 "$work/good" >"$work/bad"
refused "no checkpoint at all" 'no checkpoint'
head -c 900000 "$work/good" >"$work/bad"
refused "half a line at the end" 'cut off in the middle'
head -n 2001 "$work/good" >"$work/bad"
verify "$work/bad"
is $? 0 "what ends behind a checkpoint is whole as far as the file can tell"
like "$(cat "$work/out")" 'unsigned: +1000 events' "and says what is not signed"
refused "a head that was noted before the cut" 'place 2001: cut off' --head "2100:$head"
verify "$work/good" --head "2100:$head"
is $? 0 "a head that was noted is found again"
cp "$work/good" "$work/bad"
refused "a head of another history" 'place 2001: this is another history: .* to place 2100 ' \
    --head "2100:$(printf '%064d' 7)"
"$build/tests/audit_maker" 10 "$work/other.pub" >"$work/bad"
refused "another key" 'not signed with this key'
: >"$work/bad"
refused "an empty file" 'nothing in it'
sallyport audit verify "$work/good" >"$work/out" 2>"$work/err"
is $? 64 "without a key nothing can be verified"

# --- a real record, and the same check by hand ---

sallyport run 'Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output' \
    >"$work/out" 2>"$work/err"
sallyport sandbox exec -- true
for try in $(seq 100); do
	sallyport audit export >"$work/record"
	tail -n 1 "$work/record" | grep -q '^{"checkpoint"' && break
	sleep 0.05
done
sallyport audit export >"$work/again"
cmp -s "$work/record" "$work/again"
ok $? "an export is the same each time"
sallyport audit key >"$key"
cmp -s "$key" "$SALLYPORT_STATE_DIR/keys/signing.pub"
ok $? "the key is the one in the state directory"
verify "$work/record"
is $? 0 "a real record is verified"
run=$(sed -n 's/.*"run":"\([0-9a-f-]*\)","seq":1,.*/\1/p' "$work/record" | head -n 1)
sallyport audit export --run "$run" >"$work/one"
verify "$work/one"
is $? 0 "so is an export of one run"
like "$(cat "$work/out")" 'of 1 runs, and [1-9][0-9]* that are withheld' "which says what it does not show"
unlike "$(grep -v "$run" "$work/one")" '"bytes"' "and shows nothing of others"
sallyport audit export --until 2020-01-01 >"$work/none"
unlike "$(cat "$work/none")" '"bytes"' "--until leaves out what is later"
sallyport audit export --since 1h --until 2100-01-01T00:00:00Z | cmp -s - "$work/record"
ok $? "--since keeps what is later"

# The steps of sallyport-audit(7), as they stand there.
sed -n '/^\.\\" script begins/,/^\.\\" script ends/p' \
    "$top/etc/man/sallyport-audit.7" | grep -v '^\.' |
    sed 's/\\e/\\/g; s/\\-/-/g; s/\\&//g; s/\\(aq/'\''/g' >"$work/by-hand"
by_hand() { bash "$work/by-hand" "$1" "$key" >"$work/out" 2>&1; }
by_hand "$work/record"
is $? 0 "the manual's own steps verify it with sha256sum and openssl"
like "$(cat "$work/out")" '^verified up to place [0-9]+$' "and say so"
sed '/^{"place":5,/s/"bytes":"l6dk/"bytes":"l6dl/' "$work/record" >"$work/bad"
by_hand "$work/bad"
is $? 1 "they refuse changed bytes"
like "$(cat "$work/out")" '^place 5: ' "and name the place"
sed '/^{"place":5,/d' "$work/record" >"$work/bad"
by_hand "$work/bad"
is $? 1 "they refuse a removed line"
sed '/^{"checkpoint":/s/"at":1/"at":2/' "$work/record" >"$work/bad"
by_hand "$work/bad"
like "$(cat "$work/out")" 'checkpoint' "and a checkpoint that was changed"
