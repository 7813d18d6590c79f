#!/usr/bin/env python3
# tests/run counts a test as failed if it crashes, hangs, or prints no plan or
# too few results, and a skipped one if CI=true.
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tap import contains, equal, main, ok


def run(scripts, ci="", *arguments):
    """tests/run over a tree that holds these shell scripts."""
    top = tempfile.mkdtemp(prefix="pbs-runner.")
    try:
        os.makedirs(os.path.join(top, "tests", "daemon"))
        shutil.copy(os.path.join(ROOT, "tests", "run"),
                    os.path.join(top, "tests", "run"))
        for name, text in scripts.items():
            path = os.path.join(top, "tests", "daemon", name)
            with open(path, "w") as f:
                f.write("#!/bin/sh\n" + text)
            os.chmod(path, 0o755)
        done = subprocess.run(
            [os.path.join(top, "tests", "run"), *arguments], text=True,
            env=dict(os.environ, CI=ci), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        return done.stdout, done.stdout.splitlines()[-1], done.returncode
    finally:
        shutil.rmtree(top)


def says(name, script, last, code, ci=""):
    out, line, returned = run({"a.t": script}, ci)
    equal((line, returned), (last, code), name, out)
    return out


def counts():
    says("passes are counted", "echo ok 1 - a; echo ok 2 - b; echo 1..2",
         "2 passed, 0 failed", 0)
    out = says("failures are counted",
               "echo ok 1; echo 'not ok 2 - b'; echo '# because'; echo 1..2;"
               " exit 1", "1 passed, 1 failed", 1)
    contains(out, "not ok 2 - b", "the failing line is shown")
    contains(out, "# because", "and what it says")
    out, line, _ = run({"a.t": "echo ok 1; echo 1..1",
                        "b.t": "echo not ok 1; echo 1..1",
                        "c.t": "# tests/run: exclusive\necho ok 1; echo 1..1"})
    equal(line, "2 passed, 1 failed", "several programs add up", out)


def disbelief():
    says("no plan", "echo ok 1", "1 passed, 1 failed", 1)
    says("nothing at all", "", "0 passed, 1 failed", 1)
    says("fewer results than planned", "echo ok 1; echo 1..2",
         "1 passed, 1 failed", 1)
    says("a crash behind the plan", "echo 1..1; echo ok 1; kill -SEGV $$",
         "1 passed, 1 failed", 1)
    says("an angry exit", "echo ok 1; echo 1..1; exit 3",
         "1 passed, 1 failed", 1)
    says("bail out", "echo ok 1; echo 1..1; echo 'Bail out! no disk'",
         "1 passed, 1 failed", 1)
    says("a hang", "# tests/run: timeout=1\necho ok 1; echo 1..1; "
         "exec sleep 100", "1 passed, 1 failed", 1)


def skips():
    script = "echo ok 1 - a; echo 'ok 2 - b # SKIP no moon'; echo 1..2"
    out = says("a skip is counted separately", script,
               "1 passed, 0 failed, 1 skipped", 0)
    contains(out, "no moon", "the reason is shown")
    says("in CI it has failed", script, "1 passed, 1 failed", 1, ci="true")
    says("a program that skips all", "echo '1..0 # SKIP not here'",
         "0 passed, 1 failed", 1, ci="true")


def not_built():
    """A test that is run by itself, in a tree that has the daemon alone."""
    build = os.path.join(ROOT, os.environ.get("BUILD", "build"))
    for test, missing in (("crash.t", "tests/lib/faultlib.so"),
                          ("faults.t", "tests/lib/faultlib.so"),
                          ("socketmap.t", "tests/bench/genlog"),
                          ("closed.t", "pop-before-smtp")):
        with tempfile.TemporaryDirectory(prefix="pbs-runner.") as top:
            if missing != "pop-before-smtp":
                os.symlink(os.path.join(build, "pop-before-smtp"),
                           os.path.join(top, "pop-before-smtp"))
            done = subprocess.run(
                [os.path.join(ROOT, "tests", "daemon", test)], text=True,
                env=dict(os.environ, BUILD=top), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=30)
            name = os.path.relpath(os.path.join(top, missing), ROOT)
            contains(done.stdout, "Bail out! %s is not built: make " % name,
                     test + ": says what is not built, and how it is made")
            equal((done.returncode, done.stderr), (1, ""),
                  test + ": and nothing else")


def choice():
    scripts = {"a.t": "# tests/run: root\necho ok 1; echo 1..1",
               "b.t": "echo ok 1; echo ok 2; echo 1..2"}
    equal(run(scripts, "", "--unprivileged")[1], "2 passed, 0 failed",
          "--unprivileged leaves out what needs root")
    equal(run(scripts, "", "a.t")[1], "1 passed, 0 failed", "by name")
    equal(run(scripts, "", "tests/daemon/b.t")[1], "2 passed, 0 failed",
          "by path")
    out, line, code = run(scripts, "", "c.t")
    equal((line, code), ("tests/run: no test is called c.t", 1),
          "nothing run is no success, and is said", out)


main(counts, disbelief, skips, not_built, choice)
