#!/usr/bin/env python3
# Whatever happens to the clocks, nobody stays authorized later than the grace
# period and 5 s after the last login, by the clock that cannot be set.
# tests/run: timeout=900
"""CLOCK_PROGRAMS=N CLOCK_SEED=N: as many programs of steps, from that seed on.

A program is logins, time that goes by, a wall clock that is set by minutes, a
day or a year, a machine that sleeps, an hour that comes twice or never, and
restarts of each process. After each step the map is read as Postfix reads it.
The clocks are those of tests/lib/clocklib.c.
"""
import datetime
import os
import random
import signal
import sys
import time
import zoneinfo

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import clocks
import pbs
from pbs import login
from tap import main, ok, skip_all

PROGRAMS = int(os.environ.get("CLOCK_PROGRAMS", "8"))
SEED = int(os.environ.get("CLOCK_SEED", "1"))
GRACE, LATE = 30, 5
MINUTE, DAY, YEAR = 60, 86400, 365 * 86400
ZONE = "Europe/Berlin"
ZONEINFO = zoneinfo.ZoneInfo(ZONE)
# The hour that comes twice, and the one that never comes (UTC).
CHANGES = [datetime.datetime(2026, 10, 25, 1, tzinfo=datetime.timezone.utc),
           datetime.datetime(2026, 3, 29, 1, tzinfo=datetime.timezone.utc)]


class Program:
    """One daemon, its clocks, and the faults of both."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.done = []
        self.logins = {}  # address: the steady time of the last one
        self.granted = 0

    def run(self):
        with pbs.Site() as self.site, clocks.Clocks(self.site) as self.clocks:
            self.site.env["TZ"] = ZONE
            if self.random.randrange(4) == 0:
                self.near_change()
            self.start()
            for _ in range(self.random.randint(10, 16)):
                self.step()
            self.clocks.advance(GRACE + LATE + 1)
            self.check("the end")
        return self

    def start(self):
        self.daemon = self.site.start("--grace=%d" % GRACE,
                                      env=self.clocks.env)

    def near_change(self):
        """Half a minute before the clock is changed for summer or winter."""
        change = self.random.choice(CHANGES).timestamp()
        self.clocks.set(change - 30 - self.clocks.wall())
        self.done.append("near a change of the hour")

    def step(self):
        step = self.random.choices(
            [self.login, self.pass_time, self.set_clock, self.sleep,
             self.kill_worker, self.kill_keeper, self.restart],
            [30, 30, 14, 6, 7, 6, 7])[0]
        self.check(step())

    def login(self):
        ip = "198.51.100.%d" % self.random.randint(1, 9)
        when = datetime.datetime.fromtimestamp(self.clocks.wall(), ZONEINFO)
        self.logins[ip] = self.clocks.steady()
        if self.random.randrange(2):
            self.site.raw(when.isoformat() + " mail " + login(ip) + "\n")
        else:
            self.site.raw(when.strftime("%b %e %H:%M:%S mail ") + login(ip)
                          + "\n")
        if self.random.randrange(4):
            self.clocks.advance(1)  # the map is written once a second
            self.settle(lambda found: ip in found, 1)
        return "login of " + ip

    def pass_time(self):
        seconds = self.random.choice([1, 3, 10, 20, GRACE, GRACE + LATE])
        for _ in range(seconds):
            self.clocks.advance(1)
            time.sleep(0.002)  # each loop may run: no process is to seem hung
        return "%d s go by" % seconds

    def set_clock(self):
        by = self.random.choice([MINUTE, 5 * MINUTE, 60 * MINUTE, DAY, YEAR])
        by *= self.random.choice([-1, 1])
        self.clocks.set(by)
        return "the clock is set by %d s" % by

    def sleep(self):
        by = self.random.choice([GRACE // 2, GRACE + LATE + 1, 60 * MINUTE])
        self.clocks.suspend(by)
        return "the machine sleeps for %d s" % by

    def kill_worker(self):
        worker = self.daemon.worker()
        os.kill(worker, signal.SIGKILL)
        pbs.until("another worker", 20,
                  lambda: self.daemon.worker() not in (
                      worker, self.daemon.pid),
                  lambda left: time.sleep(0.01))
        return "kill -9 of the worker"

    def kill_keeper(self):
        self.daemon.kill(signal.SIGKILL)
        self.daemon.wait()
        self.start()
        return "kill -9 of the keeper, another start"

    def restart(self):
        away = self.random.choice([0, 0, 10, GRACE])
        self.daemon.stop()
        self.clocks.advance(away)
        if self.random.randrange(3) == 0:
            self.set_clock()
        self.start()
        return "a restart after %d s" % away

    def settle(self, condition, seconds):
        try:
            self.site.wait_map("", condition, seconds)
            self.granted += 1
        except TimeoutError:
            pass  # a stamp that cannot be believed grants nothing

    def overdue(self, found):
        now = self.clocks.steady()
        return [ip for ip in found
                if now - self.logins.get(ip, 0) > GRACE + LATE]

    def check(self, step):
        self.done.append(step)
        try:
            self.site.wait_map("nobody too late",
                               lambda found: not self.overdue(found), 15)
        except TimeoutError as e:
            raise AssertionError("%s\n%s" % ("\n".join(self.done), e))


def programs(first, count):
    def run():
        granted = 0
        for seed in range(first, first + count):
            try:
                granted += Program(seed).run().granted
            except AssertionError as e:
                ok(False, "program %d: nobody stays too long" % seed, str(e))
                return
        ok(granted >= count, "programs %d to %d: nobody stays too long, and %d "
           "logins were granted" % (first, first + count - 1, granted))
    run.__name__ = "programs from %d" % first
    return run


if pbs.SANITIZED or pbs.WRAP:
    skip_all("another library would have to be loaded first")
EACH = 5
main(*[programs(SEED + at, min(EACH, PROGRAMS - at))
       for at in range(0, PROGRAMS, EACH)], jobs=4)
