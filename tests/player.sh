# player.sh: a scripted judge before a real client.  Source it after lib.sh.
# Runs in: the tests' shell.  Input: none.

seen=$SALLYPORT_STATE_DIR/seen
player_pid=

# player [--daemon]: serve the state directory's socket.
player() {
	mkdir -p "$SALLYPORT_STATE_DIR"
	"$build/players/client-judge" --state-dir "$SALLYPORT_STATE_DIR" \
	    "$@" &
	player_pid=$!
	local tries
	for tries in $(seq 100); do
		[ ! -s "$seen" ] || return 0
		sleep 0.02
	done
	echo "# the player does not serve"
}

player_stop() {
	[ -z "$player_pid" ] || kill "$player_pid" 2>/dev/null
	[ -z "$player_pid" ] || wait "$player_pid" 2>/dev/null
	player_pid=
	rm -f "$seen" "$SALLYPORT_STATE_DIR/control.sock"
}
trap 'player_stop; finish' EXIT
