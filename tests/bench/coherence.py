#!/usr/bin/env python3
"""coherence: what long-lived readers of Postfix's are told while maps change.

For each type, so many addresses stay authorized while others log in, 1 to
1,000 a second; asked are those that stay and some that were never there, by
one postmap that keeps the map open, by one that asks through proxymap(8), and
in SMTP sessions, new ones and such in which the client changes. Any other
answer than the right one is wrong. The same readers then ask a hash: file that
is changed in place, to show that they would have seen it.
"""
import json
import os
import random
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
from askers import LongLived, Smtp, STRANGER, posing
from publisher import MapDir, Publisher, generated, postfix_reads

TYPES = {"hash": ".db", "lmdb": ".lmdb", "cdb": ".cdb"}


def steady(number):
    return "100.%d.%d.%d" % (64 + number // 62500, number // 250 % 250,
                             number % 250 + 1)


def coming(number):
    return "198.18.%d.%d" % (number // 250 % 250, number % 250 + 1)


class Sessions(threading.Thread):
    """SMTP sessions of twenty clients each, one after the other."""

    def __init__(self, name, choose):
        super().__init__()
        self.name_, self.choose = name, choose
        self.asked, self.wrong, self.said = 0, 0, ""
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                smtp = Smtp([self.name_])
                for client in self.choose(20):
                    want = not client.startswith(STRANGER)
                    self.wrong += bool(smtp.relays(client)) != want
                    self.asked += 1
                smtp.close()
            except Exception as e:  # counted, and the last one is shown
                self.wrong += 1
                self.said = str(e)

    def end(self):
        self.over.set()
        self.join()


def chooser(keys, rng):
    """Of the keys, and one stranger in ten."""
    def choose(count):
        strangers = [STRANGER + str(rng.randrange(1, 255))
                     for _ in range(count // 10)]
        return rng.choices(keys, k=count - len(strangers)) + strangers
    return choose


def feed(readers, choose, seconds, change):
    """Asks for so long; change(t) is called all the while."""
    begin = time.monotonic()
    tick = 0
    while time.monotonic() < begin + seconds:
        change(time.monotonic() - begin)
        for reader, count in readers:
            reader.ask(choose(count))
        tick += 1
        time.sleep(max(0, begin + tick * 0.01 - time.monotonic()))


def changes_of(site, rate, first):
    """Writes the logins that are due, none twice."""
    written = [0]

    def change(elapsed):
        due = int(elapsed * rate)
        if due > written[0]:
            site.log(*[pbs.login(coming(first + n))
                       for n in range(written[0], due)])
            written[0] = due
    return change, written


def one_rate(site, spec, env, choose, rate, seconds, first):
    direct, proxied = LongLived(spec, env), LongLived("proxy:" + spec, env)
    sessions = Sessions(spec.split(":")[0], choose)
    sessions.start()
    change, written = changes_of(site, rate, first)
    try:
        feed([(direct, 240), (proxied, 60)], choose, seconds, change)
    finally:
        for reader in (direct, proxied, sessions):
            reader.end()
    return (direct, proxied, sessions), written[0]


def one_size(map_type, count, rates, seconds, rng):
    """Rows of (type, keys, rate, changes, asked..., wrong)."""
    rows, first = [], 0
    with pbs.Site() as site:
        spec = "%s:%s/%s" % (map_type, site.mapdir, map_type)
        keys = [steady(n) for n in range(count)]
        site.log(*[pbs.login(k) for k in keys], when=time.time() - 300)
        daemon = site.start("--dbfile=" + spec, "--grace=1d")
        server = posing(site.dir, {map_type: spec},
                        "proxy_read_maps = proxy:" + spec)
        server.start()
        env = dict(site.env, MAIL_CONFIG=server.etc)
        try:
            for rate in rates:
                readers, changes = one_rate(site, spec, env,
                                            chooser(keys, rng), rate, seconds,
                                            first)
                first += changes
                rows.append((map_type, count, rate, changes, *(
                    r.asked for r in readers), sum(
                        r.wrong for r in readers)))
                for r in readers:
                    if r.said:
                        print(map_type, count, rate, r.said, file=sys.stderr)
        finally:
            server.stop()
            daemon.stop()
    return rows


def in_place(seconds, rng):
    """The counter-proof: the same readers, a careful writer in place."""
    keys = [generated(n) for n in range(11000)]
    with MapDir() as d:
        p = Publisher(d.spec)
        p.do("fill %d 0 1" % len(keys), "replace")
        choose, reader = chooser(keys, rng), LongLived(d.spec, d.env)
        reader.ask(choose(300))
        p.send("churn inplace 300 %d %d" % (seconds, len(keys)))
        feed([(reader, 300)], choose, seconds, lambda _: None)
        p.answer()
        reader.ask(choose(300))
        reader.end()
        p.end()
    return ("hash, in place", len(keys), 300, 300 * seconds, reader.asked,
            0, 0, reader.wrong)


def main(quick):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    rng, rows = random.Random(4), []
    seconds = 2 if quick else 5
    for map_type in TYPES:
        if not postfix_reads(map_type):
            continue
        for count in (100, 10000) if quick else (100, 1000, 10000, 100000):
            rows += one_size(map_type, count, (1, 10, 100, 1000), seconds,
                             rng)
    rows.append(in_place(seconds, rng))
    print(json.dumps(rows))


if __name__ == "__main__":
    main(sys.argv[2] == "True")
