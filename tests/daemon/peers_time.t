#!/usr/bin/env python3
# Several hosts over hours, by clocks that the test sets: authorizations by
# other hosts end at the times that these gave, with or without the engine;
# sessions at another host keep an address authorized as long as they last, and
# each user of an address counts for as long as the host of their login says.
# tests/run: timeout=600
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hosts
import pbs
import socketmap
from clocks import Clocks
from hosts import Place
from pbs import login
from policy import Client
from tap import contains, equal, main, ok, skip_all

hosts.need()
if pbs.SANITIZED or pbs.WRAP:
    skip_all("another library would have to be loaded first")

ANN, BOB, CAT, DAN = ("198.51.100.%d" % n for n in range(1, 5))
MINUTE, HOUR = 60, 3600
GRACE = 30 * MINUTE
STEP = 5 * MINUTE  # half a lease
SHORTLY = 5  # before the end of a grace


class Timed:
    """Hosts whose clocks are ours."""

    def __init__(self, *names):
        self.place = Place(*names)
        self.clocks = Clocks(self.place.dir)
        for host in self.place.hosts:
            host.daemon_env = self.clocks.env

    def __enter__(self):
        return self.clocks, *self.place.__enter__()

    def __exit__(self, *exc):
        self.place.__exit__(*exc)
        self.clocks.__exit__(*exc)


def pass_until(clocks, when):
    """In small steps, which let each process look at the time."""
    while clocks.wall() < when:
        clocks.advance(min(5, when - clocks.wall()))
        time.sleep(0.01)


def now_log(clocks, host, *lines):
    """The time of these logins."""
    now = int(clocks.wall())
    host.log(*lines, when=now)
    return now


def ends(host, ip):
    """When the address expires, as pbsctl shows it; 0: it is not authorized."""
    said = host.ctl("show", ip, "--json")
    return json.loads(said)["expires"] if said.startswith("{") else 0


# ---- sessions ----

def begin(ip, session):
    return login(ip).replace("b64/SESSION+", session)


def end(session):
    return ("dovecot: imap(ann)<4711><%s>: Disconnected: Logged out in=9 "
            "out=462" % session)


def hold(clocks, host, ip, seconds):
    """Time goes by; after each step the host has heard that it is held."""
    for _ in range(seconds // STEP):
        clocks.advance(STEP)
        pbs.until("held on", pbs.DEADLINE,
                  lambda: ends(host, ip) > clocks.wall() + STEP,
                  lambda left: time.sleep(0.05))


def sessions():
    more = "  lease: 10m\nsessions: yes\ngrace: %d\n" % GRACE
    with Timed("pop1", "relay") as (clocks, _, pop1, host):
        pop1.pop(more=more)
        relay = host.relay(pop1, more="sessions: yes\ngrace: %d\n" % GRACE)
        now_log(clocks, pop1, begin(ANN, "a"), begin(BOB, ""))
        host.wait_key(ANN)
        host.wait_key(BOB)
        hold(clocks, host, ANN, 3 * HOUR)
        ok("expired " + ANN not in relay.messages(),
           "a session of three hours holds its address at the relay")
        host.wait_gone(BOB)
        ok(True, "nothing else does, beyond the grace")
        ended = now_log(clocks, pop1, end("a"))
        hold(clocks, host, ANN, GRACE - 2 * STEP)
        clocks.advance(STEP)
        pbs.until("the end", pbs.DEADLINE,
                  lambda: ended + GRACE - 1 <= ends(host, ANN)
                  <= ended + GRACE + 1, lambda left: time.sleep(0.05))
        ok(ANN in host.dump(), "nor is it gone soon after the session")
        pass_until(clocks, ended + GRACE)
        host.wait_gone(ANN)
        ok(True, "but a grace after its end")


# ---- users ----

USERS = ("policy:\n  sender_binding: always\n"
         "  sender_domains: [one.example, two.example]\n")


ANN1, ANN2, BOB1, BOB2 = SENDERS = [
    user + "@" + domain for user in ("ann", "bob")
    for domain in ("one.example", "two.example")]


def start_relay(host, *pops):
    """With the two maps that look into the table."""
    return host.relay(*pops, more=USERS, flags=[
        "--dbfile=%s:unix:%s" % (kind, host.path("map/" + kind))
        for kind in ("policy", "socketmap")] + [
            "--checkpoint=" + host.map + ".state"])


def told(host, ip):
    """(senders that it may use, whether the socketmap knows it). The daemon
    closes connections that are idle, and time flies."""
    policy = Client(host.path("map/policy"))
    table = socketmap.Client(host.path("map/socketmap"))
    try:
        return ([s for s in SENDERS if policy.ask(client=ip, sender=s) == "OK"],
                table.ask(ip).startswith("OK"))
    finally:
        policy.close()
        table.close()


def await_told(host, ip, *senders):
    want = (list(senders), bool(senders))
    pbs.until("%s for %s" % (want, ip), pbs.DEADLINE,
              lambda: told(host, ip) == want, lambda left: time.sleep(0.02))


def users():
    with Timed("pop1", "pop2", "relay") as (clocks, _, pop1, pop2, host):
        pop1.domain, pop2.domain = "one.example", "two.example"
        pop1.pop()
        pop2.pop()
        relay = start_relay(host, pop1, pop2)
        equal(told(host, ANN), ([], False), "nobody has logged in")
        first = now_log(clocks, pop1, login(ANN, "ann"))
        await_told(host, ANN, ANN1)
        ok(True, "ann of one host may send, not ann of another")
        pass_until(clocks, first + 10 * MINUTE)
        second = now_log(clocks, pop2, login(ANN, "bob"), login(BOB, "ann"))
        await_told(host, ANN, ANN1, BOB2)
        equal(told(host, BOB), ([ANN2], True),
              "two hosts vouch for an address, each for its own user")
        relay.stop()
        start_relay(host, pop1, pop2)
        equal(told(host, ANN), ([ANN1, BOB2], True),
              "so it is after another start")
        pass_until(clocks, first + GRACE - SHORTLY)
        equal(told(host, ANN), ([ANN1, BOB2], True), "until his grace is over")
        pass_until(clocks, first + GRACE)
        await_told(host, ANN, BOB2)
        ok(True, "a user goes when his own host says, the other stays")
        pass_until(clocks, second + GRACE - SHORTLY)
        equal(told(host, ANN), ([BOB2], True), "until his grace is over")
        pass_until(clocks, second + GRACE)
        await_told(host, ANN)
        await_told(host, BOB)
        ok(True, "the address goes with the last of them")


# ---- without the engine ----

def records(engine, kind, ip):
    """How many there are of this address in the stream of pop1."""
    found = engine("XRANGE", "pbs:pop1", "-", "+")
    return sum(fields[1].decode().count("%s %s " % (kind, ip))
               for _, fields in found)


def engine_away():
    crowd = ["203.0.113.%d" % n for n in range(1, 9)]
    with Timed("pop1", "relay") as (clocks, engine, pop1, host):
        pop1.configure(hosts=[host])
        one = pop1.start()
        host.configure(hosts=[pop1], bound=len(crowd))
        relay = host.start()
        gone = clocks.wall()
        pop1.log(login(ANN), when=gone - GRACE + 5 * MINUTE)
        pop1.log(login(BOB), when=gone)
        host.wait_key(ANN)
        host.wait_key(BOB)
        engine.kill()
        for daemon in (one, relay):
            daemon.wait_message("own logins go on")
        pass_until(clocks, gone + 2 * MINUTE)
        now_log(clocks, pop1, login(CAT))
        now_log(clocks, host, login(DAN))
        pop1.wait_key(CAT)
        host.wait_key(DAN)
        ok(True, "without the engine, each host goes on with its own logins")
        pass_until(clocks, gone + 5 * MINUTE - SHORTLY)
        equal(sorted(host.dump()), [ANN, BOB, DAN],
              "what the relay has heard stays until it said")
        pass_until(clocks, gone + 5 * MINUTE)
        host.wait_gone(ANN)
        ok(True, "and goes then")
        pop1.ctl("remove", BOB)
        for _ in range(10):
            last = now_log(clocks, pop1, login(CAT))
            pass_until(clocks, last + 30)
        now_log(clocks, pop1, *map(login, crowd))
        pop1.wait_key(crowd[-1])
        pass_until(clocks, gone + 10 * MINUTE)
        engine.start()
        relay.wait_message("removed " + BOB)
        ok(True, "what was removed meanwhile is, everywhere, when it is back")
        host.wait_map("as many as allowed",
                      lambda found: len(found) == len(crowd) + 1)
        ok(not {ANN, BOB} & set(host.dump()),
           "what others logged in meanwhile arrives, up to the host's bound")
        contains(host.ctl("peers"), "refused 1: too many addresses",
                 "what is beyond it is counted")
        equal(records(engine, "L", CAT), 1, "what was repeated came once")
        pass_until(clocks, gone + 10 * MINUTE + GRACE)
        host.wait_map("nobody", lambda found: not found)
        ok(True, "and all of it ends in time")


# ---- a flood ----

FORGED = 300


def refused(host, name):
    """How many entries of that host were refused."""
    rows = map(json.loads, host.ctl("peers", "--json").splitlines())
    return next(sum(row["refused"].values()) for row in rows
                if row.get("host") == name)


def flooded():
    with Timed("pop1", "pop2", "relay") as (clocks, engine, pop1, pop2, host):
        pop1.pop()
        pop2.pop()
        host.relay(pop1, pop2)

        def flood():
            for n in range(FORGED):
                engine("XADD", "pbs:pop1", "*", "p", "1 1 1 %d\n" % n, "s",
                       ("x" * 64, "short")[n % 2])

        flood()
        pbs.until("the flood is noticed", pbs.DEADLINE,
                  lambda: refused(host, "pop1") >= 100,
                  lambda left: time.sleep(0.02))
        now_log(clocks, pop2, login(ANN))
        host.wait_key(ANN)
        before = refused(host, "pop1")
        flood()
        now_log(clocks, pop1, login(BOB))
        pbs.until("it is published", pbs.DEADLINE,
                  lambda: records(engine, "L", BOB),
                  lambda left: time.sleep(0.02))
        now_log(clocks, pop2, login(CAT))
        host.wait_key(CAT)
        ok(BOB not in host.dump(), "the flooded stream is not heard")
        equal(refused(host, "pop1"), before, "nor even read")
        pass_until(clocks, clocks.wall() + MINUTE + 2 * SHORTLY)
        now_log(clocks, pop1, login(DAN))
        host.wait_key(DAN)
        ok(True, "after a minute it is")
        equal(refused(host, "pop1"), before, "from its end on")
        pass_until(clocks, clocks.wall() + 2 * STEP)
        host.wait_key(BOB)
        ok(True, "and what was missed comes again")


main(sessions, users, engine_away, flooded, jobs=4)
