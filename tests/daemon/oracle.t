#!/usr/bin/env python3
# What the daemon writes for a large log equals, key by key and value by value,
# what an independent reader of the same log (tests/oracle.py) computes.
# tests/run: timeout=600
"""With ORACLE_LINES=1000000 in the environment: `make oracle`."""
import os
import subprocess
import sys
import time

for place in "lib", "bench":
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", place))
import journal as journals
import pbs
from tap import equal, main, ok, skip

pbs.need(pbs.GENLOG)
LINES = os.environ.get("ORACLE_LINES", "100000")
SPAN = 14400  # four hours ...
START = int(time.time()) // 86400 * 86400 - 86400 + 7200  # ... of yesterday
NEW_YEAR = 1798754400  # 31 Dec 2026, 22:00 UTC


def generate(site, *options):
    with open(site.logfile, "wb") as out:
        subprocess.run([pbs.GENLOG, "--lines", LINES, *options], stdout=out,
                       check=True, env=site.env)


def oracle(site, *options):
    """(sure, edge): two maps; of the second each key may be there or not."""
    out = subprocess.run([sys.executable, pbs.ORACLE, *options, site.logfile],
                         stdout=subprocess.PIPE, text=True, check=True,
                         env=site.env).stdout
    rows = [line.split() for line in out.splitlines()]
    return (dict(r for r in rows if len(r) == 2),
            {r[0]: r[1] for r in rows if len(r) == 3})


def compare(site, expected, name):
    sure, edge = expected
    held = site.dump()
    ok(len(sure) > 1000, "%s: the oracle has enough to compare" % name,
       len(sure))
    equal(sorted(set(sure) - set(held))[:5], [], name + ": no key is missing")
    equal(sorted(set(held) - set(sure) - set(edge))[:5], [],
          name + ": no key is there that should not be")
    both = dict(edge, **sure)
    equal([(k, v, both[k]) for k, v in held.items()
           if both.get(k, v) != v][:5], [], name + ": every value is right")


def reprocess(name, *options, zone="UTC", xmail=False):
    with pbs.Site() as site:
        site.env["TZ"] = zone
        if xmail:
            options += ("--format", "xmail")
        generate(site, "--start", str(START), *options)
        run = site.run("--once", "--reprocess", "--grace=1800", seconds=300)
        equal(run.returncode, 0, name + ": exit code", run.stderr)
        compare(site, oracle(site, "--grace", "1800",
                             *(["--xmail"] if xmail else [])), name)


def traditional():
    reprocess("traditional stamps", "--stamp", "traditional")


def iso():
    reprocess("ISO stamps", "--stamp", "iso")


def elsewhere():
    reprocess("traditional stamps far from UTC", "--seed", "2",
              zone="XXX-5:30")


def xmail():
    reprocess("XMail's own log", "--seed", "3", xmail=True)


def once(name, start, *options):
    """Now is the clock, which stands at the end of the log."""
    with pbs.Site() as site:
        generate(site, "--start", str(start), *options)
        now = start + SPAN
        run = site.run(
            "--once", "--grace=3600", seconds=300,
            wrap=("faketime", "-f", "@" + faketime_stamp(now)),
            env={"FAKETIME_DONT_FAKE_MONOTONIC": "1",
                 "ASAN_OPTIONS": "verify_asan_link_order=0"})
        equal(run.returncode, 0, name + ": exit code", run.stderr)
        compare(site, oracle(site, "--grace", "3600", "--now", str(now),
                             "--edge", "60"), name)


def faketime_stamp(epoch):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(epoch))


def journal():
    """The same lines as entries, more than one thread begins with."""
    if journals.remote() is None:
        skip("journal", "no systemd-journal-remote here")
        return
    lines = str(int(LINES) if int(LINES) > 100000 else 20000)
    options = ("--lines", lines, "--start", str(START), "--span", "3000",
               "--stamp", "iso")
    with pbs.Site() as site:
        site.env["TZ"] = "UTC"
        generate(site, *options)
        entries = journals.write(site.path("entries"), [
            pbs.GENLOG, *options, "--export"])
        run = site.run("--once", "--reprocess", "--grace=1800",
                       "--logfile=journal:" + entries, seconds=300)
        equal(run.returncode, 0, "journal: exit code", run.stderr)
        ok("read %s lines" % lines in run.stderr, "journal: all are counted",
           run.stderr)
        compare(site, oracle(site, "--grace", "1800"), "journal")


def clock():
    once("now is the clock", START, "--seed", "4")


def new_year():
    once("over New Year", NEW_YEAR, "--seed", "5")


main(traditional, iso, elsewhere, xmail, journal, clock, new_year)
