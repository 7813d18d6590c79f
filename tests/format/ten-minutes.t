#!/usr/bin/env python3
# The steps from an unknown server's line to a tested rule in
# pop-before-smtp.patterns(5) are followed literally: the files, the commands
# and their output.
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
import tap

PAGE = os.path.join(pbs.ROOT, "patterns", "pop-before-smtp.patterns.5")
SECTION = "FROM A LINE TO A RULE"


def steps(text):
    """("file", name, lines), ("run", command, lines) in their order."""
    section = text.split(".Sh %s\n" % SECTION)[1].split("\n.Sh ")[0]
    for before, block in re.findall(
            r"(.*?)^\.Bd -literal\n(.*?)^\.Ed\n", section, re.M | re.S):
        lines = [line.replace("\\&", "").replace("\\e", "\\")
                 for line in block.splitlines()]
        if lines[0].startswith("$ "):
            yield "run", lines[0][2:], lines[1:]
        else:
            yield "file", re.findall(r"^\.Pa (\S+)", before, re.M)[-1], lines


def first_difference(shown, printed):
    """None, or what is shown and was not printed; "..." is any lines."""
    at, gap = 0, False
    for line in shown:
        if line == "...":
            gap = True
            continue
        if gap and line in printed[at:]:
            at += printed[at:].index(line)
        if at >= len(printed) or printed[at] != line:
            return "%r, printed is %r" % (line, printed[at:at + 1])
        at, gap = at + 1, False
    return None if gap or at == len(printed) else "more: %r" % printed[at:]


def comparison():
    for shown, printed, same in (
            ("a", "a", True), ("a", "b", False), ("a", "a b", False),
            ("...", "a b", True), ("... b", "a b", True),
            ("... b", "a b c", False), ("a ... c", "a b c", True),
            ("a ... c", "a b d", False), ("a b", "a", False)):
        tap.equal(first_difference(shown.split(), printed.split()) is None,
                  same, "%r shows %r: %s" % (shown, printed, same))


def follow():
    with open(PAGE) as f:
        way = list(steps(f.read()))
    tap.equal([what for what, _, _ in way],
              ["file", "run", "file", "run", "run", "run", "run"],
              "two files and five commands")
    with tempfile.TemporaryDirectory() as directory:
        for name in ("pbsctl", "pop-before-smtp"):
            os.symlink(os.path.join(pbs.BUILD, name),
                       os.path.join(directory, name))
        env = dict(os.environ, TZ="UTC", LC_ALL="C",
                   PATH=directory + ":" + os.environ["PATH"])
        for what, name, lines in way:
            if what == "file":
                with open(os.path.join(directory, name), "w") as f:
                    f.write("\n".join(lines) + "\n")
                continue
            done = subprocess.run(name, shell=True, cwd=directory, env=env,
                                  text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=120)
            tap.equal(first_difference(lines, done.stdout.splitlines()), None,
                      name, done.stdout, done.stderr)
            tap.equal(done.stderr, "", "it complains of nothing")


tap.main(comparison, follow)
