#!/usr/bin/env python3
# Loopback, the machine's own addresses, Postfix's mynetworks and excluded
# networks are never written; such logins are counted, and logged once.
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip

GUEST = "198.51.100.200"


def own_addresses():
    """What `ip` or hostname(1) says; loopback aside."""
    said = subprocess.run(["hostname", "-I"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout
    return said.split()


def refused(name, ips, mynetworks="127.0.0.0/8", config="", prepare=None):
    with pbs.Site(mynetworks) as site:
        if prepare:
            prepare(site)
        site.write("pbs.yaml", config)
        daemon = site.start()
        site.log(*[login(ip) for ip in ips for _ in range(3)])
        site.log(login(GUEST))
        site.wait_key(GUEST)
        equal(list(site.dump()), [GUEST], name + ": never written",
              daemon.messages())
        daemon.kill(signal.SIGUSR1)
        daemon.wait_message("state: ")
        said = daemon.messages().splitlines()
        ok(any("refused=%d" % (3 * len(ips)) in x for x in said),
           name + ": counted", *said)
        for ip in ips:
            equal(sum(x.startswith("refused " + ip + ":")
                      or x.startswith("refused " + ip + " ")
                      for x in said), 1, name + ": logged once", *said)


def loopback():
    refused("loopback", ["127.0.0.1", "::1"])


def mapped():
    refused("loopback in IPv6's clothes", ["127.0.0.1"])
    with pbs.Site() as site:
        site.start()
        site.log(login("::ffff:127.0.0.1"), login("::ffff:198.51.100.5"))
        site.wait_key("198.51.100.5")
        equal(list(site.dump()), ["198.51.100.5"],
              "::ffff: is folded to IPv4, for good and ill")


def special():
    refused("link-local, multicast, unspecified",
            ["169.254.1.1", "fe80::1", "224.0.0.5", "0.0.0.0", "ff02::1",
             "255.255.255.255"])


def own():
    mine = [a for a in own_addresses() if not a.startswith("fe80:")][:2]
    if not mine:
        skip("own addresses", "this machine has none but loopback")
        return
    refused("own addresses", mine)


def ours():
    refused("mynetworks",
            ["203.0.113.7", "2001:db8:9:9::1"],
            "127.0.0.0/8 203.0.113.0/24 [2001:db8:9::]/48")


def ours_in_file():
    def prepare(site):
        site.write("nets", "# ours\n203.0.113.0/25\n2001:db8:9::/48\n")
        site.main_cf("127.0.0.0/8, " + site.path("nets"))
    refused("mynetworks in a file", ["203.0.113.7"], prepare=prepare)


def ours_in_table():
    def prepare(site):
        site.write("table", "203.0.113.7 x\n")
        subprocess.run(["postmap", "hash:" + site.path("table")],
                       env=site.env, check=True)
        site.write("nets.cidr", "203.0.113.128/25 x\n")
        site.main_cf("127.0.0.0/8, hash:%s, cidr:%s" % (
            site.path("table"), site.path("nets.cidr")))
    refused("mynetworks in tables", ["203.0.113.7", "203.0.113.200"],
            prepare=prepare)


def missing_table():
    with pbs.Site() as site:
        site.main_cf("127.0.0.0/8, hash:" + site.path("none"))
        site.log(login(GUEST))
        run = site.run("--once")
        said = "\n".join(x for x in run.stderr.splitlines()
                         if "mynetworks: postmap -q " + GUEST in x)
        contains(said, "postmap: fatal: open database " + site.path("none"),
                 "a table in mynetworks that is missing is said")


def excluded():
    refused("exclude", ["203.0.113.7", "100.64.3.3"],
            config="exclude:\n  - 203.0.113.0/24\n  - 100.64.0.0/10\n")


def ambiguous():
    with pbs.Site() as site:
        site.start()
        site.log(login("2001:db8::1"), login("2a00::5"), login(GUEST))
        site.wait_key(GUEST)
        equal(sorted(site.dump()), [GUEST, "2001:db8::1"],
              "a key that is the short form of strangers is never written")


def strange_postconf():
    with pbs.Site("$nonsense, , regexp:/nowhere, !10.0.0.0/8") as site:
        daemon = site.start()
        site.log(login(GUEST))
        ok(site.wait_key(GUEST), "what cannot be understood stops nothing",
           daemon.messages())


def failing_postconf():
    with pbs.Site() as site:
        site.main_cf("127.0.0.0/8\nmynetworks_style")
        run = site.run("--once")
        equal(run.returncode, 0, "a postconf that fails stops nothing",
              run.stderr)
        contains(run.stderr, "postconf -x -h mynetworks failed (exit 1: "
                 "postconf: fatal: ", "its failure is said")
        contains(run.stderr, "missing '=' after", "and why")
        contains(run.stderr, "; until it works, logins from mynetworks count; "
                 "see pbsctl doctor\n", "and what follows")
        os.unlink(site.path("postfix/main.cf"))
        run = site.run("--once")
        contains(run.stderr, "failed (exit 1: postconf: fatal: open %s: No such "
                 "file or directory); until it works" % site.path(
                     "postfix/main.cf"), "so it is without main.cf")


main(loopback, mapped, special, own, ours, ours_in_file, ours_in_table,
     missing_table, excluded, ambiguous, strange_postconf,
     failing_postconf)
