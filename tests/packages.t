#!/usr/bin/env python3
# packaging/install-packages uses each of five package managers correctly, names
# what is missing, and never removes anything.
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tap import contains, equal, main, ok

SCRIPT = os.path.join(ROOT, "packaging", "install-packages")
TOOLS = """sh cat env grep id install mktemp rm sed sort tail tr""".split()
MANAGERS = {
    "apt-get": ("--no-remove", "libpcre2-dev"),
    "dnf": ("-y install", "pcre2-devel"),
    "apk": ("add", "pcre2-dev"),
    "zypper": ("--non-interactive install", "pcre2-devel"),
    "pacman": ("-S --needed --noconfirm", "pcre2"),
}


class Machine:
    """A PATH with a few tools, one package manager that only takes notes,
    and no compiler that works."""

    def __init__(self, *managers):
        self.dir = tempfile.mkdtemp(prefix="pbs-packages.")
        self.notes = os.path.join(self.dir, "notes")
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.dir, tool))
        for name in managers + ("apt-cache", "debconf-set-selections", "sudo"):
            self.script(name, 'echo "%s $*" >>%s' % (name, self.notes))
        self.script("sudo", '[ "$1" != -n ] || shift; exec "$@"')

    def script(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\n%s\n" % text)
        os.chmod(path, 0o755)

    def run(self, *words, **environment):
        # /usr/sbin holds no package manager; the script appends it.
        done = subprocess.run([SCRIPT, *words], text=True, env={
            "PATH": self.dir, "CC": "no-such-compiler", **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def noted(self):
        try:
            with open(self.notes) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.dir)


def each_manager():
    for name, (words, package) in MANAGERS.items():
        with Machine(name) as m:
            code, out = m.run("--names", "build", "test")
            ok(package in out.split(), name + ": its own names", out)
            ok("-" not in out.split(), name + ": and names only", out)
            code, out = m.run("build")
            contains(m.noted(), words, name + " is asked in its own words")
            contains(m.noted(), package, name + " is asked for what is missing")
            ok(code != 0 and "still missing" in out,
               name + ": an installation that brought nothing is no success",
               out)


def says_what_is_missing():
    with Machine("apt-get") as m:
        code, out = m.run("--check", "build")
        equal(code, 1, "--check fails when something is missing", out)
        contains(out, "the header <pcre2.h> (package libpcre2-dev)",
                 "names the header and its package")
        contains(out, "make run", "and the way out")
        equal(m.noted(), "", "and installs nothing")
    with Machine() as m:
        code, out = m.run("build")
        equal(code, 1, "no package manager: fails", out)
        contains(out, "by hand", "and says so")


def wishes_under_ci():
    with Machine("apt-get") as m:
        for tool in ("cc", "make", "pkg-config", "perl"):
            m.script(tool, "exit 0")
        m.script("no-cdb", "! grep -q cdb.h")
        done = m.run("build", CC="no-cdb")
        equal((done, m.noted()), ((0, ""), ""),
              "what is only wished for is not installed alone")
        m.script("apt-cache", "exit 0")
        m.run("build", CC="no-cdb", CI="true")
        contains(m.noted(), "install libcdb-dev",
                 "but it is under CI, where no test may be skipped")


def content():
    """What these tests test was built here."""
    env = dict(os.environ, CC="env cc")
    done = subprocess.run([SCRIPT, "build"], text=True, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    equal((done.returncode, done.stdout), (0, ""),
          "with nothing missing nothing happens; CC may be several words")


def no_such_group():
    with Machine("apt-get") as m:
        for words in ("bulid",), ("--check", "bulid"), ("build", "bulid"):
            code, out = m.run(*words)
            equal(code, 64, " ".join(words) + ": exit 64")
            contains(out, "unknown group 'bulid'; known are: bench build",
                     "... which names the groups")
        equal(m.run("--check")[0], 64, "no group: exit 64")
        equal(m.noted(), "", "nothing is installed")


main(each_manager, says_what_is_missing, wishes_under_ci, content, no_such_group)
