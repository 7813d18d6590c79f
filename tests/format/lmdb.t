#!/usr/bin/env python3
# Postfix's own postmap finds in our lmdb: map what was published, even a reader
# that opened it before; a lock that another process holds stops nobody; kill -9
# leaves a map that Postfix can read.
import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from publisher import (MapDir, Publisher, churn, generated,
                       postfix_reads)
from tap import contains, equal, main, ok, skip_all

F_OFD_SETLK = 37


def lmdb():
    return MapDir("lmdb", ".lmdb")


def whole_and_changes():
    with lmdb() as d:
        p = Publisher(d.spec)
        contains(p.refused("apply"), "lmdb:/", "apply before any replace")
        for count in (0, 1, 1000, 120000):
            p.do("fill %d 0 1700000000" % count, "replace")
            equal(d.dump(), {generated(i): "1700000000" for i in range(count)},
                  "%d keys" % count)
        p.do("add 127.0.0.1 5", "add 2001::1 5", "add 2001:db8::7 6",
             "replace")
        equal(d.dump(), {"2001:db8::7": "6"}, "no special address")
        inode, want = os.stat(d.file).st_ino, d.dump()
        churn(p, want, 60)
        equal(d.dump(), want, "60 times a hundred changes")
        equal((p.do("intact"), os.stat(d.file).st_ino), (1, inode),
              "in the same file, which is ours")
        p.do("fill 1800000 10000 1", "apply")
        equal(len(d.dump()), 1800000 + len(want), "so many keys at once")
        ok(os.stat(d.file).st_size > 64 << 20, "beyond the map's first size",
           os.stat(d.file).st_size)
        p.do("clear")
        equal(d.dump(), {}, "clear")
        p.do("add 192.0.2.7 5", "apply")
        equal(d.dump(), {"192.0.2.7": "5"}, "apply after clear")
        p.end()
        equal(d.beside(), [], "close leaves nothing but the map")


def long_lived_reader():
    """Sees a change at once, without opening the map again."""
    with lmdb() as d:
        p = Publisher(d.spec)
        p.do("add 192.0.2.1 1", "replace")
        reader = subprocess.Popen(
            ["postmap", "-q", "-", d.spec], env=d.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        fill = "192.0.2.1\n" * 2000  # its output comes by the buffer
        reader.stdin.write(fill)
        reader.stdin.flush()
        ok(reader.stdout.readline().startswith("192.0.2.1"), "it has answered")
        p.do("add 192.0.2.2 2", "apply")
        out, _ = reader.communicate("192.0.2.2\n")
        ok("192.0.2.2\t2" in out, "and knows the key that came since")
        p.end()


def locks():
    with lmdb() as d:
        p = Publisher(d.spec)
        p.do("add 192.0.2.1 1", "replace")
        with open(d.file, "rb") as f:
            whole = struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0)
            fcntl.fcntl(f, F_OFD_SETLK, whole)
            start = time.monotonic()
            p.do("add 192.0.2.2 2")
            contains(p.refused("apply"), "lock", "a held lock: apply says so")
            ok(0.1 < time.monotonic() - start < 1, "after a moment")
            equal(d.dump(), {"192.0.2.1": "1"}, "the map is as it was")
            p.do("add 192.0.2.2 2", "replace")
            equal(d.dump(), {"192.0.2.2": "2"}, "replace needs no lock")
        d.postmap("-i", given="198.51.100.1 OK\n")
        equal(p.do("intact"), 0, "a human's postmap -i is noticed")
        p.do("add 192.0.2.1 1")
        contains(p.refused("apply"), "not the file", "apply: only to ours")
        p.end()


def cost():
    with lmdb() as d:
        p = Publisher(d.spec)
        p.do("fill 100000 0 1", "replace")
        cpu = []
        for number in range(100):
            p.do("fill 1 %d 1" % (100000 + number))
            p.send("apply")
            cpu.append(p.answer()[1])
        ok(sorted(cpu)[50] < 1, "a change among 100,000 keys costs %.3f ms"
           % sorted(cpu)[50])
        p.end()


def length():
    """A file system writes more for a sync of a file that has grown."""
    with lmdb() as d:
        p = Publisher(d.spec)
        p.do("fill 5000 0 1", "replace")
        first = os.stat(d.file).st_size
        for number in range(40):
            p.do("fill 1 %d 1" % (5000 + number), "apply")
        grown = os.stat(d.file).st_size - first
        ok(grown < 65536, "40 logins, each alone: %d bytes more" % grown)
        sizes = set()
        for turn in range(60):
            p.do("fill 100 %d 1" % (5040 + turn * 100), "apply")
            sizes.add(os.stat(d.file).st_size)
        ok(len(sizes) < 10, "60 changes with 100 logins: longer %d times"
           % len(sizes))
        equal(len(d.dump()), 11040, "all are there")
        p.end()


def killed():
    with lmdb() as d:
        rng, whole = random.Random(7), 0
        for _ in range(15):
            p = Publisher(d.spec)
            p.do("fill 3000 0 1", "replace")
            p.send("churn apply 1000 5 3000")
            try:
                p.process.wait(rng.uniform(0.002, 0.05))
            except subprocess.TimeoutExpired:
                pass
            p.process.kill()
            p.process.wait()
            got = d.dump()
            whole += all(generated(i) in got for i in range(3000))
        equal(whole, 15, "killed 15 times: no key is lost")


if shutil.which("postmap") is None or not postfix_reads("lmdb"):
    skip_all("needs Postfix with lmdb (package postfix-lmdb)")
probe = Publisher()
if "unknown" in probe.refused("open lmdb:/nonexistent/pbs"):
    skip_all("built without lmdb (package liblmdb-dev)")
probe.end()
main(whole_and_changes, long_lived_reader, locks, cost, length, killed)
