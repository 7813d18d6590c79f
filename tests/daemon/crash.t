#!/usr/bin/env python3
# kill -9 at each system call of a publish, of a start and of a stop, and at
# random moments: the map is whole, either the old or the new one, and after the
# next start it has everybody who logged in and nobody who has expired.
# tests/run: timeout=600
"""CRASH_KILLS=N: N random kills (make soak). CRASH_ALL=1: also at the
calls that change nothing on the disk. CRASH_SEED=S."""
import concurrent.futures
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import faults
import pbs
from pbs import login
from tap import equal, main, ok

KILLS = int(os.environ.get("CRASH_KILLS", "40"))
SEED = int(os.environ.get("CRASH_SEED", str(int(time.time()))))
JOBS = 4
EXPIRED = "203.0.113.99"
CHANGING = () if os.environ.get("CRASH_ALL") else (
    "open", "openat", "write", "pwrite", "writev", "fsync", "fdatasync",
    "rename", "renameat", "ftruncate", "unlink", "unlinkat", "fchmod",
    "copy_file_range", "fflush", "fclose", "msync")


class Victim:
    """A daemon that is killed again and again, and what must survive."""

    def __init__(self, kind):
        self.kind, self.held, self.kills = kind, [], 0
        self.site = pbs.Site()
        self.faults = faults.Faults(self.site)
        self.spec = "%s:%s" % (kind, self.site.map)
        os.mkdir(self.site.path("patterns"))
        shutil.copy(os.path.join(pbs.ROOT, "patterns", "dovecot.yaml"),
                    self.site.path("patterns"))
        self.daemon = None
        self.site.log(login(EXPIRED), when=time.time() - 7200)
        self.login()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.faults.lift()
        self.site.__exit__()

    def login(self):
        """One more address that must be in the map from now on."""
        ip = "198.18.%d.%d" % divmod(len(self.held), 250)
        self.site.log(login(ip))
        self.held.append(ip)

    def spawn(self):
        # In a process group of its own: that is what is killed.
        self.daemon = self.site.spawn(
            "--nomynetworks", "--dbfile=" + self.spec,
            "--patterns=" + self.site.path("patterns"),
            env=self.faults.env, wrap=["setsid"])

    def start(self):
        """Until it is ready and has saved its first checkpoint."""
        watch = pbs.Inotify(self.site.mapdir)
        self.spawn()
        self.daemon.wait_state()
        watch.wait_for("pbs.state", pbs.DEADLINE)
        watch.close()

    def arm(self, n):
        self.faults.arm(*CHANGING, path="/map/", action=faults.KILL, first=n)

    def count(self):
        self.faults.arm(*CHANGING, path="/map/", action=faults.COUNT)

    def died(self, seconds):
        """Whether the fault has hit within seconds."""
        try:
            self.daemon.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.kills += self.faults.hits() > 0
        return True

    def dump(self):
        done = subprocess.run(["postmap", "-s", self.spec], text=True,
                              env=self.site.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode or done.stderr:
            raise RuntimeError("postmap -s: " + done.stderr)
        return sorted(line.split("\t")[0] for line
                      in done.stdout.splitlines())

    def verify(self, *wanted):
        """What is wrong with the map as the crash left it, or None."""
        path = self.site.map + (".db" if self.kind == "hash" else ".lmdb")
        if not os.path.exists(path):
            return None if self.kills <= 1 else "the map is gone"
        if self.kind == "hash" and shutil.which("db_verify"):
            done = subprocess.run(["db_verify", path], text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            if done.returncode:
                return "db_verify: " + done.stdout
        held = self.dump()
        if held not in [sorted(w) for w in wanted]:
            return "the map holds %s" % held
        return None

    def restart(self):
        """What is wrong after the next start, or None."""
        self.faults.lift()
        self.daemon.notify.close()
        self.start()
        held = self.dump()
        if held != sorted(self.held):
            return "after the next start: lost %s, too many %s" % (
                sorted(set(self.held) - set(held)),
                sorted(set(held) - set(self.held)))
        return None


def at_start(victim, n):
    victim.faults.lift()
    os.killpg(victim.daemon.pid, signal.SIGKILL)  # nobody may clear
    victim.daemon.wait()
    victim.login()
    victim.arm(n) if n else victim.count()
    victim.spawn()
    if not n:
        victim.daemon.wait_state()
        return True
    pbs.until("its end or READY=1", pbs.DEADLINE, lambda:
              victim.daemon.process.poll() is not None
              or "READY=1" in victim.daemon.states,
              lambda left: quietly(victim.daemon, left))
    return victim.died(0.3)


def quietly(daemon, left):
    try:
        daemon._listen(left)
    except RuntimeError:
        pass  # it was killed


def at_publish(victim, n):
    victim.arm(n) if n else victim.count()
    victim.login()
    return victim.died(6) if n else bool(pbs.until(
        "a publish", pbs.DEADLINE,
        lambda: victim.dump() == sorted(victim.held),
        lambda left: time.sleep(0.05)))


def at_stop(victim, n):
    victim.arm(n) if n else victim.count()
    victim.daemon.kill(15)
    victim.daemon.wait()
    return victim.died(0)


MOMENTS = {"start": at_start, "publish": at_publish, "stop": at_stop}


def each_call(kind, name):
    """(number of calls, kills, what went wrong)."""
    perform, wrong = MOMENTS[name], []
    with Victim(kind) as victim:
        victim.start()
        perform(victim, 0)
        calls = victim.faults.matched()
        wrong.append(victim.restart() if name == "stop" else None)
        for n in range(1, calls + 1):
            old = list(victim.held)
            if not perform(victim, n) and name != "stop":
                continue  # fewer calls this time
            where = "killed before call %d (%s): " % (n, victim.faults.last())
            for problem in (victim.verify(old, victim.held, []
                                          if name == "stop" else old),
                            victim.restart()):
                if problem:
                    wrong.append(where + problem)
        return calls, victim.kills, [w for w in wrong if w]


def each_call_of_all():
    plan = [(kind, name) for kind in ("hash", "lmdb") for name in MOMENTS]
    with concurrent.futures.ThreadPoolExecutor(len(plan)) as pool:
        futures = [pool.submit(each_call, *p) for p in plan]
        for (kind, name), future in zip(plan, futures):
            calls, kills, wrong = future.result()
            ok(not wrong, "%s: kill -9 at each of %d calls of a %s"
               % (kind, calls, name), "\n".join(wrong[:20]))
            ok(calls >= 4 and kills >= calls - 2,
               "%s: %s: %d kills" % (kind, name, kills), calls)


def unsynced(order):
    """What a power failure could undo or tear; None: nothing."""
    syncs = [0]
    for name in order:
        if name == "rename":
            syncs.append(0)
        syncs[-1] += name == "fsync"
    # The file before its rename, its directory behind it.
    return None if len(syncs) > 1 and all(syncs) else order or "no rename"


def on_disk():
    """A rename counts when the file and the directory are on the disk."""
    with Victim("hash") as victim:
        victim.start()
        for name, change in (("publish", victim.login),
                             ("stop", victim.daemon.stop)):
            victim.faults.arm("rename", "fsync", path="/map",
                              action=faults.COUNT)
            change()
            try:
                pbs.until("all on disk", 5,
                          lambda: not unsynced(victim.faults.order()),
                          lambda left: time.sleep(0.05))
            except TimeoutError:
                pass
            equal(unsynced(victim.faults.order()), None,
                  "%s: a file is on the disk before its rename, and then "
                  "the rename" % name)


def random_kills(kind, seed, count):
    rng, wrong = random.Random(seed), []
    with Victim(kind) as victim:
        victim.start()
        while victim.kills < count:
            old = list(victim.held)
            if rng.random() < 0.5:  # at whatever call comes then
                victim.faults.arm(action=faults.KILL,
                                  first=rng.randrange(1, 120))
                victim.login()
            else:  # at whatever instruction
                victim.login()
                time.sleep(rng.random() * 1.2)
                os.killpg(victim.daemon.pid, 9)
            if not victim.died(2.5):
                os.killpg(victim.daemon.pid, 9)
                victim.daemon.wait()
            victim.kills += victim.faults.hits() == 0
            for problem in (victim.verify(old, victim.held),
                            victim.restart()):
                if problem:
                    wrong.append("kill %d: %s" % (victim.kills, problem))
            if len(victim.held) > 200:
                begin_anew(victim)
    return victim.kills, wrong


def begin_anew(victim):
    """With an empty site, so that it stays quick."""
    victim.daemon.stop()
    for name in os.listdir(victim.site.mapdir):
        os.unlink(os.path.join(victim.site.mapdir, name))
    victim.site.write("mail.log", "")
    victim.held = []
    victim.site.log(login(EXPIRED), when=time.time() - 7200)
    victim.login()
    victim.start()


def at_random():
    share = max(1, KILLS // JOBS)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        futures = [pool.submit(random_kills, ("hash", "lmdb")[n % 2],
                               SEED + n, share) for n in range(JOBS)]
        kills, wrong = 0, []
        for future in futures:
            some, bad = future.result()
            kills, wrong = kills + some, wrong + bad
    equal(wrong, [], "%d kills at random moments (CRASH_SEED=%d)"
          % (kills, SEED))


main(on_disk, each_call_of_all, at_random)
