#!/usr/bin/python3
"""Which lines of the pages did real processes need?

policy_lines.py POLICY-DIRECTORY STRACE-PREFIX

Reads `strace -ff -o STRACE-PREFIX` of a whole session and prints, as TAP, one
line per worker's page: every call that the page allows was made after the
process had confined itself, or its reason begins with "unused:".
Runs in: the tests.  Input: strace's output and our pages.
"""
import glob
import re
import sys

WORKERS = ["judge", "dialer", "config-reader", "cognition-worker",
           "exec-stream", "tracker-record"]


def allowed(page):
    """Names that a page allows, each with the reason of its line.

    fcntl is many calls in one, so each of its commands counts by itself.
    """
    names = {}
    with open(page, encoding="utf-8") as file:
        for line in file:
            text, _, reason = line.partition("#")
            words = text.split(None, 1)
            if len(words) == 2 and words[0] == "syscall":
                listed, _, condition = words[1].partition(":")
                for name in listed.split(","):
                    for full in ([f"fcntl {c}" for c in
                                  re.findall(r"\bF_\w+", condition)] or
                                 [name.strip()]):
                        names.setdefault(full, []).append(reason.strip())
    return names


def made(prefix):
    """Calls that each worker made once its own filter was on."""
    calls = {name: set() for name in WORKERS}
    for path in glob.glob(glob.escape(prefix) + ".*"):
        worker, filters = None, 0
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                found = re.match(r'execveat\(\d+, "", \["([a-z-]+)"', line)
                if found:
                    worker, filters = found.group(1), 0
                    continue
                if worker not in calls:
                    continue
                if line.startswith("seccomp(SECCOMP_SET_MODE_FILTER"):
                    filters += 1
                    continue
                call = re.match(r"(\w+)\((?:\d+, (F_\w+))?", line)
                if call and filters > 0:
                    calls[worker].add(" ".join(filter(None, call.groups())))
    return calls


def main():
    directory, prefix = sys.argv[1:]
    calls = made(prefix)
    failed = 0
    for number, worker in enumerate(WORKERS, 1):
        idle = [name for name, reasons in
                allowed(f"{directory}/{worker}.policy").items()
                if name not in calls[worker] and
                not any(r.startswith("unused:") for r in reasons)]
        good = calls[worker] and not idle
        failed += not good
        print(f"{'' if good else 'not '}ok {number} - {worker}: every call on "
              "its page was needed, or says why not")
        if not calls[worker]:
            print("# it never confined itself here")
        elif idle:
            print("# never made: " + " ".join(sorted(idle)))
    print(f"1..{len(WORKERS)}")
    return 1 if failed else 0


sys.exit(main())
