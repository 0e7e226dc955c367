#!/bin/bash
# sallyportd as a daemon: foreground, ready notification, reload, stop.
# Runs in: the tests' shell, as root or as an ordinary user.  Input: none.
. "$(dirname "$0")/../lib.sh"

mkdir -m 700 "$work/daemon"
printf '[agents]\nmax_iterations = 5\n' >"$work/daemon/sallyport.toml"
chmod 600 "$work/daemon/sallyport.toml"
/usr/bin/python3 - "$work/notify" >"$work/notified" <<'PYTHON' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
print(s.recv(1000).decode(), flush=True)
PYTHON
notify=$!
for try in $(seq 50); do
	[ ! -S "$work/notify" ] || break
	sleep 0.1
done
NOTIFY_SOCKET=$work/notify sallyportd --state-dir "$work/daemon/state" \
    --config "$work/daemon/sallyport.toml" \
    --socket "$work/daemon/control.sock" >"$work/daemon/out" \
    2>"$work/daemon/log" &
daemon=$!
wait $notify
like "$(cat "$work/notified")" 'READY=1' "it notifies when it is ready"
[ -S "$work/daemon/control.sock" ]
ok $? "the control socket is there"
like "$(cat "$work/daemon/log")" 'level=info process=' "log lines are key=value"

printf '[agents]\nmax_iterations = broken\n' >"$work/daemon/sallyport.toml"
kill -HUP $daemon
sleep 1
kill -0 $daemon
ok $? "a broken file on reload does not end it"
like "$(cat "$work/daemon/log")" 'sallyport.toml:2' "and is named in the log"
printf '[agents]\nmax_iterations = 6\n' >"$work/daemon/sallyport.toml"
kill -HUP $daemon
sleep 1
like "$(cat "$work/daemon/log")" 'reload' "a good one is taken"

sallyportd --state-dir "$work/daemon/state" \
    --config "$work/daemon/sallyport.toml" \
    --socket "$work/daemon/other.sock" >"$work/second" 2>&1
second=$?
[ $second != 0 ]
ok $? "a second one on the same state directory is refused"
like "$(cat "$work/second")" 'already|lock' "and says why"

kill -TERM $daemon
wait $daemon
is $? 0 "SIGTERM ends it with status 0"
[ ! -e "$work/daemon/control.sock" ]
ok $? "the control socket is removed"
printf '[agents]\nnonsense = 1\n' >"$work/daemon/sallyport.toml"
sallyportd --state-dir "$work/daemon/state" \
    --config "$work/daemon/sallyport.toml" \
    --socket "$work/daemon/control.sock" >"$work/out" 2>&1
is $? 78 "a broken configuration at the start is status 78"
