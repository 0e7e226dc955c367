#!/bin/bash
# What the supervisor does when the judge leaves, dies, or breaks its contract.
# Runs in: the tests' shell; a player takes the judge's part.  Input: none.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/players/stage.sh"
stage worker

scene leave
is "$status" 42 "it leaves with the status that the judge asks for"
like "$said" 'assume user=1 owner='"$(id -u)"' ' "a verified judge is told whose it is"

scene hangup
is "$status" 70 "a judge that ends takes everything with it"
like "$said" 'level=error .*the judge ended with status 3' "and the log says how it ended"

scene crash
is "$status" 70 "a judge that does what is not on its page is the end"
like "$said" 'the judge was ended by signal 31' "and the log names the signal"

scene role
is "$status" 76 "asking for a second judge breaks the contract"
like "$said" 'spawn_request: role 2' "and the log names the message"

scene bounds
is "$status" 76 "limits out of bounds break the contract"
unlike "$said" 'ended sandbox-launcher' "and nothing was started for them"

scene rollback
is "$status" 76 "asking for a signature over a second history is the end"
like "$said" 'sign_request: a head at place 4, but 5 is signed' "and the log says which"
is "$(sed -n 3p "$work/rollback/keys/head-default")" "place 5" "the first one stays"

is "$(echo $(ls "$work/leave"))" "keys lock" "no socket stays behind"
