#!/bin/bash
# Hostile programs in a native sandbox, each with a control that escapes.
# HOSTILE_CASES names more files of cases.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2086
/usr/bin/python3 "$top/tests/hostile/run_cases.py" --build "$build" \
    "$top/tests/hostile/cases/native.json" ${HOSTILE_CASES:-}
