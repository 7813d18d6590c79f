#!/usr/bin/env python3
# What the configuration now refuses leaves every map and list, even if it was
# granted before: at a reload, and at a start with an old checkpoint. So do
# addresses authorized by a rule that is no longer in force. What another
# program has written into a map does not stay there.
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import socketmap
from pbs import login
from policy import Client
from tap import equal, main, ok

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
GUEST, STRANGER = "192.0.2.50", "198.51.100.1"
HOUSE = "203.0.113.7"
SIEVE = "dovecot-managesieve-login"
PLACES = ["hash", "lmdb", "socketmap", "policy", "list"]


def listed(site, daemon):
    done = site.run("--list", "--checkpoint=" + site.map + ".state")
    return sorted(line.split()[0] for line in done.stdout.splitlines())


def query(site, spec, key):
    return subprocess.run(["postmap", "-q", key, spec], env=site.env, text=True,
                          stdout=subprocess.PIPE).stdout.strip() or None


def everywhere(site, daemon, key):
    """In which places the address still is."""
    places = ["hash:" + site.map, "lmdb:" + site.map,
              "socketmap:unix:%s:pbs" % site.path("socket")]
    found = [spec.split(":")[0] for spec in places if query(site, spec, key)]
    return found + ["list"] * (key in listed(site, daemon))


def by_rules(site, daemon, key):
    """The same, with policy:, for the tests of rules."""
    found = everywhere(site, daemon, key)
    client = Client(site.path("policy"))
    try:
        if client.ask(client=key) == "OK":
            found.insert(-1 if "list" in found else len(found), "policy")
    finally:
        client.close()
    return found


def start(site, *more):
    return site.start("--dbfile=hash:" + site.map, "--dbfile=lmdb:" + site.map,
                      "--dbfile=socketmap:unix:" + site.path("socket"), *more)


def granted(site, *addresses):
    daemon = start(site)
    for address in addresses:
        site.log(login(address))
        site.wait_key(address)
    return daemon


def exclude():
    with pbs.Site() as site:
        daemon = granted(site, GUEST, STRANGER)
        equal(everywhere(site, daemon, GUEST),
              ["hash", "lmdb", "socketmap", "list"], "it may relay")
        site.write("pbs.yaml", "exclude: [192.0.2.0/24]\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("removed %s: excluded 192.0.2.0/24" % GUEST)
        began = time.monotonic()
        site.wait_gone(GUEST)
        print("# out of the hash map after %.2f s" % (time.monotonic() - began))
        equal(everywhere(site, daemon, GUEST), [],
              "after a reload with exclude: it is nowhere")
        equal(len(everywhere(site, daemon, STRANGER)), 4, "others stay")
        daemon.stop()
        daemon = start(site)
        equal(everywhere(site, daemon, GUEST), [], "nor after a restart")


def many():
    with pbs.Site() as site:
        daemon = granted(site, GUEST, "192.0.2.51", "192.0.2.52", STRANGER)
        site.write("pbs.yaml", "exclude: [192.0.2.0/24]\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("removed 3 addresses that are refused now")
        site.wait_map("one is left", lambda m: set(m) == {STRANGER})
        equal(daemon.messages().count("removed "), 1, "one line says so")


def checkpoint():
    """The configuration changes while the daemon is stopped."""
    with pbs.Site() as site:
        granted(site, GUEST, STRANGER).stop()
        site.write("mail.log", "")
        site.write("pbs.yaml", "exclude: [192.0.2.0/24]\n")
        daemon = start(site)
        equal(everywhere(site, daemon, GUEST), [],
              "an old checkpoint restores nothing that is refused")
        equal(len(everywhere(site, daemon, STRANGER)), 4, "but the others")
        ok("must not publish" not in daemon.messages(),
           "the keeper had nothing to refuse", daemon.messages())


def mynetworks():
    with pbs.Site() as site:
        daemon = granted(site, GUEST)
        site.main_cf("127.0.0.0/8 192.0.2.0/24")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("removed %s: mynetworks 192.0.2.0/24" % GUEST)
        site.wait_gone(GUEST)
        equal(everywhere(site, daemon, GUEST), [], "what Postfix lets relay "
              "by mynetworks needs no entry")


def fewer():
    with pbs.Site() as site:
        daemon = granted(site, GUEST, STRANGER)
        site.write("pbs.yaml", "max_addresses: 1\n")
        daemon.kill(signal.SIGHUP)
        site.wait_map("one is left", lambda m: len(m) == 1)
        equal(len(listed(site, daemon)), 1, "max_addresses counts at a reload")
        site.write("pbs.yaml", "max_addresses: 100\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded", count=2)
        for n in range(3):
            site.log(login("203.0.113.%d" % n))
        site.wait_map("four", lambda m: len(m) == 4)
        ok(True, "and if it is larger again")


def sieve(address, user="ann"):
    return login(address, user).replace("imap-login", "managesieve-login")


def start_rules(site, settings, *more):
    site.write("pbs.yaml", settings)
    return start(site, "--dbfile=policy:unix:" + site.path("policy"), *more)


def users(site, address):
    done = site.run("--list", "--checkpoint=" + site.map + ".state")
    return [line.split()[3] for line in done.stdout.splitlines()
            if line.startswith(address + " ")]


def wait_users(site, address, want):
    pbs.until("%s: %s" % (address, want), pbs.DEADLINE,
              lambda: users(site, address) == [want],
              lambda left: time.sleep(0.05))


def enable():
    with pbs.Site() as site:
        daemon = start_rules(site, "enable: [%s]\n" % SIEVE)
        for line in (sieve(GUEST), login(STRANGER), login(HOUSE, "bob"),
                     sieve(HOUSE, "ann")):
            site.log(line)
        for address in (GUEST, STRANGER, HOUSE):
            site.wait_key(address)
        wait_users(site, HOUSE, "ann,bob")
        equal(by_rules(site, daemon, GUEST), PLACES,
              "an optional rule that is enabled authorizes")
        site.write("pbs.yaml", "")
        began = time.monotonic()
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("removed %s: rule %s is no longer enabled"
                            % (GUEST, SIEVE))
        site.wait_gone(GUEST)
        print("# out of the hash map after %.2f s" % (time.monotonic() - began))
        equal(by_rules(site, daemon, GUEST), [],
              "after a reload without it the address is nowhere")
        equal(by_rules(site, daemon, STRANGER), PLACES, "others stay")
        daemon.wait_message("withdrew logins from 1 address that other logins "
                            "keep, the first of them %s: rule %s is no longer "
                            "enabled" % (HOUSE, SIEVE))
        equal(by_rules(site, daemon, HOUSE), PLACES,
              "and an address that another rule vouches for")
        equal(users(site, HOUSE), ["bob"], "without the user who went")
        equal(daemon.messages().count("removed "), 1, "one line says so")
        daemon.stop()
        daemon = start_rules(site, "")
        equal(by_rules(site, daemon, GUEST), [], "nor after a restart")
        equal(by_rules(site, daemon, STRANGER), PLACES,
              "which the others survive")


def last_login():
    """The rule of the last login counts, also across a restart."""
    with pbs.Site() as site:
        daemon = start_rules(site, "enable: [%s]\n" % SIEVE)
        for line in (login(GUEST), sieve(STRANGER)):
            site.log(pbs.stamped(line, time.time() - 60))
        for line in (sieve(GUEST), login(STRANGER)):
            site.log(line)
        site.wait_key(GUEST)
        site.wait_key(STRANGER)
        daemon.stop()
        daemon = start_rules(site, "enable: [%s]\n" % SIEVE)
        site.wait_key(GUEST)
        ok("removed" not in daemon.messages(),
           "a restart alone withdraws nothing", daemon.messages())
        site.write("pbs.yaml", "")
        daemon.kill(signal.SIGHUP)
        site.wait_gone(GUEST)
        equal(by_rules(site, daemon, GUEST), [],
              "a restarted daemon knows by which rule it authorized")
        equal(by_rules(site, daemon, STRANGER), PLACES,
              "by which the user was in last")


PATTERNS = """server: Local
program: [local-pop]
rules:
  - name: local-login
    match: 'login (?<user>[a-z]+) from (?<ip>[0-9.]+)'
    accept:
      - {line: 'Nov 21 02:30:39 mail local-pop[7]: login ann from 192.0.2.7', ip: 192.0.2.7}
    reject:
      - {line: 'Nov 21 02:30:39 mail local-pop[7]: no login ann from 192.0.2.7', why: failed}
"""


def patterns(while_stopped):
    """A file of patterns goes, at a reload or while the daemon is stopped."""
    text = "while stopped: " if while_stopped else "at a reload: "
    with pbs.Site() as site:
        os.mkdir(site.path("own"))
        rules = site.write("own/local.yaml", PATTERNS)
        directories = ["--patterns=" + os.path.join(pbs.ROOT, "patterns"),
                       "--patterns=" + site.path("own")]
        daemon = start_rules(site, "", *directories)
        site.log("local-pop[7]: login ann from " + GUEST)
        site.log(login(STRANGER))
        site.wait_key(GUEST)
        site.wait_key(STRANGER)
        if while_stopped:
            daemon.stop()
        os.remove(rules)
        if while_stopped:
            daemon = start_rules(site, "", *directories)
        else:
            daemon.kill(signal.SIGHUP)
        daemon.wait_message("removed %s: rule local-login no longer exists"
                            % GUEST)
        site.wait_gone(GUEST)
        equal(by_rules(site, daemon, GUEST), [],
              text + "a rule that no longer exists authorizes nobody")
        equal(by_rules(site, daemon, STRANGER), PLACES, text + "others stay")
        ok("must not publish" not in daemon.messages(),
           text + "the keeper had nothing to refuse", daemon.messages())


def patterns_gone():
    patterns(False)


def patterns_gone_while_stopped():
    patterns(True)


def operator():
    """What an operator has added does not depend on rules."""
    with pbs.Site() as site:
        daemon = start_rules(site, "enable: [%s]\n" % SIEVE)
        subprocess.run([PBSCTL, "add", GUEST, "--for", "1200",
                        "--socket=" + site.map + ".ctl"], check=True,
                       stdout=subprocess.DEVNULL)
        site.log(sieve(GUEST))
        site.log(sieve(STRANGER))
        site.wait_key(STRANGER)
        wait_users(site, GUEST, "ann")
        site.write("pbs.yaml", "")
        daemon.kill(signal.SIGHUP)
        site.wait_gone(STRANGER)
        equal(by_rules(site, daemon, GUEST), PLACES,
              "what an operator has added stays")
        equal(users(site, GUEST), ["-"], "without the user of the rule")


def prefix(before, after):
    """ipv6_prefix changes while the daemon is stopped."""
    text = "ipv6_prefix %d, then %d: " % (before, after)
    address, network = "2001:db8:a0:1::7", "2001:db8:a0:1::"
    with pbs.Site() as site:
        site.write("pbs.yaml", "ipv6_prefix: %d\n" % before)
        daemon = start(site)
        site.log(login(address))
        site.log(login(STRANGER))
        site.wait_key(STRANGER)
        key = network if before == 64 else address
        equal(listed(site, daemon), sorted([STRANGER, key]), text + "granted")
        daemon.stop()
        daemon = start(site)
        equal(listed(site, daemon), sorted([STRANGER, key]),
              text + "a restart alone withdraws nothing")
        daemon.stop()
        site.write("pbs.yaml", "ipv6_prefix: %d\n" % after)
        daemon = start(site)
        daemon.wait_message("ipv6_prefix has changed; logins over IPv6 that "
                            "are not restored: 1")
        equal(listed(site, daemon), [STRANGER], text + "only IPv4 is left")
        for key in (address, network, "2001:db8:a0:1::8", "2001:db8:a0:1"):
            equal(everywhere(site, daemon, key), [], text + key + " is nowhere")
        equal(len(everywhere(site, daemon, STRANGER)), 4, text + "IPv4 is")
        site.log(login(address))
        pbs.until("granted again", pbs.DEADLINE,
                  lambda: len(listed(site, daemon)) == 2,
                  lambda left: time.sleep(0.05))
        ok(True, text + "the next login counts by the new one")


def narrower():
    prefix(64, 128)


def wider():
    prefix(128, 64)


def foreign(kind, suffix):
    with pbs.Site() as site:
        spec = "%s:%s" % (kind, site.map)
        daemon = site.start("--dbfile=" + spec)
        site.log(login(GUEST))
        daemon.wait_message("granted")
        site.write("map/pbs", "203.0.113.9 OK\n")
        subprocess.run(["postmap", spec], env=site.env, check=True)
        began = time.monotonic()
        daemon.wait_message("another program has replaced it")
        seconds = time.monotonic() - began
        ok(seconds < 5 or pbs.CHECKED,
           kind + ": the daemon notices", seconds)
        pbs.until("the map is ours again", pbs.DEADLINE,
                  lambda: query(site, spec, GUEST)
                  and not query(site, spec, "203.0.113.9"),
                  lambda left: time.sleep(0.05))
        ok(True, "%s: and has written it again" % kind)
        status = json.loads(subprocess.run(
            [PBSCTL, "status", "--json", "--config", site.config,
             "--dbfile", spec], env=site.env, text=True,
            stdout=subprocess.PIPE).stdout)
        equal(status["map_replaced"], 1, kind + ": status counts it")


def foreign_hash():
    foreign("hash", ".db")


def foreign_lmdb():
    foreign("lmdb", ".lmdb")


main(exclude, many, checkpoint, enable, last_login, patterns_gone,
     patterns_gone_while_stopped, operator, mynetworks, fewer, narrower, wider,
     foreign_hash, foreign_lmdb)
