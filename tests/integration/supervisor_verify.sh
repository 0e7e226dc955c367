#!/bin/bash
# A worker is looked at from outside before it is given anything.
# Runs in: the tests' shell; players take the parts of judge and worker.
# Input: none.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/players/stage.sh"

stage worker
scene spawn
is "$status" 0 "a confined worker is started and killed again"
like "$said" 'verified number=7 confined=1' "a confined worker is verified"
like "$said" 'exited number=7 signal=9' "its end is reported with the signal"
pid=$(printf '%s\n' "$said" | sed -n 's/.*spawned number=7 pid=\([0-9]*\).*/\1/p')
uid=$(printf '%s\n' "$said" | sed -n 's/.*spawned number=7 .*uid=\([0-9]*\).*/\1/p' | head -n 1)
if [ "$(id -u)" = 0 ]; then
	is "$uid" 1900000002 "as root it has a uid of its own"
else
	is "$uid" "$(id -u)" "without root it has the user's uid"
fi
is "$(alive $pid)" "" "nothing of it is left"

stage worker-unconfined
scene spawn
like "$said" 'verified number=7 confined=0 reason=.*seccomp filters' \
    "a worker without its own filter is refused, with the reason"
like "$said" 'exited number=7 signal=9' "and killed"

stage worker-silent
scene late
like "$said" 'dialer pid=[0-9]* is not ready after 10 s' \
    "a worker that is never ready is killed"
like "$said" 'spawn_failed number=7 .*wait until it is ready' "and reported"

stage worker
cp /bin/sh "$work/stage/libexec/sallyport/judge"
scene leave
is "$status" 70 "a judge that is another program ends the start"
unlike "$said" 'assume' "and is told nothing"

rm "$work/stage/libexec/sallyport/dialer"
scene leave
is "$status" 70 "a missing program ends the start"
like "$said" 'libexec/sallyport/dialer: No such file' "and is named"

stage worker
chmod g+w "$work/stage/libexec/sallyport/dialer"
scene leave
like "$said" 'dialer: .*nobody else may write it' \
    "a program that others may write is not started"
