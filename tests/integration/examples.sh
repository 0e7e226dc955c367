#!/bin/bash
# The examples run as they are, against the built tree.
. "$(dirname "$0")/../lib.sh"
export SALLYPORT_BUILD=$build

"$top/examples/quickstart.sh" >"$work/out" 2>"$work/err"
is $? 0 "quickstart.sh"
like "$(cat "$work/out")" '97' "it ends with the agent's file and answer"
"$top/examples/sandbox_exec.sh" >"$work/out" 2>"$work/err"
is $? 0 "sandbox_exec.sh"
like "$(cat "$work/out")" '^5050$' "a sum was computed inside"
like "$(cat "$work/out")" '^status 7$' "a status was passed on"
like "$(cat "$work/out")" '^status 124$' "a time-out was reported"
like "$(cat "$work/out")" '^kept$' "a file was kept between commands"
"$top/examples/run_with_constraints.sh" >"$work/out" 2>"$work/err"
is $? 69 "run_with_constraints.sh asks for a model"
