#!/bin/bash
# runs search finds what fits and nothing else; runs stats adds it up.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

goal='Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output'
sallyport run "$goal" >"$work/out" 2>"$work/err"
is $? 0 "a run succeeds"
sallyport run "a goal [without] turns" >"$work/out" 2>"$work/err"
is $? 69 "another fails"
sallyport sandbox exec -- true

search() { sallyport runs search --json "$@" | sed 's/.*"goal":"\([^"]*\)".*/\1/'; }
is "$(search --task '*primes*')" "$goal" "by goal"
is "$(search --task 'primes')" "" "a glob fits the whole goal"
is "$(search --status finished --task 'W*')" "$goal" "by status"
is "$(search --status provider_error)" "a goal [without] turns" "by stop reason"
is "$(search --tool save_file)" "$goal" "by a tool that was called"
is "$(search --tool load_file)" "" "not by one that was not"
is "$(search --text 'sieve of nothing')" "" "text that is nowhere"
is "$(search --text 'primes.py' --tool execute_shell)" "$goal" "text in a call of a tool"
is "$(search --since 1h | wc -l)" 3 "since an hour ago: all three"
is "$(search --until 2020-01-01T00:00:00Z)" "" "until long ago: none"
is "$(search --since 1h --limit 1 | wc -l)" 1 "no more than asked for"
sallyport runs search --since yesterday >"$work/out" 2>"$work/err"
is $? 64 "a time that is none is refused"

sallyport runs stats --json >"$work/stats"
is "$(json runs <"$work/stats")" 2 "two runs"
is "$(json sandboxes <"$work/stats")" 1 "and a sandbox without a model"
is "$(json success_rate <"$work/stats")" 0.5 "half of them succeeded"
is "$(json stop_reasons.provider_error <"$work/stats")" 1 "one for that reason"
like "$(json input_tokens <"$work/stats")" '^[1-9]' "tokens are added up"
like "$(json tools <"$work/stats")" '"tool": "execute_shell", "calls": 1, "not_ok": 0' "tools are counted"
is "$(sallyport runs stats --until 2020-01-01 --json | json runs)" 0 "only the period that is asked for"
like "$(sallyport runs stats)" '^success +50 %' "for people, too"
