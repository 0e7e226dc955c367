#!/bin/bash
# The TOML reader answers every case of toml-test as the standard says, and
# refuses dates, times, inf and nan by name.
source "$(dirname "$0")/../lib.sh"

cases=/usr/share/gocode/src/github.com/BurntSushi/toml/internal/toml-test/tests
[ -d "$cases" ] || skip_all "install golang-github-burntsushi-toml-dev"
python3 "$(dirname "$0")/toml_cases.py" "$build/tests/toml_dump" "$cases"
