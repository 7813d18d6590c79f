"""ctree: reads a tree of C: its files, includes, functions, tags and objects.

A path is relative to the top of the tree, and a room is the folder that a file
lies in. What belongs to no room of the product is left out: the tests, what
was built, and whatever is hidden.
"""
import collections
import os
import re
import subprocess

NO_PRODUCT = ("tests", "build")
# Types of nm(1): defined for all to use; the lower-case ones are private.
DEFINED = "TDRBVWCGSi"


def files(top, suffixes=(".c", ".h")):
    """Each C file of the product, in order."""
    found = []
    for folder, below, names in os.walk(top):
        if folder == top:
            below[:] = [b for b in below if not b.startswith(NO_PRODUCT)]
        below[:] = [b for b in below if not b.startswith(".")]
        found += [os.path.relpath(os.path.join(folder, name), top)
                  for name in names if name.endswith(suffixes)]
    return sorted(found)


def room_of(path):
    return os.path.dirname(path)


def text_of(top, path):
    with open(os.path.join(top, path), errors="replace") as f:
        return f.read()


def code_of(top, path):
    """The text without comments and strings; line numbers stay."""
    def blank(m):
        return "\n" * m.group(0).count("\n") if m.group(0)[0] == "/" else '""'
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank,
                  text_of(top, path), flags=re.S)


def lines_matching(text, expression):
    for number, line in enumerate(text.splitlines(), 1):
        m = re.search(expression, line)
        if m:
            yield number, m


def includes(top, quotes='""'):
    """(path, line, header) of each #include "..."; quotes="<>" for the rest."""
    for path in files(top):
        for n, m in lines_matching(
                text_of(top, path),
                r"^\s*#\s*include\s+%s([^>\"]+)%s" % tuple(quotes)):
            yield path, n, m.group(1)


def functions(top):
    """(length, path, name) of each; the length is that of its body."""
    for path in files(top, (".c",)):
        began, name = None, "?"
        for n, line in enumerate(code_of(top, path).splitlines(), 1):
            if line.startswith("{"):
                began = n
            elif line.startswith("}") and began:
                yield n - began + 1, path, name
                began = None
            elif began is None:
                m = re.match(r"(?:[\w *]*[ *])?(\w+)\(", line)
                name = m.group(1) if m else name


def tags(top):
    """{tag: [path, ...]} of the structs, unions and enums defined there."""
    found = collections.defaultdict(list)
    for path in files(top):
        for tag in re.findall(r"\b(?:struct|union|enum)\s+(\w+)\s*\{",
                              code_of(top, path)):
            if path not in found[tag]:
                found[tag].append(path)
    return found


def noun_of(top, path):
    """The file that a path is part of: x.c, x.h and x_state.h are one, x."""
    noun = os.path.splitext(path)[0]
    owner = re.sub(r"_state$", "", noun)
    return owner if os.path.exists(os.path.join(top, owner + ".c")) else noun


def symbols(paths):
    """Of {source: object}: {symbol: [source]} defined, {source: {symbol}} used.
    """
    owners, uses = collections.defaultdict(list), collections.defaultdict(set)
    if paths:
        sources = {path: source for source, path in paths.items()}
        out = subprocess.run(["nm", "-A", "-P"] + list(sources), text=True,
                             stdout=subprocess.PIPE, check=True).stdout
        for path, symbol, kind in re.findall(r"^(.*): (\S+) (\w)", out, re.M):
            if kind == "U":
                uses[sources[path]].add(symbol)
            elif kind in DEFINED and symbol != "main":
                owners[symbol].append(sources[path])
    return owners, uses


class Objects:
    """What the objects of a build define and use, by the names of sources.

    paths: {source: object}, of sources that are still there; missing: sources
    that have no object.
    """

    def __init__(self, top, build):
        paths = {source: os.path.join(build, source[:-2] + ".o")
                 for source in files(top, (".c",))}
        self.paths = {s: p for s, p in paths.items() if os.path.exists(p)}
        self.missing = sorted(set(paths) - set(self.paths))
        self.owners, self.uses = symbols(self.paths)
        _, self.test_uses = symbols({
            os.path.relpath(os.path.join(folder, name), build)[:-2] + ".c":
            os.path.join(folder, name)
            for folder, _, names in os.walk(os.path.join(build, "tests"))
            for name in names if name.endswith(".o")})

    def instrumented(self):
        return any(symbol.startswith(("__asan", "__ubsan", "__gcov"))
                   for uses in self.uses.values() for symbol in uses)

    def edges(self):
        """{source: {source whose symbols it uses: {symbol}}}"""
        found = {s: collections.defaultdict(set) for s in self.paths}
        for user, used in self.uses.items():
            for symbol in used:
                for owner in self.owners.get(symbol, ()):
                    found[user][owner].add(symbol)
        return found

    def exports(self):
        """(source, symbol, product files that use it, tests that do)"""
        for symbol, owners in sorted(self.owners.items()):
            for owner in owners:
                yield owner, symbol, *(
                    sorted(user for user, used in uses.items()
                           if symbol in used and user != owner)
                    for uses in (self.uses, self.test_uses))


def circles(edges):
    """The sets of nodes that reach each other, of {node: nodes} (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found
