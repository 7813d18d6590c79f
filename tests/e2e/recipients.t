#!/usr/bin/env python3
# What a real smtpd accepts with the tables of pbsctl recipients: each row of
# the documented example, for each type of map and of rules; and a list that is
# moved into place counts for new sessions within settle + 1 s.
# tests/run: root
import os
import smtplib
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
import servers
from recipients import Lists, engines, map_types
from tap import equal, main, ok, skip

EXAMPLE = ("\ufeffUser@Domain.tld\r\n  o'hara@domain.tld \r\n@catch.tld\n"
           "ann@domain.tld\nann\\+.*@domain.tld\nbob.b@domain.tld\n"
           "bob.b\\+.*@domain.tld\r\n")
KNOWN = ["user@domain.tld", "USER@domain.tld", "o'hara@domain.tld",
         "any@catch.tld", "any+x@catch.tld", "ann@domain.tld",
         "ann+x@domain.tld", "ann+@domain.tld", "ann+a/b@domain.tld",
         "ANN+X@domain.tld", "bob.b+x@domain.tld"]
UNKNOWN = ["nobody@domain.tld", "any@sub.catch.tld", "joann+x@domain.tld",
           "bobXb+x@domain.tld", "user+x@domain.tld", "o'hara+x@domain.tld"]
FOREIGN = ["user@domainXtld", "any@evilcatch.tld", "ann+x@domainXtld",
           "user@foreign.example"]
ROUTED = ["ann+x@evil@domain.tld", "user%foreign.example@domain.tld"]

# Nobody but the one that poses is near: mynetworks would let it relay.
EXTRA = """
mynetworks =
relay_domains = domain.tld, catch.tld
relay_recipient_maps = {maps}
unknown_relay_recipient_reject_code = 550
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_recipient_limit = 1000
relay_transport = discard:
"""


def gateway(lists, maps):
    return servers.Postfix(lists.dir, "static:dunno",
                           EXTRA.format(maps=", ".join(maps)))


def judged(addresses):
    """{address: code and enhanced code} from a client of the internet."""
    with smtplib.SMTP("127.0.0.1", servers.SMTP_PORT, timeout=60) as smtp:
        smtp.ehlo("client.example.com")
        code, text = smtp.docmd("XCLIENT", "NAME=client.example.com "
                                "ADDR=192.0.2.66")
        if code != 220:
            raise RuntimeError("XCLIENT: %d %s" % (code, text))
        smtp.ehlo("client.example.com")
        smtp.mail("stranger@example.com")
        found = {}
        for address in addresses:
            code, text = smtp.docmd("RCPT", "TO:<%s>" % address)
            found[address] = "%d %s" % (code, text.decode().split(" ")[0])
        return found


def example(kind, engine):
    name = "%s, %s: " % (kind, engine)
    with Lists() as lists:
        code = lists.run("--map", lists.spec(kind), lists.put(EXAMPLE))[0]
        equal(code, 0, name + "the tables are written")
        server = gateway(lists, [lists.spec(kind), "%s:%s" % (
            engine, lists.plus())]).start()
        try:
            got = judged(KNOWN + UNKNOWN + FOREIGN + ROUTED)
        finally:
            server.stop()
        for address in KNOWN:
            equal(got[address], "250 2.1.5", name + address + " is known")
        for address in UNKNOWN:
            equal(got[address], "550 5.1.1", name + address + " is not")
        for address in FOREIGN:
            equal(got[address], "554 5.7.1", name + address + " is not ours")
        for address in ROUTED:
            ok(got[address][0] == "5", name + address + " is refused",
               got[address])


def examples():
    for kind in map_types():
        example(kind, engines()[-1])
    if "pcre" not in engines():
        skip("pcre", "this Postfix has no pcre tables")
    else:
        example("hash", "regexp")


def watched():
    """From the moment at which a list is moved in."""
    with Lists() as lists:
        kind, settle = map_types()[0], 1
        os.mkdir(lists.path("in"))
        lists.write("in/list", EXAMPLE)
        lists.run("--map", lists.spec(kind), lists.path("in/list"))
        server = gateway(lists, [lists.spec(kind), "%s:%s" % (
            engines()[-1], lists.plus())]).start()
        watch = lists.start("--watch", "--settle", "%ds" % settle, "--map",
                            lists.spec(kind), lists.path("in/list"))
        try:
            equal(judged(["new@domain.tld", "user+x@domain.tld"]),
                  {"new@domain.tld": "550 5.1.1",
                   "user+x@domain.tld": "550 5.1.1"}, "not in the list yet")
            time.sleep(settle)  # what it reads at its start is no news
            lists.write("new", EXAMPLE + "new@domain.tld\n"
                        "user\\+.*@domain.tld\n")
            begin = time.monotonic()
            os.rename(lists.path("new"), lists.path("in/list"))
            pbs.until("new@domain.tld is known", pbs.DEADLINE,
                      lambda: judged(["new@domain.tld"])["new@domain.tld"]
                      == "250 2.1.5", lambda left: time.sleep(0.02))
            took = time.monotonic() - begin
            ok(took < settle + (20 if pbs.CHECKED else 1),
               "a list is moved in: a new recipient is accepted after %.2f s"
               % took)
            equal(judged(["user+x@domain.tld"])["user+x@domain.tld"],
                  "250 2.1.5", "and a new user with plus addressing")
        finally:
            watch.terminate()
            watch.communicate()
            server.stop()


servers.apart()
main(examples, watched)
