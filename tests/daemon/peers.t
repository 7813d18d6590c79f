#!/usr/bin/env python3
# Several hosts: who logs in at one may relay at the others, for as long as the
# first one says and the others accept, whatever the engine between them loses.
# Unsigned entries grant nothing, and what an operator removes is removed at
# every host.
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hosts
import pbs
from hosts import Place
from pbs import login
from tap import equal, main, ok

ANN, BOB = "198.51.100.7", "198.51.100.8"
CAT, DAN, EVE = "198.51.100.97", "198.51.100.99", "203.0.113.9"

hosts.need()


def payloads(engine, name):
    """What the stream of a host holds."""
    return [fields[1].decode() for _, fields in
            engine("XRANGE", "pbs:" + name, "-", "+")]


def await_payload(engine, name, part):
    pbs.until("%s in pbs:%s" % (part, name), pbs.DEADLINE,
              lambda: any(part in p for p in payloads(engine, name)),
              lambda left: time.sleep(0.02))


def logins_arrive():
    with Place("pop1", "relay1", "relay2") as (engine, pop1, relay1, relay2):
        daemon = pop1.pop()
        relay = relay1.relay(pop1)
        pop1.log(login(ANN), login(BOB, "bob"))
        relay1.wait_key(ANN)
        relay1.wait_key(BOB)
        ok(True, "who logs in at one host may relay at another")
        relay.wait_message("granted %s for " % ANN)
        ok("s host=pop1 user=ann" in relay.messages(),
           "the log says at which host")
        late = relay2.relay(pop1)
        relay2.wait_key(BOB)
        equal(relay2.listed(), relay1.listed(),
              "a relay that comes later knows the same")

        engine("FLUSHALL")
        daemon.wait_message("stream pbs:pop1 lost entries; publishing all 2 "
                            "logins again")
        await_payload(engine, "pop1", BOB)
        equal(relay1.listed(), [ANN, BOB],
              "an engine that loses all takes nobody off a relay")
        late.stop()
        os.unlink(relay2.map + ".state")
        relay2.relay(pop1)
        relay2.wait_key(ANN)
        ok(True, "and who comes later learns all from what was sent again")

        engine.kill()
        daemon.wait_message("own logins go on")
        pop1.log(login(EVE, "eve"))
        daemon.wait_message("granted " + EVE)
        engine.start()
        relay1.wait_key(EVE)
        ok(True, "a login from while the engine was away arrives afterwards")
        relay2.wait_key(EVE)
        daemon.kill(signal.SIGKILL)
        daemon.wait()
        daemon = pop1.pop()
        daemon.wait_message("connected to")
        equal(relay1.listed(), [ANN, BOB, EVE],
              "a host that dies takes nobody along")
        engine("FLUSHALL")
        await_payload(engine, "pop1", EVE)
        ok(all(a in "".join(payloads(engine, "pop1")) for a in (ANN, BOB, EVE)),
           "and publishes all again when it is back")
        equal([m for m in relay.messages().splitlines()
               if m.startswith(("error", "warning: peers: refused"))], [],
              "nothing of all this is refused")


def forgeries():
    with Place("pop1", "pop2", "relay") as (engine, pop1, pop2, host):
        one, two = pop1.pop(), pop2.pop()
        relay = host.relay(pop1, pop2)
        pop1.log(login(ANN))
        host.wait_key(ANN)
        [(_, real)] = [e for e in engine("XRANGE", "pbs:pop1", "-", "+")
                       if ANN.encode() in e[1][1]]
        payload, signature = real[1], real[3]
        forged = payload.replace(ANN.encode(), EVE.encode())

        def add(stream, *fields):
            engine("XADD", stream, "*", *fields)

        add("pbs:pop1", "p", forged, "s", signature)
        relay.wait_message("refused an entry of pop1: bad signature (1 so far); its key")
        add("pbs:pop2", "p", payload, "s", signature)
        relay.wait_message("refused an entry of pop2: bad signature (1 so far)")
        add("pbs:pop1", "p", payload, "s", signature)
        add("pbs:pop1", "p", forged, "s", b"x" * 64)
        add("pbs:pop1", "p", forged)
        add("pbs:pop1", "p", forged, "s", signature, "p", payload)
        add("pbs:pop1", "p", b"\x00" * 20000, "s", signature)
        pop2.log(login(BOB))
        host.wait_key(BOB)
        pop1.log(login(DAN))
        host.wait_key(DAN)
        equal(host.listed(), [ANN, BOB, DAN],
              "forged, moved and torn entries grant nothing, and stop nothing")
        for daemon in (one, two, relay):
            ok("ERROR" not in daemon.messages() and daemon.process.poll()
               is None, "all go on")


def removals():
    with Place("pop1", "pop2", "relay") as (engine, pop1, pop2, host):
        one = pop1.pop(hosts=[host])
        relay = host.relay(pop1, pop2, publish=True)
        pop2.pop()
        pop1.log(login(ANN), login(BOB))
        host.wait_key(ANN)
        host.wait_key(BOB)
        host.ctl("remove", ANN)
        removed = time.time()
        await_payload(engine, "relay", "R " + ANN)
        one.wait_message("removed " + ANN)
        ok(True, "what is removed at a relay is removed where it logged in")
        pop1.log(login(ANN), when=time.time() - 60)
        pop2.log(login(ANN), when=time.time() - 60)
        pop2.log(login(EVE))
        host.wait_key(EVE)
        equal(host.listed(), [BOB, EVE],
              "an older login does not bring it back, wherever it is found")
        relay.stop()
        host.relay(pop1, pop2, publish=True)
        host.wait_key(EVE)
        equal(host.listed(), [BOB, EVE], "nor does a new start")
        pbs.until("a second after the removal", pbs.DEADLINE,
                  lambda: time.time() >= removed + 1,
                  lambda left: time.sleep(0.02))
        pop1.log(login(ANN))
        host.wait_key(ANN)
        ok(True, "a newer one does")


def additions():
    with Place("pop1", "relay") as (engine, pop1, host):
        daemon = pop1.pop(more="grace: 20m\n")
        relay = host.relay(pop1)
        pop1.ctl("add", ANN, "--user=ann")
        host.wait_key(ANN)
        relay.wait_message("s host=pop1 user=ann")
        ok(True, "what is added where logins come from counts at a relay")
        pop1.ctl("add", BOB, "--for=24h")
        await_payload(engine, "pop1", "L " + BOB)
        [(when, until)] = [map(int, line.split()[2:4])
                           for text in payloads(engine, "pop1")
                           for line in text.splitlines() if BOB in line]
        equal(until - when, 1200, "for no longer than the grace")
        pop1.ctl("remove", BOB)
        pop1.ctl("add", BOB, "--for=300")
        pop1.log(login(DAN))
        host.wait_key(DAN)
        ok(BOB in host.listed(), "and after a removal in the same second")
        daemon.stop()
        engine("FLUSHALL")
        daemon = pop1.pop(more="grace: 20m\n")
        await_payload(engine, "pop1", "L " + ANN)
        ok(True, "after a new start it is published again")
        host.ctl("add", EVE)
        ok(EVE in host.listed(), "a relay without a key adds for itself")


def withdrawals():
    with Place("pop1", "relay") as (engine, pop1, host):
        def configure(*excluded):
            pop1.configure(more="sessions: yes\nexclude: [%s]\n" %
                           ", ".join(excluded))

        def sent(address):
            return any(address in text for text in payloads(engine, "pop1"))

        daemon = pop1.pop(more="sessions: yes\n")
        host.relay(pop1, more="sessions: yes\n")
        pop1.log(login(ANN), login(CAT), when=time.time() - 3000)
        pop1.log(login(BOB), login(DAN), login(EVE))
        for address in (ANN, BOB, CAT, DAN, EVE):
            host.wait_key(address)
        configure(ANN, BOB)
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("removed 2 addresses that are refused now")
        engine("FLUSHALL")
        await_payload(engine, "pop1", "H " + CAT)
        await_payload(engine, "pop1", "L " + DAN)
        ok(not sent(ANN), "a session that new settings refuse is published "
           "no more")
        ok(not sent(BOB), "nor is such a login")
        equal(host.listed(), [ANN, BOB, CAT, DAN, EVE],
              "a relay that knows of them waits for their end: others may "
              "vouch for them")
        daemon.stop()
        configure(ANN, BOB, DAN)
        engine("FLUSHALL")
        pop1.start("--dbfile=none", "--checkpoint=" + pop1.path("state"))
        await_payload(engine, "pop1", "L " + EVE)
        ok(not sent(DAN), "nor is what a checkpoint has kept of such")


def local_removal():
    with Place("pop1", "relay") as (engine, pop1, host):
        pop1.pop()
        host.relay(pop1)
        pop1.log(login(ANN), login(BOB))
        host.wait_key(ANN)
        equal(host.ctl("remove", ANN),
              "removed here only: this host publishes nothing\n",
              "without a key a removal is local, and that is said")
        row, note = host.ctl("add", DAN).splitlines()
        ok(row.startswith(DAN + " ") and note == "pbsctl: add: added here only: "
           "this host publishes nothing", "so is an addition", row, note)
        host.ctl("remove", DAN)
        equal(len(pop1.ctl("add", DAN).splitlines()), 1,
              "what is published needs no note")
        pop1.ctl("remove", DAN)
        engine("FLUSHALL")
        await_payload(engine, "pop1", ANN)
        pop1.log(login(EVE))
        host.wait_key(EVE)
        equal(host.listed(), [BOB, EVE],
              "what is published again does not bring it back")


def revocation():
    with Place("pop1", "pop2", "relay") as (engine, pop1, pop2, host):
        pop1.pop()
        pop2.pop()
        host.configure(publish=False, hosts=[pop1, pop2])
        relay = host.start()
        host.log(login(EVE))
        pop1.log(login(ANN), login(BOB), login(EVE))
        pop2.log(login(BOB), login(DAN))
        for address in (ANN, BOB, DAN, EVE):
            host.wait_key(address)
        host.configure(publish=False, hosts=[pop2])
        relay.kill(signal.SIGHUP)
        relay.wait_message("removed 1 address that nobody vouches for")
        host.wait_gone(ANN)
        equal(host.listed(), [BOB, DAN, EVE],
              "a host that is not believed any more takes along what neither "
              "our logs nor another host vouch for")
        relay.stop()
        host.write("pbs.yaml", "")
        relay = host.start()
        equal(host.listed(), [EVE],
              "also if it goes while the relay does not run")
        ok("hosts were removed" in relay.messages(), "and that is said")


def corrected_key():
    """While the host goes on: what is on its way then hides nothing."""
    with Place("pop1", "pop2", "relay") as (engine, pop1, pop2, host):
        pop1.pop()
        right, pop1.key = pop1.key, pop2.key
        relay = host.relay(pop1)
        pop1.log(login(ANN))
        relay.wait_message("refused an entry of pop1")
        pop1.key = right
        host.configure(publish=False, hosts=[pop1])
        relay.kill(signal.SIGHUP)
        number = 0

        def next_login(_):
            nonlocal number
            number += 1
            pop1.log(login("198.51.100.%d" % (100 + number)))
            time.sleep(0.03)
        pbs.until("reloaded", pbs.DEADLINE, lambda: "reloaded" in
                  relay.messages(), next_login)
        host.wait_key(ANN)
        ok(True, "what was published before counts, too")


def circles():
    with Place("mx1", "mx2", "relay") as (engine, mx1, mx2, host):
        for a, b in ((mx1, mx2), (mx2, mx1)):
            a.configure(hosts=[b])
            a.start()
        host.relay(mx1)
        mx2.log(login(ANN))
        mx1.wait_key(ANN)
        mx1.log(login(BOB))
        host.wait_key(BOB)
        equal(host.listed(), [BOB],
              "what a host has heard from another it does not publish")
        ok(ANN not in "".join(payloads(engine, "mx1")), "not a word of it")


def deaths():
    with Place("pop1", "relay") as (engine, pop1, host):
        one, relay = pop1.pop(), host.relay(pop1)
        pop1.log(login(ANN))
        host.wait_key(ANN)
        for daemon in (one, relay):
            [link] = pbs.descendants(daemon.pid, "pbs-link")
            os.kill(link, signal.SIGKILL)
            daemon.wait_message("pbs-link died")
        pop1.log(login(BOB))
        host.wait_key(BOB)
        ok(True, "when pbs-link dies, another takes its place")
        for daemon in (one, relay):
            os.kill(daemon.worker(), signal.SIGKILL)
            daemon.wait_message("restarting the worker")
        pop1.log(login(EVE))
        host.wait_key(EVE)
        equal(host.listed(), [ANN, BOB, EVE],
              "when workers die, the next ones know as much")


def sessions():
    with Place("pop1", "relay") as (engine, pop1, host):
        pop1.pop(more="  lease: 20s\nsessions: yes\n")
        host.relay(pop1, more="sessions: yes\n")
        pop1.log(login(ANN), when=time.time() - 3000)
        await_payload(engine, "pop1", "H " + ANN)
        host.wait_key(ANN)
        ok(True, "a session holds its address at the relay, too")


main(logins_arrive, forgeries, removals, additions, withdrawals, local_removal,
     revocation, corrected_key, circles, deaths, sessions, jobs=3)
