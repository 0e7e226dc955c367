# stage.sh: a real supervisor with players around it.  Source after lib.sh.
# Runs in: the tests' shell.  Input: none.

# stage WORKER: lay out bin/ and libexec/ in $work/stage as an installation.
stage() {
	local to=$work/stage/libexec/sallyport name
	mkdir -p "$work/stage/bin" "$to"
	cp "$build/bin/sallyportd" "$work/stage/bin/"
	cp "$build/players/judge" "$to/judge"
	cp "$build/players/guest" "$to/guest"
	cp "$build/libexec/sallyport/sandbox-launcher" "$to/"
	for name in dialer config-reader cognition-worker exec-stream \
	    tracker-record; do
		cp "$build/players/$1" "$to/$name"
	done
}

# scene NAME [OPTION...]: run the supervisor; sets $said and $status.
scene() {
	local name=$1
	shift
	said=$(timeout 40 "$work/stage/bin/sallyportd" --user \
	    --state-dir "$work/$name" --log-level debug "$@" 2>&1)
	status=$?
}

# inside [ROOT [DISK [INODES]]]: run standard input's shell commands in a
# sandbox of the real launcher; sets $said and $status.
inside() {
	local uid=0
	[ "$(id -u)" != 0 ] || uid=1900099999
	said=$(timeout 40 "$build/players/launch" \
	    "$work/stage/libexec/sallyport" $uid "${1:-/}" \
	    "${2:-8388608}" "${3:-100}" 2>&1)
	status=$?
}
