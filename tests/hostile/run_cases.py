#!/usr/bin/env python3
"""Run files of hostile cases against the product, each with its control.

usage: run_cases.py [--build DIR] [--only ID[,ID...]] [--no-controls] FILE...

FILE is JSON: {"cases": [{id, class, kind, lang, title, severity, timeout_s,
code, expect, tool_calls...}]}; tests/hostile/cases/native.json shows all that
is understood.  Kinds: inside (the program judges itself on stdout), output,
timeout, survivor (judged from outside), tool and request (calls as a model
would make them, through a scripted model server).

Verdicts: ESCAPED if the forbidden pattern is seen or a check of the host
fails; CONTAINED if the wanted pattern is seen and the exit status fits; KILLED
if a signal ended it where that is allowed; else INCONCLUSIVE, a failure.  The
control is the same program without the product: in namespaces that stand for
the host.  What does not escape there proves nothing and is marked as skipped.
Prints TAP.  Standard library only.  stage.py, product.py, control.py: the parts.
"""
import argparse
import json
import os
import sys
import time

sys.dont_write_bytecode = True
from control import controls, controls_outside  # noqa: E402
from product import Product  # noqa: E402
from stage import Host, judge  # noqa: E402


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", default=os.path.join(os.path.dirname(
        os.path.abspath(__file__)), "../../build"))
    parser.add_argument("--only", default="")
    parser.add_argument("--no-controls", action="store_true")
    parser.add_argument("--as-control", action="store_true")
    parser.add_argument("files", nargs="+", metavar="FILE")
    args = parser.parse_args()
    cases = []
    for path in args.files:
        with open(path, encoding="utf-8") as file:
            cases += json.load(file)["cases"]
    only = [i for i in args.only.split(",") if i]
    cases = [c for c in cases if not only or c["id"] in only]
    if args.as_control:
        controls(cases)
        return 0
    started = time.monotonic()
    escaped = {} if args.no_controls else controls_outside(
        args.files, only)
    host = Host("/work")
    product = Product(args.build, host)
    bad = counted = 0
    for n, case in enumerate(cases, 1):
        title = "%s %s" % (case["id"], case["title"])
        calls = case.get("tool_calls", [])
        if calls and not any("tool" in c for c in calls):
            print("ok %d - %s # SKIP not a call; see tests/integration/"
                  "configuration.sh and bad_input.sh" % (n, title),
                  flush=True)
            continue
        filled = host.fill({k: v for k, v in case.items() if k != "code"})
        o = product.run(dict(filled, code=case["code"]))
        verdict, why = judge(filled, o)
        control = escaped.get(case["id"], ["", "not run"])
        if verdict not in ("CONTAINED", "KILLED"):
            bad += 1
            print("not ok %d - %s" % (n, title))
            print("# %s: %s" % (verdict, why.replace("\n", "\n# ")))
        elif product.unknown(case):
            print("ok %d - %s # SKIP refused: this version has no tool '%s'"
                  % (n, title, product.unknown(case)))
        elif control[0] != "ESCAPED":
            print("ok %d - %s # SKIP %s, but its control did not escape (%s)"
                  % (n, title, verdict, (control[0] + " " + control[1])
                     .strip().replace("\n", " ")[:100]))
        else:
            counted += 1
            print("ok %d - %s" % (n, title))
        sys.stdout.flush()
    print("1..%d" % len(cases))
    print("# %d with a control that escapes, %d failed, %.0f s" % (
        counted, bad, time.monotonic() - started))
    product.close()
    host.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
