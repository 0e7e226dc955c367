#!/bin/bash
# A run with rules, a file for the model to read, limits, and a result for
# another program: one JSON object on standard output.
#
# Needs a model:  export OPENAI_API_KEY=...  (and OPENAI_BASE_URL for a server
# other than OpenAI's).  The turns are recorded, so that the same run can be
# played again later without the model:
#   sallyport run ... --replay review.jsonl
set -eu
cd "$(dirname "$0")/.."
PATH=${SALLYPORT_BUILD:-$PWD/build}/bin:$PATH
if [ -z "${OPENAI_API_KEY:-}${OPENAI_BASE_URL:-}" ]; then
	echo "set OPENAI_API_KEY or OPENAI_BASE_URL: this needs a model" >&2
	exit 69
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/measurements.csv" <<'CSV'
day,degrees
mon,11.5
tue,12.25
wed,9.75
CSV

status=0
sallyport run \
    'Compute the mean of the column degrees in measurements.csv.' \
    --context "$dir/measurements.csv" \
    --constraint 'Use only the Python standard library.' \
    --constraint 'Answer with the number alone.' \
    --max-iterations 6 --timeout 120 \
    -c agents.sandbox.native.memory_limit=256m \
    --record "$dir/review.jsonl" --output-format json >"$dir/result.json" ||
    status=$?

# 0 finished, 3 a limit was reached, 124 too slow ...: sallyport help exit
echo "status $status"
cat "$dir/result.json"
echo "$(wc -l <"$dir/review.jsonl") model turns were recorded"
exit $status
