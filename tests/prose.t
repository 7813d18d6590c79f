#!/usr/bin/env python3
# What is written for people is English: no phrase that is a foreign one put
# into English words, in comments, messages, manual pages and documents. Each
# check is shown to fail on a tree that breaks it.
"""Usage: tests/prose.t [PATH...]

Without PATH it is a test. With it, it prints what it finds in these files and
directories, as file:line: phrase: text, and exits 1 if there is anything.
"""
import os
import re
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tap import equal, main, ok

ROOMS = ("base", "daemon", "patterns", "maps", "tools")
DOCUMENTS = ("README.md", "INSTALL", "SECURITY.md", "CHANGES",
             "BENCHMARKS.md")
BANNED = {  # phrase: how it is found; what to write
    "behind": r"\bbehind\b",  # after
    "stands": r"\b(?:stands?|stood)\b",  # is
    "for who": r"\bfor who\b",  # for those who, for whoever
    "none such": r"\bnone such\b",  # no such thing
    "is none": r"\bis none\b",  # is not one
    "anew": r"\banew\b",  # again
    "is said": r"\b(?:is|are) said\b",  # is logged, is reported
    "is told": r"\b(?:is|are) told\b",  # the same
    "said of": r"\bsaid of\b",
    "mend": r"\bmend(?:s|ed|ing)?\b",  # repair, recover
    "of old": r"\bof old\b",  # earlier
    "put up with": r"\b(?:is|are) put up with\b",  # is tolerated
    "he": r"\b(?:he|his|him|himself)\b",  # they, or the noun
}
ALLOWED = "|".join((  # in the place of another, in its proper sense
    r"\bbehind (?:[\w-]+ ){0,2}(?:NAT|prox(?:y|ies)|VPNs?|webmail|gateway|"
    r"firewall|router|interface)\b",
    r"\bbehind (?:an|one|that|the same|a shared) address\b",
    r"\b(?:left|leaves?|leaving) (?:\w+ ){0,2}behind\b",
    r"\b(?:stands?|stood)(?:-| (?:for|in for|still|out|alone)\b)",
    r"\b(?:is|are) told (?:apart|to)\b"))


class Passage:
    """A text in one piece, each part of which knows its line."""

    def __init__(self):
        self.text, self.begins = "", []

    def add(self, line, text):
        self.begins.append((len(self.text), line))
        self.text += text
        return self

    def line_at(self, offset):
        return [line for at, line in self.begins if at <= offset][-1]

    def hits(self):
        text = re.sub(ALLOWED, lambda m: "." * len(m.group(0)), self.text,
                      flags=re.I)
        for phrase, expression in BANNED.items():
            for m in re.finditer(expression, text, re.I):
                yield self.line_at(m.start()), phrase


def joined(lines):
    """One passage of (number, text), a space between two of them."""
    passage = Passage()
    for number, text in lines:
        passage.add(number, re.sub(r"\s+", " ", text.strip()) + " ")
    return passage


def grouped(lines):
    """Passages of consecutive (number, text); None ends one."""
    group = []
    for line in list(lines) + [None]:
        if line is not None:
            group.append(line)
        elif group:
            yield joined(group)
            group = []


C_TOKEN = re.compile(r"""
    (?P<include>^[ \t]*\#[ \t]*include[^\n]*)
  | (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<char>'(?:\\.|[^'\\\n])+')
  | (?P<glue>\s+|[A-Z]\w*)          # white space and PRIu64 join strings
  | (?P<code>\w+|.)""", re.S | re.M | re.X)


def of_c(text):
    """Each comment; each run of string literals, as the compiler joins it."""
    strings, line = Passage(), 1
    for m in C_TOKEN.finditer(text):
        token = m.group(0)
        if m.lastgroup == "comment":
            yield joined((line + n, re.sub(r"^\s*(/?\*+/?|//)|\*+/\s*$", "", t))
                         for n, t in enumerate(token.split("\n")))
        elif m.lastgroup == "string":
            strings.add(line, re.sub(r"(\\[nt]|\s)+", " ", token[1:-1]))
        elif m.lastgroup != "glue" and strings.text:
            yield strings
            strings = Passage()
        line += token.count("\n")
    yield strings


def of_text(text):
    """Paragraphs."""
    return grouped((n, t) if t.strip() else None
                   for n, t in enumerate(text.split("\n"), 1))


def of_changes(text):
    """The same, but for the old one of `old -> new', which may have two lines."""
    lines = text.split("\n")
    for n, line in enumerate(lines):
        if line.lstrip().startswith("->"):
            lines[n - 1] = "(old)"
            if not lines[n - 2].lstrip().startswith("->"):
                lines[n - 2] = "(old)"
        elif " -> " in line:
            lines[n] = line[line.index(" -> "):]
    return of_text("\n".join(lines))


def of_manual(text):
    """Paragraphs of mdoc; a macro's arguments belong to the sentence."""
    def lines():
        for n, t in enumerate(text.split("\n"), 1):
            if re.match(r"\.(Pp|It|S[hs]|B[dl]|E[dl]|D[l1])\b|\s*$", t):
                yield None
            if not re.match(r"\s*(- )?line:", t):  # a sample
                yield n, re.sub(r'^\.(\\"|\w+)|\\&', "", t)
    return grouped(lines())


def of_yaml(text):
    """Comments, and the texts of `warning:' and `why:'."""
    prose, indent = [], None
    for n, t in enumerate(text.split("\n"), 1):
        depth = len(t) - len(t.lstrip())
        key = re.match(r"\s*(- )?(warning|why): *([>|]-?$)?(.*)", t)
        comment = re.match(r"""(?:[^#"']|"[^"]*"|'[^']*'|(?<=\S)\#)*?"""
                           r"(?:^|(?<=\s))#(.*)", t)
        if indent is not None and depth > indent and t.strip():
            prose.append((n, t))
        elif key:
            indent = depth
            prose += [None, (n, key.group(4))]
        elif comment:
            indent = None
            prose += [None] * bool(t.lstrip()[0] != "#")
            prose.append((n, comment.group(1)))
        else:
            indent = None
            prose.append(None)
    return grouped(prose)


def reader_of(path):
    """How a file of this name is read; None: it is not for people."""
    name = os.path.basename(path)
    if name.endswith((".c", ".h")):
        return of_c
    if re.search(r"\.[58]$", name):
        return of_manual
    if name.endswith(".yaml"):
        return of_yaml
    if name == "CHANGES":
        return of_changes
    return of_text if name in DOCUMENTS + ("WANTED",) else None


def found(path, shown):
    """(line, phrase, text) of the file."""
    with open(path, errors="replace") as f:
        text = f.read()
    lines = text.split("\n")
    hits = sorted({hit for passage in (reader_of(path) or of_text)(text)
                   for hit in passage.hits()})
    return ["%s:%d: %s: %s" % (shown, n, phrase, lines[n - 1].strip())
            for n, phrase in hits]


def below(top, *rooms):
    """The files for people in these directories and those below."""
    for room in rooms:
        for d, _, names in sorted(os.walk(os.path.join(top, room))):
            for name in sorted(names):
                if reader_of(name):
                    yield os.path.relpath(os.path.join(d, name), top)


def code(top):
    return [p for p in below(top, *ROOMS, "tests") if p.endswith((".c", ".h"))]


def documents(top):
    return [p for p in DOCUMENTS if os.path.exists(os.path.join(top, p))]


def manuals(top):
    return [p for p in below(top, *ROOMS) if reader_of(p) == of_manual]


def settings(top):
    return [p for p in below(top, "packaging") if p.endswith(".yaml")]


def patterns(top):
    return [p for p in below(top, "patterns")
            if reader_of(p) in (of_yaml, of_text)]


KINDS = {"comments and messages": code, "documents": documents,
         "manual pages": manuals, "sample settings": settings,
         "patterns": patterns}


def bad(top, kind):
    return [hit for path in KINDS[kind](top)
            for hit in found(os.path.join(top, path), path)]


def complaints(kind, path, text):
    """What is found in a tree that holds just this file."""
    top = tempfile.mkdtemp(prefix="pbs-prose.")
    try:
        path = os.path.join(top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return [hit.split(": ")[:2] for hit in bad(top, kind)]
    finally:
        shutil.rmtree(top)


SAMPLES = {
    "behind": ("a client behind carrier NAT, behind a proxy, behind one "
               "address; a map left behind; it leaves no map behind",
               "the colon behind the address"),
    "stands": ("a stand-in; it stands for many", "what stands here"),
    "for who": ("for whom, for whoever asks", "a file for who asks"),
    "none such": ("no such file; none", "there are none such"),
    "is none": ("nonesuch; there are none", "the second is none"),
    "anew": ("a new map", "it starts anew"),
    "is said": ("it said so, and will say so", "that is said"),
    "is told": ("the two are told apart, and it is told to stop",
                "the user is told"),
    "said of": ("it said: of two", "what it said of the map"),
    "mend": ("amend, recommend", "it may mend itself"),
    "of old": ("of older ones", "flags of old"),
    "put up with": ("put up a map", "that is put up with"),
    "he": ("the user, their name; the hex of this", "his own name"),
}
PLACES = {  # kind: path and how a text is put there
    "comments and messages": (
        ("base/x.c", "/* %s */\n"), ("daemon/source/x.h", "// %s\n"),
        ("maps/x.c", "f(\"%s\");\n"), ("tools/x.c", "f('\"', \"%s\\n\", 1);"),
        ("tests/unit/x.c", "ok(f(), \"%s\");\n")),
    "documents": tuple((name, "# Head\n\n%s\n") for name in DOCUMENTS),
    "manual pages": (("daemon/x.8", ".Sh NAME\n.Nm x\n%s\n"),
                     ("patterns/x.5", ".It Xr %s 1 .\n")),
    "sample settings": (("packaging/x.yaml", "# %s\n#a: b\n"),),
    "patterns": (("patterns/x.yaml", "# %s\n"),
                 ("patterns/y.yaml", "warning: >-\n  %s\nprogram: x\n"),
                 ("patterns/y.yaml", "rules:\n  - why: '%s'\n"),
                 ("patterns/WANTED", "1. X\n\n\t%s\n")),
}


def phrases_can_fail():
    for phrase, (good, wrong) in SAMPLES.items():
        equal(complaints("documents", "README.md", good), [],
              "%s: what is right passes" % phrase)
        equal([h[1] for h in complaints("documents", "README.md", wrong)],
              [phrase], "%s: is caught" % phrase)
    equal(sorted(SAMPLES), sorted(BANNED), "each has a sample")


def places_can_fail():
    for kind, places in PLACES.items():
        for path, form in places:
            text = "what comes after is logged again"
            equal(complaints(kind, path, form % text), [],
                  "%s: what is right passes" % path)
            for wrong in ("It comes behind it", "It is said"):
                equal(len(complaints(kind, path, form % wrong)), 1,
                      "%s: is caught in %r" % (path, form))


def what_counts():
    for path, text, lines, name in (
            ("base/x.c", "int behind = his[anew];\n#include \"anew/he.h\"\n",
             [], "code is no prose"),
            ("base/x.c", "/* a line that is\n * said, and\n * more */", [1],
             "a phrase on two lines of a comment"),
            ("base/x.c", "f(\"\\\"%\" PRIu64 \" is \"\n\t\"said: %s\",\n\t"
             "behind);\n", [1], "a phrase in two literals"),
            ("base/x.c", "f(\"is\", \"said\");\n", [], "two arguments"),
            ("daemon/x.8", "What is\n.Em said\nhere\n", [1],
             "a phrase with a macro in it"),
            ("daemon/x.8", ".It Is\n.It Said\n", [], "two items of a list"),
            ("patterns/x.5", "    - line: 'who is behind it'\n", [],
             "a sample in a manual page"),
            ("patterns/x.yaml", "rules:\n  - line: 'he # is \"behind\" it'\n"
             "    match: '# his'\n", [], "a sample line"),
            ("patterns/x.yaml", "rules:   # those of him\n", [1],
             "a comment at the end of a line"),
            ("patterns/x.yaml", "warning: it is\n  said\nheader: anew\n", [1],
             "a text on two lines"),
            ("CHANGES", "    is said -> is logged\n\n    it stands there\n"
             "      -> it is there\n", [], "an old message in CHANGES"),
            ("CHANGES", "    is logged -> is said\n\n    it is there\n"
             "      -> it stands there\n", [1, 4], "but not a new one")):
        kind = next(k for k, list_of in KINDS.items() if in_kind(list_of, path))
        equal([int(h[0].rsplit(":", 1)[1]) for h in
               complaints(kind, path, text)], lines, name)


def in_kind(list_of, path):
    with tempfile.TemporaryDirectory() as top:
        os.makedirs(os.path.join(top, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(top, path), "w"):
            pass
        return list_of(top) == [path]


def this_tree():
    for kind, list_of in KINDS.items():
        paths = list_of(ROOT)
        ok(paths, "there are %s" % kind)
        hits = bad(ROOT, kind)
        ok(not hits, "%s are English" % kind, *hits)


def for_writers(paths):
    hits = []
    for path in paths:
        if not os.path.exists(path):
            sys.exit("prose.t: %s: there is no such file" % path)
        files = [path]
        if os.path.isdir(path):
            files = [os.path.join(path, p) for p in below(path, "")]
        for name in files:
            hits += found(name, name)
    print("\n".join(hits), end="\n" if hits else "")
    sys.exit(1 if hits else 0)


if len(sys.argv) > 1:
    for_writers(sys.argv[1:])
main(phrases_can_fail, places_can_fail, what_counts, this_tree)
