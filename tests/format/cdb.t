#!/usr/bin/env python3
# Postfix's own postmap finds in our cdb: map exactly what was published; the
# file is always a new one, whole, even after kill -9.
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from publisher import MapDir, Publisher, generated, postfix_reads
from tap import equal, main, ok, skip_all


def cdb():
    return MapDir("cdb", ".cdb")


def asked(d, keys):
    """What one postmap, with the map open all the while, says of each."""
    done = subprocess.run(["postmap", "-q", "-", d.spec], env=d.env, text=True,
                          input="".join(k + "\n" for k in keys), timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal(done.stderr, "", "postmap has nothing to say")
    return dict(line.split("\t") for line in done.stdout.splitlines())


def keys_and_values():
    with cdb() as d:
        p = Publisher(d.spec)
        p.do("add 192.0.2.7 1700000000", "add 2001:0DB8:a0:0::0AB 1",
             "add ::ffff:198.51.100.3 0", "add 203.0.113.9 -5",
             "add 127.0.0.1 5", "add 2001::1 5", "replace")
        equal(asked(d, ("192.0.2.7", "2001:db8:a0::ab", "198.51.100.3",
                        "203.0.113.9", "127.0.0.1", "2001::1", "192.0.2")),
              {"192.0.2.7": "1700000000", "2001:db8:a0::ab": "1",
               "198.51.100.3": "0", "203.0.113.9": "0"},
              "addresses as Postfix writes them, and no other")
        p.end()
        p = Publisher(d.spec, "permit")
        p.do("add 192.0.2.7 1700000000", "replace")
        equal(d.query("192.0.2.7"), "permit", "a fixed value")
        p.end()


def sizes():
    with cdb() as d:
        p = Publisher(d.spec)
        for count in (0, 1, 1000, 100000):
            p.do("fill %d 0 7" % count, "replace")
            got = asked(d, [generated(i) for i in range(count + 500)])
            ok(got == {generated(i): "7" for i in range(count)},
               "%d keys, and not the 500 others" % count, len(got))
        inode = os.stat(d.file).st_ino
        p.do("fill 5 0 8", "replace")
        ok(os.stat(d.file).st_ino != inode, "a new file each time")
        p.do("clear")
        equal(d.query(generated(0)), None, "clear")
        p.end()
        equal(d.beside(), [], "close leaves nothing but the map")


def killed():
    with cdb() as d:
        rng, whole = random.Random(7), 0
        keys = [generated(i) for i in range(3000)]
        for _ in range(15):
            p = Publisher(d.spec)
            p.do("fill 3000 0 1", "replace")
            p.send("churn replace 1000 5 3000")
            try:
                p.process.wait(rng.uniform(0.002, 0.05))
            except subprocess.TimeoutExpired:
                pass
            p.process.kill()
            p.process.wait()
            done = subprocess.run(["postmap", "-q", "-", d.spec], env=d.env,
                                  input="\n".join(keys) + "\n", text=True,
                                  stdout=subprocess.PIPE)
            whole += len(done.stdout.splitlines()) == len(keys)
        equal(whole, 15, "killed 15 times: no key is lost")
        Publisher(d.spec).end()
        equal(d.beside(), [], "the next one cleans up what the killed left")


if shutil.which("postmap") is None or not postfix_reads("cdb"):
    skip_all("needs Postfix with cdb (package postfix-cdb)")
probe = Publisher()
if "unknown" in probe.refused("open cdb:/nonexistent/pbs"):
    skip_all("built without cdb (package libcdb-dev)")
probe.end()
main(keys_and_values, sizes, killed)
