#!/bin/bash
# A client finds its supervisor, or starts one and says why it could not.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../player.sh"

# A program starts the sallyportd beside it.
mkdir "$work/bin"
cp "$build/bin/sallyport" "$work/bin/"
PATH=$work/bin:$PATH
cat >"$work/bin/sallyportd" <<SCRIPT
#!/bin/bash
env >"$work/environment"
echo "\$@" >"$work/arguments"
ls /proc/self/fd >"$work/descriptors"
exec "$build/players/client-judge" "\$@"
SCRIPT
chmod +x "$work/bin/sallyportd"

long=$work/$(printf 'x%.0s' $(seq 100))/$(printf 'y%.0s' $(seq 100))
OPENAI_API_KEY=very-secret sallyport runs --state-dir "$long" >"$work/out" \
    2>"$work/err"
is $? 0 "a supervisor is started, in a directory with a long path"
like "$(cat "$work/arguments")" "^--user --state-dir $long --ready-fd 3" \
    "with the agreed arguments"
like "$(cat "$work/environment")" "^HOME=$HOME" "and a small environment"
unlike "$(cat "$work/environment")" 'very-secret|OPENAI' \
    "which does not see the user's key"
is "$(tr '\n' ' ' <"$work/descriptors")" "0 1 2 3 4 " \
    "and no descriptor but the pipe (4 is ls's own)"
is "$(stat -c %a "$long")" 700 "the state directory is the user's own"
is "$(stat -c %a "$long/sallyportd.log")" 600 "so is its log"
rm "$work/arguments"
sallyport runs --state-dir "$long" >/dev/null
is "$? $(ls "$work" | grep -c arguments)" "0 0" \
    "the next command joins it"
kill "$(sed -n 's/^pid //p' "$long/seen")"

cat >"$work/bin/sallyportd" <<'SCRIPT'
#!/bin/bash
printf 'level=error it cannot be \033]52;c;eA==\a\n' >&2
exit 78
SCRIPT
mkdir -p "$SALLYPORT_STATE_DIR"
echo "level=error an old story" >"$SALLYPORT_STATE_DIR/sallyportd.log"
sallyport runs >"$work/out" 2>"$work/err"
is $? 78 "a supervisor that fails lends its exit status"
like "$(cat "$work/err")" 'ConfigError.*' "it is a ConfigError"
like "$(cat "$work/err")" 'it cannot be \\x1b\]52' \
    "its log is shown, escaped"
unlike "$(cat "$work/err")" 'an old story' "from this start on only"

rm "$work/bin/sallyportd"
sallyport runs >"$work/out" 2>"$work/err"
status=$?
if [ -x /usr/bin/sallyportd ] || [ -x /usr/local/bin/sallyportd ]; then
	skip "no sallyportd at all" "one is installed"
else
	is $status 69 "no sallyportd at all"
fi

touch "$work/file"
sallyport runs --state-dir "$work/file" >"$work/out" 2>"$work/err"
is $? 69 "a state directory that is none"
player
touch "$SALLYPORT_STATE_DIR/unwelcome"
sallyport runs >"$work/out" 2>"$work/err"
is $? 78 "a supervisor of another version refuses"
like "$(cat "$work/err")" 'another version' "and says why"
rm "$SALLYPORT_STATE_DIR/unwelcome"
player_stop

if [ "$(id -u)" = 0 ]; then
	chmod 755 "$work"
	mkdir -m 777 "$work/foreign"
	cp "$build/players/client-judge" "$work/judge"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
	    "$work/judge" --state-dir "$work/foreign" &
	for tries in $(seq 100); do
		[ ! -s "$work/foreign/seen" ] || break
		sleep 0.02
	done
	sallyport runs --state-dir "$work/foreign" >"$work/out" 2>"$work/err"
	is $? 76 "a socket that another user serves is not talked to"
	kill "$(sed -n 's/^pid //p' "$work/foreign/seen")"
	wait
else
	skip "a socket that another user serves" "needs root"
fi
