#!/bin/bash
# The first minutes with sallyport: let an agent solve a task in a sandbox,
# look at the record, and take the file that it made.
#
# Without a model the turns of this very task are replayed; the tools run for
# real.  For a real model:  export OPENAI_API_KEY=...   and, for a server of
# your own,  export OPENAI_BASE_URL=http://127.0.0.1:8080/v1
set -eu
cd "$(dirname "$0")/.."
PATH=${SALLYPORT_BUILD:-$PWD/build}/bin:$PATH
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

echo "== run"
sallyport run 'Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output'

echo "== the record"
sallyport runs list --limit 3
run=$(sallyport runs list --limit 1 --json | sed 's/.*"run":"\([^"]*\)".*/\1/')
sallyport runs show "$run"
sallyport logs "$run" | cut -c 1-100

echo "== the file that the agent made"
sallyport files list "$run"
sallyport files get "$run" primes.py -o "$dir/primes.py"
cat "$dir/primes.py"
