#!/usr/bin/env python3
# Postfix's own postmap finds in our hash: map exactly the keys and values that
# were published: after replace, apply, clear, a full disk and kill -9; and
# libdb's db_verify finds no fault in the file.
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from publisher import MapDir, Publisher, churn, generated
from tap import contains, equal, main, ok, skip, skip_all

VERIFY = shutil.which("db_verify") or shutil.which("db5.3_verify")
WHEN = 1700000000


def verified(d, name):
    if VERIFY is None:  # package db-util, where there is one
        return
    done = subprocess.run([VERIFY, d.file], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    equal(done.returncode, 0, "db_verify: " + name, done.stdout)


def holds(d, want, name):
    got = d.dump()
    ok(got == want, name, "missing %s" % sorted(set(want) - set(got))[:5],
       "too many %s" % sorted(set(got) - set(want))[:5],
       "values %s" % [(k, got[k], want[k]) for k in set(got) & set(want)
                      if got[k] != want[k]][:5])


def keys_and_values():
    with MapDir() as d:
        p = Publisher(d.spec)
        p.do("add 192.0.2.7 1700000000", "add 2001:0DB8:a0:0::0AB 1",
             "add ::ffff:198.51.100.3 0", "add 2001:db8:0:0:1:0:0:9 99999999999",
             "add 203.0.113.9 -5", "replace")
        holds(d, {"192.0.2.7": "1700000000", "2001:db8:a0::ab": "1",
                  "198.51.100.3": "0", "2001:db8::1:0:0:9": "99999999999",
                  "203.0.113.9": "0"},
              "keys as smtpd asks them, values all digits")
        equal([d.query(k) for k in ("192.0.2.7", "2001:DB8:A0::AB",
                                    "192.0.2.70", "192.0.2")],
              ["1700000000", "1", None, None], "postmap -q")
        for key in ("127.0.0.1", "::1", "fe80::1", "224.0.0.5", "0.0.0.0",
                    "2001::1", "255.255.255.255", "169.254.1.1"):
            p.do("add %s 5" % key)
        p.do("add 2001:db8::7 6", "replace")
        holds(d, {"2001:db8::7": "6"},
              "no special address, and none that stands for others, too")
        p.end()
        p = Publisher(d.spec, "permit")
        p.do("add 192.0.2.7 1700000000", "replace")
        holds(d, {"192.0.2.7": "permit"}, "a fixed value")
        p.end()


def sizes():
    """Around what fits a page, and where the number of buckets doubles."""
    with MapDir() as d:
        p = Publisher(d.spec)
        for count in (0, 1, 82, 83, 123, 124, 1000, 20000, 100000):
            p.do("fill %d 0 %d" % (count, WHEN), "replace")
            holds(d, {generated(i): str(WHEN) for i in range(count)},
                  "%d keys" % count)
            verified(d, "%d keys" % count)
        p.do("hint 100000", "fill 3 0 5", "replace", "hint 0")
        equal(len(d.dump()), 3, "fewer rows than were told")
        p.do("hint 1", "fill 5000 0 5", "replace", "hint 0")
        equal(len(d.dump()), 5000, "more rows than were told")
        random.seed(3)
        long = {"2001:db8:%x:%x:%x:%x:%x:%x" % tuple(
            random.randrange(0x1000, 0x10000) for _ in range(6))
            for _ in range(5000)}
        for key in long:
            p.do("add %s 7" % key)
        p.do("replace")
        holds(d, {k: "7" for k in long}, "5000 of the longest keys")
        verified(d, "5000 of the longest keys")
        p.end()


def changes():
    with MapDir() as d:
        p = Publisher(d.spec)
        contains(p.refused("apply"), "pbs", "apply before any replace fails")
        p.do("fill 2000 0 1", "replace")
        want = {generated(i): "1" for i in range(2000)}
        churn(p, want, 60)
        holds(d, want, "60 times a hundred changes, from 2000 keys")
        verified(d, "after apply")
        inode = os.stat(d.file).st_ino
        p.do("add 127.0.0.1 5", "add 2001::1 5", "apply")
        holds(d, want, "apply adds no special address either")
        ok(os.stat(d.file).st_ino != inode, "apply makes a new file")
        d.postmap("-i", given="198.51.100.1 OK\n")
        equal(p.do("intact"), 0, "a human's postmap -i is noticed")
        p.do("add 192.0.2.1 1")
        contains(p.refused("apply"), "not the file that we wrote",
                 "apply changes only a file of ours")
        p.do("replace")
        holds(d, {}, "replace sets it right")
        p.end()


def clear():
    with MapDir() as d:
        p = Publisher(d.spec)
        ok(not os.path.exists(d.file), "open creates no map")
        for name in ("once", "and again"):
            p.do("fill 50 0 1", "replace", "clear")
            holds(d, {}, "cleared " + name)
            verified(d, "cleared " + name)
        p.do("fill 50 0 1", "apply")
        equal(len(d.dump()), 50, "apply to a cleared map")
        p.do("replace")
        p.end()
        equal(d.beside(), [], "close leaves nothing but the map")
        holds(d, {}, "and the map as it was")


def killed():
    """At random moments: the map is always an old or a new one, whole."""
    with MapDir() as d:
        Publisher(d.spec).end()
        p, whole, random_ = Publisher(d.spec), 0, random.Random(7)
        p.do("fill 3000 0 1", "replace")
        p.end()
        for _ in range(25):
            p = Publisher(d.spec)
            p.send("churn %s 1000 5 3000" % random_.choice(
                ("apply", "replace")))
            try:
                p.process.wait(random_.uniform(0.002, 0.05))
            except subprocess.TimeoutExpired:
                pass
            p.process.kill()
            p.process.wait()
            got = d.dump()
            whole += all(generated(i) in got for i in range(3000))
        equal(whole, 25, "killed 25 times: no key is lost")
        verified(d, "killed")
        p = Publisher(d.spec)
        p.do("clear")
        p.end()
        equal(d.beside(), [], "the next one cleans up what the killed left")


def full_disk():
    if os.geteuid() != 0:
        skip("full disk", "needs root (mounts a tmpfs)")
        return
    with MapDir() as d:
        directory = os.path.dirname(d.map)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o",
                                  "size=256k,mode=0755", "none", directory])
        if mounted.returncode != 0:
            skip("full disk", "cannot mount a tmpfs")
            return
        try:
            fill_the_disk(d)
        finally:
            subprocess.run(["umount", directory], check=True)


def fill_the_disk(d):
    p = Publisher(d.spec)
    p.do("fill 500 0 1", "replace")
    want = d.dump()
    p.do("fill 50000 0 1")
    start = time.monotonic()
    contains(p.refused("replace"), "No space left",
             "too much for the disk: said")
    ok(time.monotonic() - start < 0.5, "and soon")
    holds(d, want, "and the old map stays whole")
    filler = os.open(os.path.join(os.path.dirname(d.map), "filler"),
                     os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(filler, b"x" * 4096)
    except OSError:
        os.close(filler)
    p.do("add 192.0.2.7 5")
    contains(p.refused("apply"), "No space left", "full: apply fails")
    holds(d, want, "and the old map stays")
    equal(d.beside(), [".pbs.db.empty", "filler"], "no half file is left")
    p.process.kill()
    p.process.wait()
    start = time.monotonic()
    p = Publisher(d.spec)
    p.do("clear")
    ok(time.monotonic() - start < 2, "restarted on the full disk, soon")
    holds(d, {}, "the map can be emptied there after a crash")
    p.end()


if shutil.which("postmap") is None:
    skip_all("needs postmap (package postfix)")
main(keys_and_values, sizes, changes, clear, killed, full_disk)
