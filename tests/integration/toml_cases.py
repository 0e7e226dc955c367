"""toml_cases.py: run the conformance cases of toml-test against toml_dump.

Runs in: tests/integration/toml_cases.sh, which gives the binary and the
directory of the cases.  Input: the cases of a Debian package; trusted.
A case of `valid/` that uses a date, a time, inf or nan must be refused by
that name; it is counted apart.
"""
import json
import pathlib
import subprocess
import sys

REFUSED = ("dates are not used here", "inf is not used here",
           "nan is not used here")


def tags(node):
    """The types that a tagged document uses, with inf and nan as types."""
    if isinstance(node, list):
        return set().union(*map(tags, node)) if node else set()
    if set(node) == {"type", "value"} and isinstance(node["type"], str):
        value = str(node["value"]).lstrip("+-")
        return {value if value in ("inf", "nan") else node["type"]}
    return set().union(*map(tags, node.values())) if node else set()


def plain(node):
    """A tagged document as values that can be compared."""
    if isinstance(node, list):
        return [plain(n) for n in node]
    if set(node) == {"type", "value"} and isinstance(node["type"], str):
        value = node["value"]
        kind = node["type"]
        return (kind, float(value) if kind == "float" else
                int(value) if kind == "integer" else value)
    return {k: plain(v) for k, v in node.items()}


def check_valid(dump, case):
    """('ok' | 'refused', None) or ('not ok', why)."""
    done = subprocess.run([dump], input=case.read_bytes(),
                          capture_output=True, timeout=20)
    wanted = json.loads(case.with_suffix(".json").read_text())
    unused = tags(wanted) & {"datetime", "datetime-local", "date-local",
                             "time-local", "inf", "nan"}
    if unused:
        said = done.stderr.decode()
        if done.returncode == 1 and any(r in said for r in REFUSED):
            return "refused", None
        return "not ok", f"has {unused}, was not refused by name: {said}"
    if done.returncode != 0:
        return "not ok", done.stderr.decode()
    found = json.loads(done.stdout)
    if plain(found) != plain(wanted):
        return "not ok", f"found {found}"
    return "ok", None


def check_invalid(dump, case):
    done = subprocess.run([dump], input=case.read_bytes(),
                          capture_output=True, timeout=20)
    said = done.stderr.decode()
    if done.returncode != 1:
        return "not ok", f"accepted: {done.stdout.decode()}"
    if not said.startswith("line ") or "Sanitizer" in said:
        return "not ok", f"no line in: {said}"
    return "ok", None


def main():
    dump, cases = sys.argv[1], pathlib.Path(sys.argv[2])
    counts = {"ok": 0, "refused": 0, "not ok": 0}
    number = 0
    for kind, check in (("valid", check_valid), ("invalid", check_invalid)):
        for case in sorted((cases / kind).rglob("*.toml")):
            outcome, why = check(dump, case)
            counts[outcome] += 1
            number += 1
            name = case.relative_to(cases).with_suffix("")
            word = "not ok" if outcome == "not ok" else "ok"
            note = ", refused by name" if outcome == "refused" else ""
            print(f"{word} {number} - {name}{note}")
            if why:
                print("# " + why.strip().replace("\n", "\n# "))
    print(f"# {counts['ok']} as the standard says, {counts['refused']} "
          f"refused by name, {counts['not ok']} wrong")
    print(f"1..{number}")
    return 1 if counts["not ok"] or number < 300 else 0


if __name__ == "__main__":
    sys.exit(main())
