#!/bin/bash
# The main job: an agent plans, writes a program, runs it and answers, with the
# turns of the embedded replay, and the record holds all of it.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"
goal='Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output'

answer=$(sallyport run "$goal" 2>"$work/progress")
is $? 0 "the run finishes with status 0"
like "$answer" '2, 3, 5, 7, 11.*97|2 3 5 7 11.*97|97' "the answer holds the primes"
progress=$(cat "$work/progress")
like "$progress" 'replay' "the first lines say that turns are replayed"
like "$progress" 'OPENAI_API_KEY' "it says what to set for a real model"
for phase in plan think act observe reflect; do
	like "$progress" "$phase" "the phase '$phase' is shown"
done
like "$progress" 'save_file' "the tool calls are shown"
like "$progress" 'allow' "the verdicts are shown"
like "$progress" 'runs show' "it says where the record is"

run=$(sallyport runs list --json | head -n 1 | json run)
like "$run" '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' \
    "the run's id is a UUIDv7"
show=$(sallyport runs show "${run:0:13}" --json)
is "$(printf %s "$show" | json status)" finished "runs show finds it by a prefix"
events=$(sallyport logs "$run" --json)
for type in run.started phase.started phase.completed model.completed \
    tool.decided tool.completed file.recorded run.completed; do
	like "$events" "\"type\": *\"$type\"" "the journal holds $type"
done
seqs=$(printf '%s\n' "$events" | /usr/bin/python3 -c '
import json, sys
seqs = [json.loads(line)["seq"] for line in sys.stdin]
print(seqs == list(range(1, len(seqs) + 1)))')
is "$seqs" True "sequence numbers have no gap"
files=$(sallyport files list "$run" --json)
like "$files" 'primes.py' "the file is recorded"
sallyport files get "$run" primes.py -o "$work/primes.py"
like "$(/usr/bin/python3 "$work/primes.py")" '97' "the recorded file is the program"

json=$(sallyport run --output-format json "$goal" 2>/dev/null)
is "$(printf %s "$json" | json stop_reason)" finished "json is one final object"
is "$(printf %s "$json" | json error)" null "it has no error"
stream=$(sallyport run --output-format stream-json "$goal" 2>/dev/null)
is "$(printf '%s\n' "$stream" | tail -n 1 | json type)" run.completed \
    "stream-json ends in run.completed"
bad=$(printf '%s\n' "$stream" | /usr/bin/python3 -c '
import json, sys
print([l for l in sys.stdin if not {"seq", "ts", "run", "type"} <= set(json.loads(l))])')
is "$bad" "[]" "each line has seq, ts, run and type"

sallyport run "another goal, for which nothing was recorded" \
    >"$work/out" 2>"$work/err"
is $? 69 "a goal that no recorded turn fits ends with 69"
like "$(cat "$work/err")" 'ProviderError' "the error is named"
is "$(cat "$work/out")" "" "and nothing is given as an answer"
