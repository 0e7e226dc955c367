#!/bin/bash
# Configuration: file, environment, -c, their order, and what is refused.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

value() { # KEY: value and origin
	sallyport config show --effective --origin --json |
	    /usr/bin/python3 -c '
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row["key"] == sys.argv[1]:
        print(row["value"], row["origin"])' "$1"
}

is "$(value agents.max_iterations)" "10 default" "a default says so"
stop_supervisors
printf '[agents]\n\nmax_iterations = 7\n' >"$config"
chmod 600 "$config"
is "$(value agents.max_iterations)" "7 $config:3" "a file is named with its line"
is "$(SALLYPORT_AGENTS__MAX_ITERATIONS=8 value agents.max_iterations)" \
    "8 environment SALLYPORT_AGENTS__MAX_ITERATIONS" "the environment beats the file"
is "$(SALLYPORT_AGENTS__MAX_ITERATIONS=8 sallyport config show --effective \
    --origin --json -c agents.max_iterations=9 | grep '"agents.max_iterations"' |
    json value)" 9 "-c beats the environment"
stop_supervisors

refused() { # TOML REGEX DESCRIPTION
	printf '%b' "$1" >"$config"
	sallyport config show >"$work/out" 2>"$work/err"
	is $? 78 "$3: status 78"
	like "$(cat "$work/err")" "$2" "$3: named"
	stop_supervisors
}
refused '[agents]\nmax_iteration = 7\n' 'toml:2: .*max_iterations\?' "a misspelt key"
refused '[agents]\nmax_iterations = "7"\n' 'toml:2: .*integer' "a wrong type"
refused '[agents]\nmax_iterations = 0\n' 'toml:2: .*between' "a value out of bounds"
refused '[agents\n' 'toml:1' "broken TOML"
refused '[llmcore]\ndefault_provider = "ollama"\n' 'sallyport.default_provider' \
    "a key of the guide that is ours by another name"
printf '[agents]\n' >"$config"
chmod 666 "$config"
sallyport config show >"$work/out" 2>"$work/err"
is $? 78 "a file that others may write is refused"
like "$(cat "$work/err")" 'writ' "and says why"
chmod 600 "$config"
rm "$config"

sallyport run -c agents.max_iterations=none goal >"$work/out" 2>"$work/err"
is $? 78 "-c with a wrong value is refused"

stop_supervisors
cp "$top/etc/sallyport.toml" "$config"
chmod 600 "$config"
sallyport config show --json --effective --origin >"$work/rows" 2>"$work/err"
is $? 0 "the example configuration is taken"
bad=$(/usr/bin/python3 - "$work/rows" <<'PYTHON'
import json, sys
for line in open(sys.argv[1]):
    row = json.loads(line)
    if not row["origin"].startswith("/"):
        print(row["key"], "is not in it")
PYTHON
)
is "$bad" "" "it explains every key"
stop_supervisors
rm "$config"
sallyport config show --json --effective >"$work/defaults"
same=$(/usr/bin/python3 - "$work/rows" "$work/defaults" <<'PYTHON'
import json, sys
a, b = ({r["key"]: r["value"] for r in map(json.loads, open(f))} for f in sys.argv[1:])
print(a == b, [k for k in a if a.get(k) != b.get(k)])
PYTHON
)
is "$same" "True []" "and its values are the defaults"
