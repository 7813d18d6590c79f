#!/usr/bin/env python3
# Real Postfix readers that live through many changes of a map of ours never
# miss a key that was there all the time; with a writer in place they do.
"""Readers: one `postmap -q -` that is fed for as long as the map changes, and
a new `postmap -q KEY` again and again; both asked only keys that stay. The
writer is our own map code: ten keys come and one goes at each change."""
import os
import random
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from askers import LongLived
from publisher import MapDir, Publisher, generated, postfix_reads
from tap import equal, main, ok, skip_all

PORTION = 50  # keys written to the long-lived reader at once


class NewOnes:
    """A postmap for each key, until told to stop."""

    def __init__(self, d, keys):
        self.asked, self.wrong, self.said = 0, 0, ""
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(d, keys))
        self.thread.start()

    def _run(self, d, keys):
        while not self.stop.is_set():
            done = subprocess.run(
                ["postmap", "-q", random.choice(keys), d.spec], env=d.env,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.asked += 1
            self.wrong += done.returncode != 0
            self.said += done.stderr

    def end(self):
        self.stop.set()
        self.thread.join()


def changed_under_readers(how, rate, seconds, steady, *kind):
    """The readers, and how often the map was changed."""
    keys = [generated(i) for i in range(steady)]
    with MapDir(*kind) as d:
        p = Publisher(d.spec)
        p.do("fill %d 0 1" % steady, "replace")
        long, new = LongLived(d.spec, d.env), NewOnes(d, keys)
        long.ask(keys[:PORTION])
        p.send("churn %s %d %d %d" % (how, rate, seconds, steady))
        answered = threading.Event()
        result = []

        def wait():
            try:
                result.append(p.answer()[2])
            finally:
                answered.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        while not answered.wait(0.002):
            long.ask(random.sample(keys, PORTION))
        waiter.join()
        long.end()
        new.end()
        p.end()
        return long, new, result[0] if result else 0


def never_wrong(how, rate, seconds, steady, *kind):
    name = "%s: %s %d/s, %d keys" % (kind[0] if kind else "hash", how, rate, steady)
    long, new, times = changed_under_readers(how, rate, seconds, steady, *kind)
    equal(times, rate * seconds, name + ": changed that often")
    ok(long.asked > 1000 * seconds and new.asked > 5 * seconds,
       name + ": readers asked enough", long.asked, new.asked)
    equal((long.wrong, long.said), (0, ""), "%s: long-lived postmap, "
          "%d lookups" % (name, long.asked))
    equal((new.wrong, new.said), (0, ""), "%s: new postmaps, %d lookups"
          % (name, new.asked))


def replaced():
    never_wrong("replace", 10, 2, 10000)
    never_wrong("replace", 100, 2, 100)


def changed_copies():
    never_wrong("apply", 10, 2, 100)
    never_wrong("apply", 100, 2, 10000)


def usable(map_type):
    """By Postfix as it is here, and by us as we were built."""
    p = Publisher()
    known = "unknown" not in p.refused("open %s:/nonexistent/pbs" % map_type)
    p.end()
    return known and postfix_reads(map_type)


def lmdb():
    """Changed in place, under the lock that Postfix's readers take."""
    if usable("lmdb"):
        never_wrong("apply", 100, 2, 3000, "lmdb", ".lmdb")


def cdb():
    if usable("cdb"):
        never_wrong("replace", 50, 2, 3000, "cdb", ".cdb")


def in_place():
    """So that we know that such a failure would be seen."""
    long, _, _ = changed_under_readers("inplace", 300, 3, 11000)
    ok(long.wrong > 0, "a writer in place: the long-lived postmap misses keys"
       " (%d of %d)" % (long.wrong, long.asked))


if shutil.which("postmap") is None:
    skip_all("needs postmap (package postfix)")
random.seed(11)
main(replaced, changed_copies, lmdb, cdb, in_place)
