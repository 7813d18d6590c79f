#!/usr/bin/env python3
# The manual pages are clean mdoc and name every flag, key and verb; the
# examples in them and in the sample configuration work as printed.
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import pbs
from tap import equal, main, ok, skip

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
PAGES = sorted(p for room in ("daemon", "patterns", "tools")
               for p in glob.glob(os.path.join(ROOT, room, "*.[58]")))


def run(*command, given=None):
    return subprocess.run(command, input=given, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def page(name):
    with open(os.path.join(ROOT, name)) as f:
        return f.read()


def plain(text):
    return text.replace("\\-", "-").replace("\\&", "")


def lint():
    equal(len(PAGES), 4, "four manual pages", PAGES)
    if shutil.which("mandoc") is None:
        return skip("mandoc finds nothing", "no mandoc")
    for path in PAGES:
        done = run("mandoc", "-Tlint", "-Wwarning", path)
        equal(done.stdout, "", os.path.basename(path) + " is clean mdoc")
    with tempfile.NamedTemporaryFile("w", suffix=".8") as bad:
        bad.write(".Sh NAME\n.Nope\n")
        bad.flush()
        ok("skipping unknown macro" in run(
            "mandoc", "-Tlint", "-Wwarning", bad.name).stdout,
            "mandoc would have found an unknown macro")


def fits_a_terminal():
    """groff breaks every line within 80 columns, as man(1) shows it."""
    if shutil.which("groff") is None:
        return skip("groff warns of nothing", "no groff")
    for path in PAGES:
        done = run("groff", "-ww", "-mdoc", "-Tutf8", path)
        equal(done.stderr, "", "groff warns of nothing in "
              + os.path.basename(path))


def flags_are_told():
    flags = set(re.findall(r"^ *(?:-\w, )?--(?:\[no\])?([a-z0-9_-]+)",
                           run(pbs.DAEMON, "--help").stdout, re.M))
    ok(len(flags) > 20, "--help lists the flags", sorted(flags))
    text = plain(page("daemon/pop-before-smtp.8"))
    told = {f.replace("_", "-") for f in re.findall(r"-([a-z][a-z0-9_-]+)", text)}
    told |= {f[2:] for f in told if f.startswith("no")}
    equal(sorted(f for f in flags if f.replace("_", "-") not in told), [],
          "pop-before-smtp(8) tells every flag")
    keys = set(re.findall(r"^ *#? ?([a-z0-9_]+):", dumped("").stdout, re.M))
    ok(len(keys) > 15, "--dumpconfig shows the keys", sorted(keys))
    told = set()
    for line in re.findall(r"^\.It Ic (.*)$",
                           page("daemon/pop-before-smtp.yaml.5"), re.M):
        told |= set(line.split(" , "))
    equal(sorted(keys - told), [], "pop-before-smtp.yaml(5) tells every key")
    equal(sorted(told - keys), [], "and none that there is not")
    verbs = re.findall(r"^  ([a-z][a-z-]*)(?: |$)", run(PBSCTL, "--help").stdout, re.M)
    told = re.findall(r"^\.It Cm ([\w-]+)", page("tools/pbsctl.8"), re.M)
    equal(sorted(told), sorted(verbs), "pbsctl(8) tells every verb")
    forms = re.findall(r"^\.Nm\n\.Cm (.*)$", page("tools/pbsctl.8"), re.M)
    equal(sorted(v for form in forms for v in form.split(" | ")),
          sorted(verbs), "its synopsis begins a line for every verb")


def statuses(name):
    """{exit status: what the page says of it}"""
    section = re.search(r"^\.Sh EXIT STATUS\n(.*?)^\.Sh ", page(name),
                        re.M | re.S).group(1)
    parts = re.split(r"^\.It (\d+)\n", section, flags=re.M)
    return dict(zip(map(int, parts[1::2]), parts[2::2]))


def used_statuses(path):
    with open(path) as f:
        return {getattr(os, code) for code in
                re.findall(r"\bEX_[A-Z]+\b", f.read())} - {os.EX_OK}


VERB_OF = {  # whose exit status the codes in a source file are
    "check/check.c": "check", "check/match.c": "match", "ctl.c": "status",
    "doctor/doctor.c": "doctor", "explain/explain.c": "explain",
    "import/import_perl.c": "import-perl", "keygen.c": "keygen",
    "peers.c": "peers", "peers_probe.c": "peers",
    "postfix/importing.c": "import-xmail", "recipients/run.c": "recipients",
    "recipients/settings.c": "recipients", "recipients/watch.c": "recipients",
    "relaycheck/relay_check.c": "relay-check", "report/report.c": "report",
    "setup/setup.c": "setup", "smap/import_smap.c": "import-smap",
    "top/top.c": "top", "xmail/import_xmail.c": "import-xmail"}
ASKERS = ("peers", "status", "top")  # and others in ctl.c
OF_ALL = (os.EX_USAGE, os.EX_IOERR, os.EX_PROTOCOL)


def statuses_are_told():
    """What a script meets must be in the page, of each verb, too."""
    used = set()
    for path in glob.glob(os.path.join(ROOT, "daemon", "**", "*.c"),
                          recursive=True):
        used |= used_statuses(path)
    equal(sorted(statuses("daemon/pop-before-smtp.8")), sorted(used),
          "pop-before-smtp(8) tells every exit status, and no other")
    told, missing, used = statuses("tools/pbsctl.8"), [], {1}
    for path in glob.glob(os.path.join(ROOT, "tools", "**", "*.c"),
                          recursive=True):
        name = os.path.relpath(path, os.path.join(ROOT, "tools"))
        used |= used_statuses(path)
        for status in used_statuses(path):
            verb, text = VERB_OF.get(name, name), told.get(status, "")
            if not (status in OF_ALL or re.search(
                    r"^\.Cm .*(?<![\w-])%s(?![\w-])" % verb, text, re.M)
                    or (verb in ASKERS and "query the daemon" in text)
                    # setenv(3)
                    or (status == os.EX_OSERR and verb in ("doctor", "setup"))):
                missing.append((status, verb))
    equal(missing, [], "pbsctl(8) tells the exit statuses of each verb")
    equal(sorted(told), sorted(used | {os.EX_OSERR}), "and no other")


def literal(name, begins=""):
    """The text of the last literal display of a page that begins so."""
    shown = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", page(name),
                       re.M | re.S)
    return [text for text in shown if text.startswith(begins)][-1]


def dumped(text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(text)
        f.flush()
        return run(pbs.DAEMON, "--config=" + f.name, "--nomynetworks",
                   "--dumpconfig")


def examples():
    done = dumped(literal("daemon/pop-before-smtp.yaml.5"))
    equal((done.returncode, done.stderr), (0, ""), "its example is accepted")
    ok("3600" in done.stdout or "1h" in done.stdout, "and means what it says",
       done.stdout)
    with tempfile.TemporaryDirectory() as d:
        text = literal("patterns/pop-before-smtp.patterns.5", "server:")
        with open(os.path.join(d, "example.yaml"), "w") as f:
            f.write(text)
        lines = re.findall(r"- line: '(.*)'", text)
        done = run(PBSCTL, "match", "--json", "--patterns", d,
                   given="\n".join(lines) + "\n")
        equal(len(lines), 4, "the example has four samples")
        ok('"line": 1' in done.stdout and '"192.0.2.7"' in done.stdout,
           "the first is a login", done.stdout + done.stderr)
        ok('"line": 2' not in done.stdout, "the second is none", done.stdout)


def sample_configuration():
    text = page("packaging/pop-before-smtp.yaml")
    equal([s for s in text.splitlines() if s and s[0] != "#"], [],
          "the sample configuration sets nothing")
    if "built without" in dumped("peers: {}").stderr:
        text = re.sub(r"^#peers:\n(?:#  .*\n)+", "", text, flags=re.M)
    bare = re.sub(r"^#(?=\S|  )", "", text, flags=re.M)
    done = dumped(bare)
    equal((done.returncode, done.stderr), (0, ""),
          "and each of its settings is accepted")
    for key, value in re.findall(r"^#(\w+): (\S+)$", text, re.M):
        ok(key in done.stdout, "it sets " + key, done.stdout)
    equal(dumped(bare.replace("grace:", "grase:")).returncode, 78,
          "a wrong one would not be")


main(lint, fits_a_terminal, flags_are_told, statuses_are_told, examples, sample_configuration)
