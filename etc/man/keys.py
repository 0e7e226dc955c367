#!/usr/bin/python3
"""etc/man/keys.py: print sallyport.toml(5), made from the table of keys.

`make man` writes it down; `make lint` says when it is out of date.
Runs in: the developer's shell, at the top of the tree.
Input: supervisor/judge/keys.def.
"""
import re

KINDS = ("INTEGER", "SIZE", "REAL", "FLAG", "TEXT", "CHOICE", "LIST", "GONE")
TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z0-9_.+-]+|[(),])')

HEAD = r""".\" Made by etc/man/keys.py from supervisor/judge/keys.def: change that.
.Dd November 22, 2026
.Dt SALLYPORT.TOML 5
.Os
.Sh NAME
.Nm sallyport.toml
.Nd configuration of sallyport
.Sh DESCRIPTION
TOML 1.0 without dates,
.Ql inf
and
.Ql nan .
The daemon
.Xr sallyportd 8
reads
.Pa /etc/sallyport/sallyport.toml ,
which only root may be able to write; an ordinary user's supervisor reads
.Pa $XDG_CONFIG_HOME/sallyport/sallyport.toml ,
where it exists.
A key that is not listed here is an error, with file, line and the nearest
name.
.Pp
Later wins: defaults, the file, the environment, and
.Fl c Ar key Ns = Ns Ar value
of one run.
In the environment, a key is written in capitals behind
.Ev SALLYPORT_ ,
with two underscores for each dot:
.Ev SALLYPORT_AGENTS__MAX_ITERATIONS .
.Ql sallyport config show --effective --origin
prints what is in force and where it comes from.
.Pp
A size is a number of bytes, or a text with k, m, g or t behind the number
.Pq powers of 1024 .
.Sh KEYS
.Bl -tag -width Ds
"""

FOOT = r""".El
.Sh KEYS THAT ARE REFUSED
These are known from elsewhere, and have no meaning here.
.Bl -tag -width Ds
"""

TAIL = r""".El
.Sh FILES
.Bl -tag -width Ds -compact
.It Pa /etc/sallyport/sallyport.toml
with every key, its default and its meaning
.El
.Sh SEE ALSO
.Xr sallyport 1 ,
.Xr sallyportd 8
"""


def rows(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for match in re.finditer(r"^([A-Z]+)\(", text, flags=re.M):
        if match.group(1) not in KINDS:
            raise SystemExit(f"keys.def: {match.group(1)} is no kind of key")
        at, fields, part = match.end(), [], []
        while True:
            token = TOKEN.match(text, at)
            at = token.end()
            word = token.group(1)
            if word in (",", ")"):
                fields.append("".join(part))
                part = []
                if word == ")":
                    break
            else:
                part.append(word[1:-1] if word[0] == '"' else word)
        yield match.group(1), fields


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in ".'" else line
                     for line in re.sub(r"(?<=[.:?]) +(?=[A-Z])", "\n",
                                        text).split("\n"))


def size(number):
    value = int(number)
    for letter in "tgmk":
        unit = 1024 ** ("kmgt".index(letter) + 1)
        if value and value % unit == 0:
            return f"{value // unit}{letter}"
    return number


def about(kind, rest):
    default = rest[0] if rest[0] != "" else "none"
    if kind == "FLAG":
        return "true or false", default
    if kind == "TEXT":
        return f"text of at most {rest[1]} bytes", default
    if kind == "CHOICE":
        return "one of " + ", ".join(rest[1].split("|")), default
    if kind == "LIST":
        return (f"list of at most {rest[1]} texts",
                ", ".join(rest[0].split(",")) if rest[0] else "empty")
    name = {"INTEGER": "integer", "SIZE": "size", "REAL": "number"}[kind]
    shown = size if kind == "SIZE" else str
    return f"{name} between {shown(rest[1])} and {shown(rest[2])}", default


def page(text):
    keys, gone = [HEAD], [FOOT]
    for kind, fields in rows(text):
        if kind == "GONE":
            gone.append(f".It Ic {escaped(fields[0])}\n{escaped(fields[1])}\n")
            continue
        of, default = about(kind, fields[2:-1])
        keys.append(f".It Ic {escaped(fields[1])}\n{escaped(fields[-1])}\n"
                    f".br\n{escaped(of[0].upper() + of[1:])}.\n"
                    f"Default: {escaped(default)}\n")
    return "".join(keys + gone) + TAIL


if __name__ == "__main__":
    with open("supervisor/judge/keys.def") as table:
        print(page(table.read()), end="")
