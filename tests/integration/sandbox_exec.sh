#!/bin/bash
# A native sandbox without any model: commands, their status, their output.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

is "$(sallyport sandbox exec -- echo hello)" hello "a command's output is passed on"
sallyport sandbox exec -- sh -c 'exit 7'
is $? 7 "its exit status is passed on"
sallyport sandbox exec -- sh -c 'kill -9 $$'
is $? 137 "a signal is 128 and its number"
is "$(printf 'a\0b\377' | sallyport sandbox exec --stdin -- cat | od -An -tx1 |
    tr -d ' \n')" 610062ff "standard input goes through byte for byte"
err=$(sallyport sandbox exec -- /no/such/program 2>&1 >/dev/null)
is $? 125 "a program that is not there is our failure: 125"
like "$err" 'SandboxExecutionError' "and has a name"
start=$(date +%s%N)
out=$(sallyport sandbox exec --timeout 1 -- sh -c 'echo early; sleep 60' 2>"$work/err")
is $? 124 "a time-out ends with 124"
took=$((($(date +%s%N) - start) / 1000000))
[ $took -lt 4000 ]
ok $? "within seconds (took $took ms)"
is "$out" early "what was printed before is kept"

id=$(sallyport sandbox open)
is $? 0 "a sandbox can be kept open"
sallyport sandbox exec --in "$id" -- sh -c 'echo kept > file'
is "$(sallyport sandbox exec --in "$id" -- cat file)" kept \
    "the next command finds its files"
is "$(sallyport sandbox exec -- sh -c 'ls -A | wc -l')" 0 \
    "another sandbox does not"
sallyport sandbox close "$id"
is $? 0 "it can be closed"
sallyport sandbox exec --in "$id" -- true 2>"$work/err"
is $? 125 "and is gone then"

is "$(sallyport sandbox exec -- id -u)" 1000 "inside, the user is 1000"
is "$(sallyport sandbox exec -- sh -c 'echo $$')" 2 "the command is a child of PID 1"
like "$(sallyport sandbox exec -- sh -c 'touch /usr/x 2>&1; touch /x 2>&1')" \
    'Read-only|Permission' "the root is read-only"
is "$(sallyport sandbox exec -- sh -c 'ls /sys/class/net 2>/dev/null; cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d " "')" \
    lo "there is no network but loopback"
is "$(sallyport sandbox exec -- sh -c 'ls /home /root 2>/dev/null | head -1')" "" \
    "no home directory of the host is there"
is "$(sallyport sandbox exec -- python3 -c 'print(6 * 7)')" 42 "python runs"
is "$(sallyport sandbox exec -- env | sort | cut -d= -f1 | grep -Evx \
    'PATH|HOME|LANG|TMPDIR|TERM|USER|PWD|SHLVL|_|OLDPWD')" "" \
    "the environment is a few fixed names"
grep -q CapEff.*0000000000000000 <(sallyport sandbox exec -- cat /proc/self/status)
ok $? "no capability is left"
like "$(sallyport sandbox exec -- cat /proc/self/status)" 'NoNewPrivs:.1' \
    "no new privileges"
like "$(sallyport sandbox exec -- cat /proc/self/status)" 'Seccomp:.2' \
    "a seccomp filter is on"

sallyport sandbox exec -c agents.sandbox.native.disk_limit=2m -- \
    sh -c 'dd if=/dev/zero of=big bs=1M count=10 2>/dev/null; stat -c %s big' \
    >"$work/out" 2>/dev/null
[ "$(cat "$work/out")" -le 2097152 ]
ok $? "the work directory is bounded"
