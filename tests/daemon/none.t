#!/usr/bin/env python3
# dbfile: none, for a host with a POP server and no Postfix, and logfile: none,
# for a relay that follows no log: everything else works as usual.
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
GUEST, OTHER = "198.51.100.7", "198.51.100.8"


def ctl(site, *words):
    return subprocess.run(
        [PBSCTL, *words, "--socket=" + site.map + ".ctl"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)


def tool(site, verb, *words):
    return subprocess.run(
        [PBSCTL, verb, "--config", site.config, *words], text=True,
        env=site.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def listed(site):
    return sorted(json.loads(line)["ip"] for line in ctl(
        site, "list", "--json").stdout.splitlines())


def no_map():
    # Postfix is broken, and if it were asked, it would exclude the guest.
    with pbs.Site(mynetworks="198.51.100.0/24 $nothing[") as site:
        flags = ("--dbfile=none", "--debug",
                 "--checkpoint=" + site.map + ".state")
        daemon = site.start(*flags)
        site.log(login(GUEST))
        daemon.wait_message("granted " + GUEST)
        equal(listed(site), [GUEST], "a login is recognized")
        ok("mynetworks" not in daemon.messages()
           and "postconf" not in daemon.messages(),
           "Postfix was not asked", daemon.messages())
        contains(daemon.messages(), "warning: dbfile: none: a login authorizes "
                 "nobody", "and it is said that it is of no use alone")
        again = site.run(*flags)
        equal(again.returncode, 75, "there is only one such daemon")
        equal(daemon.stop(), 0, "it stops")
        equal([name for name in os.listdir(site.mapdir)
               if not name.startswith("pbs.state")], [], "no map was made")
        contains(site.run(*flags, "--list").stdout, GUEST,
                 "--list has it from the checkpoint")
        equal(site.run(*flags, "--clear").returncode, 0, "--clear: nothing")
        daemon = site.start(*flags)
        equal(listed(site), [GUEST], "the next one has it as well")
        os.kill(daemon.worker(), signal.SIGKILL)
        daemon.wait_message("read 0 lines", count=2)
        site.log(login(OTHER))
        daemon.wait_message("granted " + OTHER)
        ok(OTHER in listed(site), "another worker takes its place")


def no_log():
    with pbs.Site() as site:
        flags = ("--logfile=none", "--checkpoint=" + site.map + ".state")
        daemon = site.start(*flags)
        contains(daemon.messages(), "warning: logfile: none: there are no "
                 "logins", "it is said that it is of no use alone")
        equal(ctl(site, "add", GUEST).returncode, 0, "an address is added")
        site.wait_key(GUEST)
        ok(True, "and published")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        equal(listed(site), [GUEST], "a reload keeps it")
        equal(daemon.stop(), 0, "it stops")
        equal(site.dump(), {}, "and empties the map")
        site.start(*flags)
        site.wait_key(GUEST)
        equal(listed(site), [GUEST], "the next one has it as well")


def neither():
    with pbs.Site() as site:
        flags = ("--logfile=none", "--dbfile=none",
                 "--checkpoint=" + site.map + ".state")
        said = site.run(*flags, "--check")
        equal(said.returncode, 0, "--check", said.stdout + said.stderr)
        contains(said.stdout, "ok dbfile: none, no map is kept", "of no map")
        contains(said.stdout, "ok logfile: none, no log is followed",
                 "and of no log")
        said = site.run(*flags, "--dumpconfig").stdout
        for line in "dbfile: none", "logfile: none", "mynetworks: no":
            ok(line in said.splitlines(), "--dumpconfig: " + line, said)
        site.write("pbs.yaml", said)
        again = subprocess.run(
            [pbs.DAEMON, "--config=" + site.config, "--dumpconfig"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        equal(again.stdout, said, "which it reads again")
        site.start(*flags).stop()
        ok(True, "it starts and stops")


def together():
    with pbs.Site() as site:
        for flags, said in (
                (("--dbfile=none", "--dbfile=hash:" + site.map),
                 "dbfile: `none' stands for no map: remove it"),
                (("--logfile=/x", "--logfile=none"),
                 "logfile: `none' stands for no log: remove it"),
                (("--logfile=none", "--once"), "once: there is nothing to"),
                (("--logfile=none", "--reprocess"), "reprocess: there is")):
            done = site.run(*flags)
            equal(done.returncode, 64, "%s: refused" % " ".join(flags))
            contains(done.stderr, said, "and says why")


def tools():
    with pbs.Site() as site:
        site.write("pbs.yaml", "dbfile: none\nlogfile: none\ncheckpoint: %s\n"
                   % (site.map + ".state"))
        done = tool(site, "doctor", "--json")
        ok("postfix" not in done.stdout.lower(),
           "the doctor looks for no Postfix", done.stdout)
        done = tool(site, "setup")
        equal(done.returncode, 78, "setup has nothing to do")
        contains(done.stderr, "dbfile: none: there is no map", "and says so")
        done = tool(site, "report")
        equal(done.returncode, 78, "report needs a log")
        contains(done.stderr, "name a log with --logfile", "and says so")


main(no_map, no_log, neither, together, tools)
