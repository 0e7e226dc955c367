#!/bin/bash
# Each worker tries each forbidden act for real, confined as it always is, and
# the kernel stops it; unconfined, the same act works or at least reaches the
# kernel.  With --markdown it prints the table of SECURITY.md instead.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

[ -x "$build/probe/driver" ] || skip_all "the probe builds are missing: make probe"
rm -rf "$work"
exec "$build/probe/driver" "$@" "$build/probe"
