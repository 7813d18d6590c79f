#!/usr/bin/env python3
# Several hosts under kill -9: the engine, pbs-link, workers and keepers die at
# random moments while people log in. When all is back, the relay knows every
# login, nothing that an operator has removed has come back, and no process is
# left behind.
# tests/run: timeout=600
"""PEER_KILLS=N: so many of each (make soak). PEER_SEED=S."""
import concurrent.futures
import os
import random
import signal
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hosts
import pbs
from hosts import Place
from pbs import login
from tap import main, ok

hosts.need()

KILLS = int(os.environ.get("PEER_KILLS", "2"))
SEED = int(os.environ.get("PEER_SEED", str(int(time.time()))))
JOBS = 4
EACH = 25  # kills, before hosts with empty logs take over
PAUSE = 0.1  # seconds between logins
# A pbs-link or a worker that dies again and again is started after a minute.
BACK = 60 + pbs.DEADLINE
VICTIMS = "engine", "pbs-link", "pbs-worker", "keeper"


class Flow(threading.Thread):
    """Logs one login after the other, each of a new address, at one of the
    hosts."""

    def __init__(self, pops, rng):
        super().__init__(daemon=True)
        self.pops, self.rng = pops, rng
        self.logged, self.ended = [], threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(PAUSE):
            ip = "198.18.%d.%d" % divmod(len(self.logged), 250)
            self.rng.choice(self.pops).log(login(ip))
            self.logged.append(ip)

    def stop(self):
        self.ended.set()
        self.join()


def alive(pid):
    """A zombie is not."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Ground:
    """Two hosts with logs, and a relay whose operator removes addresses."""

    def __init__(self, place, rng):
        self.engine, *self.pops, self.relay = place
        self.hosts = [*self.pops, self.relay]
        self.rng, self.removed, self.wrong = rng, set(), []
        for host in self.hosts:
            self.start(host)
        self.flow = Flow(self.pops, random.Random(rng.random()))

    def start(self, host):
        if host is self.relay:
            host.relay(*self.pops, publish=True)
        else:
            host.pop(hosts=[self.relay])

    # ---- one kill ----

    def kill(self, victim):
        """At some moment, perhaps right after a removal. It is back in the
        end."""
        time.sleep(self.rng.random())
        if self.rng.random() < 0.5:
            self.remove()
            time.sleep(self.rng.random() * self.rng.randrange(2))
        if victim == "engine":
            self.engine.kill()
            time.sleep(self.rng.random())
            self.engine.start()
            return
        host = self.rng.choice(self.hosts)
        if victim == "keeper":
            self.kill_keeper(host)
            return
        keeper = host.daemons[-1].pid
        [pid] = pbs.descendants(keeper, victim)
        os.kill(pid, signal.SIGKILL)
        pbs.until("another " + victim, BACK, lambda: pbs.descendants(
            keeper, victim) not in ([], [pid]), lambda left: time.sleep(0.05))

    def kill_keeper(self, host):
        daemon = host.daemons[-1]
        started = pbs.descendants(daemon.pid)
        daemon.kill(signal.SIGKILL)
        daemon.wait()
        daemon.notify.close()
        self.await_end(started, "the keeper of %s was killed" % host.name)
        self.start(host)

    def await_end(self, pids, when):
        """Ends those that are left behind, so that the rest can be seen."""
        try:
            pbs.until("their end", pbs.DEADLINE,
                      lambda: not any(map(alive, pids)),
                      lambda left: time.sleep(0.05))
        except TimeoutError:
            for pid in filter(alive, pids):
                with open("/proc/%d/comm" % pid) as f:
                    self.wrong.append("%s; %s is left behind" % (
                        when, f.read().strip()))
                os.kill(pid, signal.SIGKILL)

    # ---- what must be true then ----

    def remove(self):
        """The operator removes somebody whom the relay knows."""
        known = self.relay.wait_map("somebody", lambda found: sorted(
            set(found) - self.removed))
        ip = self.rng.choice(known)
        said = self.relay.ctl("remove", ip)
        self.removed.add(ip)
        if said:
            self.wrong.append("remove %s: %s" % (ip, said))

    def check(self, when):
        wanted = set(self.flow.logged) - self.removed
        def known(found):
            return wanted <= set(found) and not self.removed & set(found)
        try:
            self.relay.wait_map("all", known, BACK)
        except TimeoutError:
            found = set(self.relay.dump())
            self.wrong.append("%s: lost %s, came back %s" % (
                when, sorted(wanted - found), sorted(self.removed & found)))

    def end(self):
        self.flow.stop()
        self.check("at the end")
        started = [pid for host in self.hosts
                   for pid in pbs.descendants(host.daemons[-1].pid)]
        for host in self.hosts:
            if host.daemons[-1].stop() != 0:
                self.wrong.append("%s: no clean end" % host.name)
        self.await_end(started, "all were stopped")


def kill_all(ground, plan):
    try:
        ground.check("at first")
        for number, victim in enumerate(plan):
            if not ground.wrong:
                ground.kill(victim)
                ground.check("kill %d, of %s" % (number + 1, victim))
        ground.end()
    except Exception:
        ground.wrong.append(traceback.format_exc())
    finally:
        ground.flow.stop()


def killed(seed, plan):
    """(logins, removals, what went wrong) of one place."""
    with Place("pop1", "pop2", "relay") as place:
        ground = Ground(place, random.Random(seed))
        kill_all(ground, plan)
    return len(ground.flow.logged), len(ground.removed), ground.wrong


def at_random():
    plan = list(VICTIMS) * KILLS
    random.Random(SEED).shuffle(plan)
    parts = [plan[i:i + EACH] for i in range(0, len(plan), EACH)]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        done = list(pool.map(killed, range(SEED, SEED + len(parts)), parts))
    logins, removals = (sum(d[i] for d in done) for i in range(2))
    wrong = [text for d in done for text in d[2]]
    ok(not wrong, "%d kills (PEER_SEED=%d): none of %d logins is lost, none of "
       "%d removals undone, no process left behind" % (
           len(plan), SEED, logins, removals), "\n".join(wrong))
    ok(logins > len(plan) and (removals > 0 or KILLS < 2),
       "people did log in, and were removed")


main(at_random)
