#!/bin/bash
# A sandbox without any model: run what you do not trust, pass data through
# it, and keep one open for several commands.
set -eu
cd "$(dirname "$0")/.."
PATH=${SALLYPORT_BUILD:-$PWD/build}/bin:$PATH

echo "== one command in a sandbox of its own"
sallyport sandbox exec -- python3 -c 'print(sum(range(101)))'

echo "== data through standard input and output"
printf 'b\na\nc\n' | sallyport sandbox exec --stdin -- sort

echo "== the command's own exit status, and a time-out with everything killed"
sallyport sandbox exec -- sh -c 'exit 7' || echo "status $?"
sallyport sandbox exec --timeout 1 -- sh -c 'setsid sleep 60 & sleep 60' ||
    echo "status $?"

echo "== several commands in one sandbox"
id=$(sallyport sandbox open -c agents.sandbox.native.memory_limit=128m)
trap 'sallyport sandbox close "$id"' EXIT
sallyport sandbox exec --in "$id" -- sh -c 'echo kept >note'
sallyport sandbox exec --in "$id" -- cat note
sallyport sandbox exec --in "$id" -- sh -c 'id; ls -la; ls /home' || true

echo "== the result as JSON: times, sizes, digests"
sallyport sandbox exec --in "$id" --json -- seq 3
