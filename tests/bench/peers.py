#!/usr/bin/env python3
"""peers: what several hosts cost, and how soon a relay knows.

    peers.py load HOSTS RELAYS RATE SECONDS TYPE [--flood N]
    peers.py late LOGINS
    peers.py idle HOSTS SECONDS

All processes, and the engine, run on this machine. `load' has each of the
hosts log RATE logins a second, and asks each relay in turn for an address of
the last batch until its map, of that type, has it. With --flood, somebody who
has no key adds N entries to the stream of one more host meanwhile, as fast as
redis-benchmark can. `late' starts a relay when all is published. `idle' counts
how often each process is woken, with nothing logged. Prints JSON; or, where
that cannot be run, nothing but why, on stderr.
"""
import argparse
import contextlib
import ctypes
import fcntl
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import hosts
import pbs
import socketmap

BATCHES = 20  # a second, of each host
DEADLINE = 120
SUFFIXES = {"hash": ".db", "lmdb": ".lmdb", "cdb": ".cdb"}  # of map files
FLOODERS = "redis-benchmark", "valkey-benchmark"
AGE = 300  # seconds, of what a late relay reads: it logs no such grants


def address(number):
    return "21.%d.%d.%d" % (number >> 16, number >> 8 & 255, number & 255)


def text(first, count, age=0):
    head = pbs.stamped("", time.time() - age)
    return "".join(head + pbs.login(address(n), "user%d" % n) + "\n"
                   for n in range(first, first + count))


# --- processes --------------------------------------------------------------

def tree(pid):
    """{name: pid} of the descendants."""
    found = {}
    for child in pbs.children(pid):
        with open("/proc/%d/comm" % child) as f:
            found[f.read().strip()] = child
        found.update(tree(child))
    return found


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status(pid, what):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^%s:\s*(\d+)" % what, f.read(), re.M)[1])


def held(host):
    found = re.search(r"^addresses\D+(\d+)", host.ctl("status"), re.M)
    return int(found[1]) if found else 0


# --- load -------------------------------------------------------------------

class LmdbReader:
    """Asks with the map open and locked meanwhile, as smtpd does."""
    NOSUBDIR, RDONLY, NOLOCK = 0x4000, 0x20000, 0x400000

    class Value(ctypes.Structure):
        _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_char_p)]

    def __init__(self, path):
        self.lmdb = ctypes.CDLL("liblmdb.so.0")
        self.path, self.inode = path, None

    def _call(self, name, *arguments):
        code = getattr(self.lmdb, "mdb_" + name)(*arguments)
        if code not in (0, -30798):  # MDB_NOTFOUND
            raise RuntimeError("mdb_%s: %d" % (name, code))
        return code == 0

    def _open(self):
        self.env, self.inode = ctypes.c_void_p(), os.stat(self.path).st_ino
        self._call("env_create", ctypes.byref(self.env))
        self._call("env_set_mapsize", self.env, ctypes.c_size_t(1 << 30))
        self._call("env_open", self.env, self.path.encode(),
                   self.NOSUBDIR | self.RDONLY | self.NOLOCK, 0o644)
        self.file = open(self.path, "rb")

    def __call__(self, key):
        if os.stat(self.path).st_ino != self.inode:
            self._open()
        txn, dbi, value = ctypes.c_void_p(), ctypes.c_uint(), self.Value()
        wanted = self.Value(len(key) + 1, key.encode())  # and its NUL
        fcntl.lockf(self.file, fcntl.LOCK_SH)
        self._call("txn_begin", self.env, None, self.RDONLY, ctypes.byref(txn))
        self._call("dbi_open", txn, None, 0, ctypes.byref(dbi))
        found = self._call("get", txn, dbi, ctypes.byref(wanted),
                           ctypes.byref(value))
        self.lmdb.mdb_txn_abort(txn)
        fcntl.lockf(self.file, fcntl.LOCK_UN)
        return found


class NewPostmap:
    """Asks by a new postmap; only if the file is another than when one last
    said no: three that start all the time would take both cores."""

    def __init__(self, relay, kind):
        self.command = ["postmap", "-q", None, kind + ":" + relay.map]
        self.path, self.env = relay.map + SUFFIXES[kind], relay.env
        self.denied = None

    def __call__(self, key):
        state = os.stat(self.path)
        asked = key, state.st_ino, state.st_mtime_ns
        if asked == self.denied:
            return False
        self.command[2], self.denied = key, asked
        return subprocess.run(self.command, env=self.env,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0


def asker(relay, kind):
    """A function that tells whether an address is in the relay's map."""
    if kind == "socketmap":
        client = socketmap.Client(relay.path("socket"))
        return lambda key: client.ask(key).startswith("OK")
    if kind == "lmdb":
        return LmdbReader(relay.map + SUFFIXES[kind])
    return NewPostmap(relay, kind)


def start_relay(relay, pops, kind, bound):
    relay.configure(publish=False, hosts=pops, bound=bound,
                    more="max_addresses: %d\n" % (bound * len(pops)))
    place = ("unix:" + relay.path("socket") if kind == "socketmap"
             else relay.map)
    return relay.start("--logfile=none", "--dbfile=%s:%s" % (kind, place),
                       "--checkpoint=" + relay.map + ".state")


def flooder():
    """The program that floods, or None."""
    return next(filter(shutil.which, FLOODERS), None)


@contextlib.contextmanager
def flooded(engine, name, entries):
    """Entries with bad signatures, as fast as they go."""
    command = [flooder(), "-s", engine.path, "-q", "-P", "50", "-c",
               "1", "-n", str(entries), "XADD", "pbs:" + name, "MAXLEN", "~",
               "10000", "*", "p", "1 1 1 1\n", "s", "x" * 64]
    flood = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL) if entries else None
    try:
        yield flood
    finally:
        if flood:
            flood.kill()
            flood.wait()


def load(opt):
    names = (["pop%d" % n for n in range(opt.hosts)] +
             ["evil"] * bool(opt.flood) +
             ["relay%d" % n for n in range(opt.relays)])
    with hosts.Place(*names) as (engine, *place):
        pops, relays = place[:opt.hosts], place[-opt.relays:]
        bound = 2 * opt.rate * opt.seconds
        publishers = [pop.pop() for pop in pops]
        daemons = [start_relay(relay, place[:-opt.relays], opt.type, bound)
                   for relay in relays]
        asks = [asker(relay, opt.type) for relay in relays]
        pids = {"engine": engine.process.pid,
                "relay": tree(daemons[0].pid), "host": tree(publishers[0].pid)}
        with flooded(engine, "evil", opt.flood) as flood:
            got = measure(opt, pops, asks, pids)
            got["flood"] = flood is not None and flood.poll() is None
        got["missing"] = missing(relays, got["logins"])
        got["engine_bytes"] = (engine("MEMORY", "USAGE", "pbs:pop0", "SAMPLES",
                                      0) * opt.hosts / got["logins"])
    return got


def missing(relays, logins):
    try:
        pbs.until("all", 10, lambda: all(held(r) >= logins for r in relays),
                  lambda left: time.sleep(0.1))
    except Exception:
        pass
    return logins - min(held(relay) for relay in relays)


def spent(pids):
    return {"engine": cpu(pids["engine"]),
            **{who + " " + name[4:]: cpu(pids[who][name])
               for who in ("relay", "host")
               for name in ("pbs-worker", "pbs-link")}}


class Prober(threading.Thread):
    """Waits for one address at a time, and notes how long that took."""

    def __init__(self, ask):
        super().__init__()
        self.ask, self.delays = ask, []
        self.wanted = queue.Queue(1)
        self.start()

    def want(self, key):
        with contextlib.suppress(queue.Full):
            self.wanted.put_nowait((time.monotonic(), key))

    def run(self):
        for written, key in iter(self.wanted.get, None):
            while not self.ask(key):
                if time.monotonic() - written > DEADLINE:
                    raise RuntimeError(key + " has not arrived")
                time.sleep(0.001)
            self.delays.append((time.monotonic() - written) * 1e3)


def measure(opt, pops, asks, pids):
    each = opt.rate // BATCHES
    number, before, begin = 0, spent(pids), time.monotonic()
    probers = [Prober(ask) for ask in asks]
    for tick in range(opt.seconds * BATCHES):
        for pop in pops:
            pop.raw(text(number, each))
            number += each
        for prober in probers:
            prober.want(address(number - 1))
        time.sleep(max(0, begin + (tick + 1) / BATCHES - time.monotonic()))
    took = time.monotonic() - begin
    after = spent(pids)
    for prober in probers:
        prober.wanted.put(None)
        prober.join()
    return {"logins": number, "seconds": took,
            "delays": [d for prober in probers for d in prober.delays],
            "cpu": {what: (after[what] - before[what]) / took * 100
                    for what in before}}


# --- late, idle -------------------------------------------------------------

def late(opt):
    with hosts.Place("pop0", "relay0") as (engine, pop, relay):
        pop.configure(more="max_addresses: %d\n" % (2 * opt.logins))
        for first in range(0, opt.logins, 10000):
            pop.raw(text(first, min(10000, opt.logins - first), AGE))
        daemon = pop.start("--dbfile=none",
                           "--checkpoint=" + pop.map + ".state")
        pbs.until("all are published", DEADLINE,
                  lambda: engine("XLEN", "pbs:pop0") * 100 >= opt.logins,
                  lambda left: time.sleep(0.1))
        begin = time.monotonic()
        joined = start_relay(relay, [pop], "socketmap", 2 * opt.logins)
        pbs.until("all have arrived", DEADLINE,
                  lambda: held(relay) >= opt.logins,
                  lambda left: time.sleep(0.05))
        took = time.monotonic() - begin
        worker = tree(joined.pid)["pbs-worker"]
        return {"seconds": took, "cpu": cpu(worker),
                "relay_bytes": status(worker, "RssAnon") * 1024,
                "host_bytes": status(tree(daemon.pid)["pbs-worker"],
                                     "RssAnon") * 1024}


def idle(opt):
    names = ["pop%d" % n for n in range(opt.hosts)] + ["relay0"]
    with hosts.Place(*names) as (engine, *place):
        publisher = [pop.pop() for pop in place[:-1]][0]
        joined = start_relay(place[-1], place[:-1], "socketmap", 100000)
        time.sleep(7)  # the connections are made, the first heartbeats sent
        pids = {("relay", name): pid for name, pid in tree(joined.pid).items()}
        pids.update({("host", name): pid
                     for name, pid in tree(publisher.pid).items()})
        before = {who: status(pid, "voluntary_ctxt_switches")
                  for who, pid in pids.items()}
        time.sleep(opt.seconds)
        return {" ".join(who): (status(pid, "voluntary_ctxt_switches") -
                                before[who]) / opt.seconds
                for who, pid in pids.items()}


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parts = ap.add_subparsers(dest="part", required=True)
    part = parts.add_parser("load")
    for name in ("hosts", "relays", "rate", "seconds"):
        part.add_argument(name, type=int)
    part.add_argument("type", choices=("socketmap", *SUFFIXES))
    part.add_argument("--flood", type=int, default=0)
    parts.add_parser("late").add_argument("logins", type=int)
    part = parts.add_parser("idle")
    part.add_argument("hosts", type=int)
    part.add_argument("seconds", type=int)
    opt = ap.parse_args()
    why = hosts.missing()
    if getattr(opt, "flood", 0) and not flooder():
        why = why or "neither %s nor %s is installed" % FLOODERS
    if why:
        ap.exit(0, "left out: %s\n" % why)
    print(json.dumps({"load": load, "late": late, "idle": idle}[opt.part](opt)))


if __name__ == "__main__":
    main()
