#!/bin/bash
# A program on libsallyport.a alone does what the command line does.
. "$(dirname "$0")/../lib.sh"

out=$("$build/examples/api" "$build/bin/sallyportd" 2>"$work/err")
is $? 0 "the example ends with status 0"
like "$out" '^stdout: Linux ' "a command ran in a sandbox"
like "$out" '^stderr: hello' "its standard error is told apart"
like "$out" '^exit 0 after' "its end is reported"
like "$out" '"type":"run.started"' "a run's events arrive as JSON"
like "$out" '^ended as finished, status 0' "and its end"
like "$(sallyport runs list)" 'finished' "the run is in the record"
exported=$(nm -g --defined-only "$build/lib/libsallyport.a" |
    awk 'NF == 3 { print $3 }' | grep -v '^sallyport_')
is "$exported" "" "the library exports nothing but sallyport_*"
