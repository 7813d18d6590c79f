"""smalltree: small trees of C, for tests of what judges a large one.

A tree is {path: text}; tests of its own lie in tests/x.c.
"""
import contextlib
import os
import shutil
import subprocess
import tempfile

import ctree


@contextlib.contextmanager
def laid(tree):
    """The folder that holds the tree meanwhile."""
    top = tempfile.mkdtemp(prefix="pbs-tree.")
    try:
        for name, text in tree.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        yield top
    finally:
        shutil.rmtree(top)


def compiled(top):
    """The objects of a tree and of its tests."""
    for path in ctree.files(top, (".c",)) + ["tests/x.c"]:
        if os.path.exists(os.path.join(top, path)):
            out = os.path.join(top, "build", path[:-2] + ".o")
            os.makedirs(os.path.dirname(out), exist_ok=True)
            subprocess.run(
                os.environ.get("CC", "cc").split() + [
                    "-fPIE", "-c", "-o", out, os.path.join(top, path)],
                check=True)
    return ctree.Objects(top, os.path.join(top, "build"))


def include(*names):
    return "".join("#include %s\n" % n for n in names)


def includes(*headers):
    return include(*('"%s"' % h for h in headers))


def function(lines, name="f"):
    """A function of so many lines, the braces among them."""
    return "static void\n%s(void)\n{\n%s}\n\n" % (name, "\t;\n" * (lines - 2))


def calls(name, *others):
    """A function for all to use that calls the others."""
    return "void %s(void);\n%svoid %s(void)\n{\n%s}\n" % (
        name, "".join("void %s(void);\n" % o for o in others), name,
        "".join("\t%s();\n" % o for o in others))
