#!/usr/bin/env python3
# pbsctl peers, status and metrics: what they show of other hosts and of the
# engine, in text and in JSON, with and without faults.
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hosts
import pbs
from hosts import PBSCTL, Place, control
from pbs import login
from tap import contains, equal, main, ok

ANN, BOB, EVE = "198.51.100.7", "198.51.100.8", "203.0.113.9"
hosts.need()


def ask(host, *words):
    return subprocess.run([PBSCTL, *words, "--socket=" + control(host)],
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def rows(host, key):
    """The objects of `pbsctl peers --json' with this key, by its value."""
    done = ask(host, "peers", "--json")
    return {row[key]: row for row in map(json.loads, done.stdout.splitlines())
            if key in row}


def await_row(host, key, value, condition):
    def look():
        row = rows(host, key).get(value)
        return row if row and condition(row) else None
    return pbs.until("%s %s" % (key, value), pbs.DEADLINE, look,
                     lambda left: time.sleep(0.05))


def status(host):
    return json.loads(ask(host, "status", "--json").stdout)


def metrics(host):
    text = ask(host, "metrics").stdout
    return {name: float(value) for name, value in re.findall(
        r"^pop_before_smtp_(peers_\S+) (\S+)$", text, re.M)}


def all_well():
    with Place("pop1", "pop2", "relay") as (engine, pop1, pop2, host):
        pop1.pop()
        host.relay(pop1, pop2)
        pop1.log(login(ANN), login(BOB, "bob"))
        host.wait_key(ANN)
        host.wait_key(BOB)
        row = await_row(host, "host", "pop1", lambda r: r["addresses"] == 2)
        ok(row["entries"] >= 1 and row["records"] == 2, "what came", row)
        ok(abs(row["ahead"]) <= 1 and row["heard"] <= 15
           and row["missing"] == 0, "its clock, when it was heard", row)
        equal(row["refused"], {}, "nothing was refused")
        ok(re.fullmatch(r"\d+-\d+", row["cursor"]) and row["cursor"] != "0-0",
           "how far it was read", row)
        silent = rows(host, "host")["pop2"]
        equal((silent["heard"], silent["entries"]), (None, 0),
              "another was never heard")
        done = ask(host, "peers")
        equal(done.returncode, 1, "and so not all is well", done.stdout)
        contains(done.stdout, "to read: connected since ", "in text")
        contains(done.stdout, "unix:" + engine.path, "the engine")
        ok(re.search(r"^pop2 .* never ", done.stdout, re.M), "and the hosts",
           done.stdout)
        pop2.pop()
        await_row(host, "host", "pop2", lambda r: r["heard"] is not None)
        equal(ask(host, "peers").returncode, 0, "when it is heard, all is")

        line = rows(pop1, "connection")
        equal(sorted(line), ["write"], "who only publishes only writes")
        ok(line["write"]["connected"] and "master" in line["write"]["engine"],
           "to a master", line)
        equal(rows(pop1, "stream")["pbs:pop1"]["published"], 2,
              "what is published")
        one, other = status(host), metrics(host)
        equal((one["peers_connections"], one["peers_records"],
               one["peers_addresses"]), (1, 2, 2), "status has the sums", one)
        equal((other['peers_records_total{host="pop1"}'],
               other['peers_addresses{host="pop1"}'],
               other['peers_connected{connection="read"}'],
               other['peers_addresses{host="pop2"}']), (2, 2, 1, 0),
              "and metrics has the same of each host", other)
        equal(status(pop1)["peers_published"], 2, "of what is published, too")


def not_well():
    with Place("pop1", "relay") as (engine, pop1, host):
        pop1.pop()
        host.relay(pop1)
        await_row(host, "host", "pop1", lambda r: r["heard"] is not None)
        for _ in range(3):
            engine("XADD", "pbs:pop1", "*", "p", "1 2 3 4\n", "s", b"x" * 64)
        row = await_row(host, "host", "pop1",
                        lambda r: r["refused"].get("bad signature") == 3)
        ok(row, "what was refused, and why")
        done = ask(host, "peers")
        contains(done.stdout, "refused 3: bad signature", "in text")
        equal(done.returncode, 1, "and so not all is well")
        equal(status(host)["peers_refused"], 3, "status counts it")
        found = metrics(host)
        equal(found['peers_refused_total{host="pop1"}'], 3,
              "and metrics does", found)
        contains(ask(host, "metrics").stdout,
                 'peers_refusals_total{reason="bad signature"} 3',
                 "by its reason")
        since = rows(host, "connection")["read"]["since"]
        engine.kill()
        row = await_row(host, "connection", "read",
                        lambda r: not r["connected"])
        ok(row["since"] >= since and row["reason"], "a connection that is lost",
           row)
        done = ask(host, "peers")
        equal(done.returncode, 1, "is not well")
        contains(done.stdout, "to read: NOT CONNECTED since ", "in text")
        equal(status(host)["peers_connections"], 0, "nor in status")
        equal(metrics(host)['peers_connected{connection="read"}'], 0,
              "nor in metrics")
        engine.start()
        await_row(host, "connection", "read", lambda r: r["connected"])
        ok(True, "and then it is again")


def excluded():
    """What the relay is to refuse is no fault of another host."""
    with Place("pop1", "relay") as (_, pop1, host):
        pop1.pop()
        host.relay(pop1, more="exclude: [%s]\n" % BOB)
        pop1.log(login(ANN), login(BOB, "bob"))
        row = await_row(host, "host", "pop1", lambda r: r["refused"])
        equal(row["refused"], {"excluded here": 1}, "an excluded address is "
              "refused")
        equal(ask(host, "peers").returncode, 0, "and all is well")


def removed():
    with Place("pop1", "relay") as (engine, pop1, host):
        daemon = pop1.pop()
        host.relay(pop1)
        pop1.log(login(ANN), login(BOB, "bob"), login(EVE, "eve"))
        for address in (ANN, BOB, EVE):
            host.wait_key(address)
        ask(pop1, "remove", ANN)
        host.wait_gone(ANN)
        equal(rows(host, "host")["pop1"]["addresses"], 2,
              "a host vouches no more for what it has removed")
        equal(rows(pop1, "stream")["pbs:pop1"]["published"], 2,
              "and does not publish it")
        ask(host, "remove", BOB)
        row = rows(host, "host")["pop1"]
        equal(row["addresses"], 1, "nor for what is removed here")
        engine("FLUSHALL")
        daemon.wait_message("publishing all 2 logins again")
        row = await_row(host, "host", "pop1",
                        lambda r: r["records"] >= row["records"] + 2)
        equal((row["addresses"], row["refused"]), (1, {}),
              "that it is published again is no attack")


def no_use():
    """The last host is taken out, and nothing is published: nothing to print."""
    with Place("pop1", "relay") as (_, pop1, host):
        pop1.pop()
        daemon = host.relay(pop1)
        await_row(host, "host", "pop1", lambda r: r["heard"] is not None)
        host.configure(publish=False, more="  hosts: []\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded: ")
        for words in ((), ("--json",)):
            done = ask(host, "peers", *words)
            equal((done.returncode, done.stdout), (1, ""),
                  "%s: no connection is no success" % "hosts: []")
            contains(done.stderr, "peers: has no effect: the daemon publishes "
                     "nothing, and hosts: is empty", "and it says so")


def nobody():
    with pbs.Site() as site:
        done = ask(site, "peers")
        equal(done.returncode, 69, "no daemon")
        site.start()
        done = ask(site, "peers")
        equal((done.returncode, done.stdout), (1, ""), "no other hosts")
        contains(done.stderr, "peers: is not in the configuration",
                 "and says so")
        ok(not any(k.startswith("peers") for k in status(site)),
           "status says nothing of them")
        equal(metrics(site), {}, "nor do metrics")
        equal(ask(site, "peers", "now").returncode, 64, "a word too many")
        done = subprocess.run([PBSCTL, "peers", "--config", site.config,
                               "--dbfile", "hash:" + site.map], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        equal(done.returncode, 1, "it is found by its map", done.stderr)


main(all_well, not_well, excluded, removed, no_use, nobody, jobs=3)
