#!/usr/bin/env python3
# What a real smtpd looks up for a client: over IPv4, IPv6 and IPv4-mapped IPv6
# it finds whoever has logged in, in each type of map, and nobody else; with
# ipv6_prefix: 64 it finds exactly the client's /64. A change of an lmdb map
# restarts no smtpd.
# tests/run: root
"""One Postfix with one restriction class for each map: the recipient's domain
chooses the map that is asked. A client poses as any address, by XCLIENT."""
import ipaddress
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from askers import Smtp, posing
from publisher import Publisher, postfix_reads
from tap import equal, main, ok

STRANGERS = ["192.0.2.8", "192.0.2.70", "2001:db8:a0:1::8",
             "2001:db8::5:0:0:7", "2a00:1:2:3:4:5:6:8"]
ALONE = ["192.0.2.7", "2001:db8:a0:1::7", "2001:db8::5:0:0:9",
         "2a00:1:2:3:4:5:6:7"]
# One of each kind: no zeros; zeros inside, at the end, and both.
NETWORKS = ["2001:db8:a0:1", "2001:0:a0:1", "2001:db8:0:1", "2001:db8:a0:0",
            "2001:db8:0:0", "2001:0:a0:0", "2a00:1:2:3"]
UNSAID = "2001:0:0:7"  # not in a map that is asked for shortened keys


def types_here():
    """Those that we were built with and that this Postfix reads."""
    def known(map_type):
        p = Publisher()
        refused = p.refused("open %s:/nonexistent/pbs" % map_type)
        p.end()
        return "unknown" not in refused and postfix_reads(map_type)
    return [t for t in ("hash", "lmdb", "cdb", "cidr") if known(t)]


def judged(types, logins, clients, *flags):
    """{client: [types]}, once those have logged in."""
    with pbs.Site() as site:
        where = {t: "%s:%s/%s" % (t, site.mapdir, t) for t in types}
        server = posing(site.dir, where)
        maps = ["--dbfile=" + where[t] for t in types]
        site.log(*[pbs.login(ip) for ip in logins])
        daemon = site.start(*maps, *flags)
        server.start()
        smtp = Smtp(types)
        try:
            return {c: smtp.relays(c) for c in clients}
        finally:
            smtp.close()
            server.stop()
            daemon.stop()


def addresses():
    types = types_here()
    ok(len(types) > 1, "types that are asked: " + " ".join(types))
    got = judged(types, ALONE + ["::ffff:198.51.100.3", "2001::1"],
                 ALONE + STRANGERS +
                 ["::ffff:192.0.2.7", "198.51.100.3", "::ffff:198.51.100.3",
                  "2001:DB8:A0:1:0:0:0:7", "2001::1"])
    for client in ALONE + ["::ffff:192.0.2.7", "198.51.100.3",
                           "::ffff:198.51.100.3", "2001:DB8:A0:1:0:0:0:7"]:
        equal(got[client], types, client + " has logged in")
    for client in STRANGERS:
        equal(got[client], [], client + " has not")
    equal(got["2001::1"], ["cidr"],
          "2001::1 is what is left of others: only where nobody asks so")


def spread(network, rng):
    """Addresses of a /64, whatever zeros they have."""
    for _ in range(12):
        groups = [rng.choice((0, 0, rng.randrange(1, 65536)))
                  for _ in range(4)]
        yield "%s:%s" % (network, ":".join("%x" % g for g in groups))


def networks():
    types, rng = types_here(), random.Random(64)
    homes = {n: list(spread(n, rng)) for n in NETWORKS + [UNSAID]}
    logins = [rng.choice(homes[n]) for n in homes] + ["192.0.2.7"]
    inside = {str(ipaddress.ip_address(a)): n for n in homes
              for a in homes[n]}
    beside = []
    for n in homes:  # one bit of the network's is another
        for bit in (0, 3, 17, 30):
            other = int(ipaddress.ip_address(n + "::")) ^ 1 << 64 + bit
            beside += [str(ipaddress.ip_address(other + low)) for low in
                       (0, 1, 1 << 48, rng.randrange(1 << 64))]
    known = {int(ipaddress.ip_address(n + "::")) >> 64 for n in homes}
    beside = [a for a in beside
              if int(ipaddress.ip_address(a)) >> 64 not in known]
    got = judged(types, logins, list(inside) + beside + STRANGERS[:2],
                 "--ipv6-prefix=64")
    want = {a: ["cidr"] if n == UNSAID else types for a, n in inside.items()}
    equal({a: got[a] for a in inside if got[a] != want[a]}, {},
          "%d addresses of networks that have logged in" % len(inside))
    equal({a: got[a] for a in beside if got[a]}, {},
          "%d addresses beside them" % len(beside))
    equal([got[a] for a in STRANGERS[:2]], [[], []], "IPv4: each for itself")


def restarts(map_type):
    """How often smtpd restarted for a login that one of them has seen."""
    with pbs.Site() as site:
        spec = "%s:%s/pbs" % (map_type, site.mapdir)
        server = posing(site.dir, {map_type: spec})
        daemon = site.start("--dbfile=" + spec)
        server.start()
        try:
            smtp = Smtp([map_type])
            before = smtp.relays(ALONE[0])
            smtp.close()
            site.log(pbs.login(ALONE[0]))
            pbs.until("relays by " + map_type, pbs.DEADLINE,
                      lambda: asked_anew(map_type), lambda left: None)
            with open(server.log) as f:
                return before, f.read().count("has changed -- restarting")
        finally:
            server.stop()
            daemon.stop()


def asked_anew(map_type):
    smtp = Smtp([map_type])
    try:
        return smtp.relays(ALONE[0])
    finally:
        smtp.close()


def changed():
    if "lmdb" in types_here():
        equal(restarts("lmdb"), ([], 0), "lmdb: no smtpd has restarted")
    before, count = restarts("hash")
    ok(count > 0, "hash: they have, and it is seen")


servers.apart()
main(addresses, networks, changed)
