#!/usr/bin/env python3
# Whatever pbsctl import-perl is given, it ends soon, with a clear exit code and
# only remarks as messages, even if Perl or PPI is missing. No control byte gets
# into its output.
import glob
import os
import random
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import pbs
import tap

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
SCRIPT = os.path.join(pbs.ROOT, "tools", "import", "import-perl")
REMARK = re.compile(rb"conf\.pl:[1-9]\d*: [^\x00-\x1f\x7f]+$"
                    rb"|pbsctl: import-perl: [^\x00-\x1f\x7f]+$")
CHANGES = 24
MAX = 128 * 1024
# Each would take hours or gigabytes if it were read without a bound.
HEAVY = {
    "open brackets": "(" * 20000,
    "open blocks": "sub x {" * 3000,
    "words": "a " * 50000,
    "statements": "f(x);\n" * 3000,
    "a factor too many": "$grace = " + "9*" * 5000 + "9;",
    "a long text, many times":
        "$x = '" + "x" * 60000 + "'; $pat = \"" + "$x" * 20000 + "\";",
    "a long time, many times":
        "$logtime_pat = '" + "(" * 60000 + "'; $pat = '"
        + "[LOGTIME]" * 7000 + "(a)';",
    "groups in groups":
        r"$pat = '^[LOGTIME] \S+ " + "(" * 20000 + ")" * 20000 + ": ';",
    "many programs": r"$pat = '^[LOGTIME] \S+ " + "(a|b)?" * 9000 + ": (x)';",
    "optional groups": r"$pat = '^[LOGTIME] \S+ " + "()?" * 20000 + ": (x)';",
    "backslashes": "$pat = '^[LOGTIME] " + "\\\\" * 30000 + "(x)';",
    "open classes": "$pat = '^[LOGTIME] (x)(" + "[[:a" * 15000 + "';",
}


def run(text, env):
    if isinstance(text, str):
        text = text.encode()
    path = os.path.join(env["DIRECTORY"], "conf.pl")
    with open(path, "wb") as f:
        f.write(text)
    return subprocess.run([PBSCTL, "import-perl", path], timeout=60, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def is_clear(done, env):
    said = done.stderr.replace(os.fsencode(env["DIRECTORY"]) + b"/", b"")
    return done.returncode in (0, 1) and all(
        REMARK.match(line) for line in said.split(b"\n")[:-1])


def changed(text, some):
    """A few of its bytes lost, doubled or made others; or the end missing."""
    text = bytearray(text)
    for _ in range(some.randint(1, 8)):
        at = some.randrange(len(text))
        what = some.randrange(4)
        if what == 0:
            del text[at:at + some.randint(1, 9)]
        elif what == 1:
            text[at] = some.choice(b"'\"(){}[]<>\\$@%;=#\n\0\x1b\x80\xff")
        elif what == 2:
            text[at:at] = text[at:at + some.randint(1, 99)]
        else:
            text[at] ^= 1 << some.randrange(8)
    return bytes(text[:some.randrange(len(text))]) if some.randrange(3) == 0 \
        else bytes(text)


def with_site(scenario):
    def begin():
        with pbs.Site() as site:  # it has a Postfix to ask
            scenario(dict(site.env, DIRECTORY=site.dir))
    begin.__name__ = scenario.__name__
    return begin


@with_site
def kept(env):
    some = random.Random(1)
    for path in sorted(glob.glob(os.path.join(HERE, "hostile-perl", "*"))):
        with open(path, "rb") as f:
            text = f.read()
        for n in range(CHANGES):
            done = run(changed(text, some) if n else text, env)
            tap.ok(is_clear(done, env), "%s, change %d: a clear end" % (
                os.path.basename(path), n), done.returncode, done.stderr[:500])


@with_site
def odd_bytes(env):
    """Nothing may end a line of YAML, or command a terminal."""
    for odd in ("\n", "\r", "\0", "\x7f", "\x9b", "\x85", "\u2028", "\ufeff",
                "\ufffe"):
        name = "U+%04X" % ord(odd)
        done = run("$dbvalue = 'a%sgrace: 1';" % odd, env)
        tap.contains(done.stderr.decode(), "$dbvalue: bytes that YAML cannot "
                     "hold", name + " goes into no value")
        done = run("$pat = '^[LOGTIME] h x: (a%sb)';" % odd, env)
        tap.contains(done.stderr.decode(), "$pat: bytes that YAML cannot hold",
                     name + " goes into no rule")
        done = run("%%file_tail = ('a%sb' => 1);" % odd, env)
        tap.ok(done.stderr.count(b"\n") == 2 and is_clear(done, env)
               and (odd == "\n" or odd.encode() not in done.stderr),
               name + " is reported in printable characters", done.stderr)


@with_site
def heavy(env):
    for name, text in HEAVY.items():
        tap.ok(len(text) < MAX, name + " is not refused for its size")
        done = run(text, env)
        tap.ok(is_clear(done, env) and b"too long to be read" not in
               done.stderr, name + ": a clear end", done.returncode,
               done.stderr[:500])
    done = run("#" * (MAX + 1), env)
    tap.equal(done.returncode, 66, "more than 128 KiB: exit 66")


@with_site
def missing(env):
    """What it needs; pbsctl is copied, as it knows its tree by its place."""
    path = subprocess.run(["perl", "-MPPI", "-e", "print $INC{'PPI.pm'}"],
                          stdout=subprocess.PIPE, text=True).stdout
    done = run("", dict(env, PERL5OPT="-M-lib=" + os.path.dirname(path)))
    tap.equal(done.returncode, 69, "no PPI: exit 69")
    tap.contains(done.stderr.decode(), "apt-get install libppi-perl",
                 "and what to install is said")
    top = env["DIRECTORY"]
    for name in ("build", "patterns", "tools/import"):
        os.makedirs(os.path.join(top, name))
    copy = os.path.join(top, "build", "pbsctl")
    shutil.copy(PBSCTL, copy)
    for script, part in ((None, "import-perl: No such file or directory"),
                         ("#!/nonexistent/perl\n", "install libppi-perl")):
        if script:
            path = os.path.join(top, "tools", "import", "import-perl")
            with open(path, "w") as f:
                f.write(script)
            os.chmod(path, 0o755)
        done = subprocess.run([copy, "import-perl", "x"], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tap.equal(done.returncode, 69, "no %s: exit 69" % (
            "Perl" if script else "script"))
        tap.contains(done.stderr, part, "and the reason is said")


tap.main(kept, odd_bytes, heavy, missing)
