#!/usr/bin/env python3
# Several hosts, each in a network namespace of its own: two with a Dovecot,
# whose daemons publish its logins (dbfile: none), one with a Postfix, whose
# daemon receives them (logfile: none), and the engine, linked to each. Whoever
# has logged in at one of the Dovecots may relay at the Postfix until the grace
# is over or somebody removes the address. While a link is down, authorizations
# end when they would have ended anyway, and each side goes on with the logins
# it hears of; when the link is up again, those from in between arrive. Over
# IPv4 and IPv6; for policy:, users with the same name at two hosts are two
# users.
# tests/run: root
import json
import os
import poplib
import smtplib
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import engines
import hosts
import netns
import pbs
import servers
from tap import equal, main, ok, skip_all

GRACE = 10
CONVERGED = 5  # seconds, from a link that is up again to equal tables
ANN, BOB, CAT, DAN, EVE, FAY = ("192.0.2.%d" % n for n in range(7, 13))
ANN6, CAT6 = "2001:db8:1::7", "2001:db8:1::8"
CLIENTS = (ANN, BOB, CAT, DAN, EVE, FAY, ANN6, CAT6)
ENGINE, ENGINE_PORT = "10.0.0.1", 6379
POLICY_PORT = servers.SMTP_PORT + 1
REFUSED = "554 5.7.1 <someone@foreign.example>: Relay access denied"

# A second smtpd, which asks the policy: map; the path is relative to Postfix's
# queue directory.
POLICY = """\
%d inet n - n - 20 smtpd
  -o { smtpd_relay_restrictions =
  check_policy_service { unix:pbs/policy, default_action=DUNNO, timeout=5s },
  reject_unauth_destination }
""" % POLICY_PORT


class Machine(hosts.Host):
    """A host in a namespace of its own, linked to the engine's and to the
    clients'; only the link to the engine is ever down."""

    def __init__(self, name, number, net):
        super().__init__(name, net.engine)
        self.space, self.net, self.server = netns.Namespace(), net, None
        self.link = "to-" + name  # the engine's end
        net.middle.link(self.link, self.space, "engine")
        net.middle.ip("addr add %s peer 10.0.0.%d dev %s"
                      % (ENGINE, number, self.link))
        self.space.ip("addr add 10.0.0.%d peer %s dev engine"
                      % (number, ENGINE))
        self.at = {4: "203.0.113.%d" % number, 6: "2001:db8:2::%d" % number}
        self._link_clients(net.clients)

    def _link_clients(self, clients):
        clients.link(self.link, self.space, "clients")
        for address in CLIENTS:
            clients.ip("addr add %s dev %s"
                       % (netns.alone(address), self.link))
        for address in self.at.values():
            self.space.ip("addr add %s dev clients" % netns.alone(address))
            clients.ip("route add %s dev %s" % (address, self.link))
        self.space.ip("route add 192.0.2.0/24 dev clients")
        self.space.ip("route add 2001:db8:1::/64 dev clients")

    def spawn(self, *flags, **how):
        with self.space:
            return super().spawn(*flags, **how)

    def serve(self, server):
        self.server = server
        with self.space:
            server.start()

    def cut(self):
        self.net.middle.ip("link set %s down" % self.link)

    def mend(self):
        """The time when the link was up again."""
        self.net.middle.ip("link set %s up" % self.link)
        return time.monotonic()

    def shown(self, address):
        said = self.ctl("show", address, "--json")
        return json.loads(said) if said.startswith("{") else None

    def __exit__(self, *exc):
        if self.server:
            self.server.stop()
        super().__exit__(*exc)
        self.space.close()


class Internet:
    """The engine, the machines, and the clients, who do not reach the
    engine."""

    def __init__(self):
        self.site = pbs.Site()
        self.middle, self.clients = netns.Namespace(), netns.Namespace()
        self.engine = engines.Engine(
            engines.programs()[0], self.site.path("engine"), "--bind",
            "0.0.0.0", "--protected-mode", "no", port=ENGINE_PORT)
        self.engine.address = "inet:%s:%d" % (ENGINE, ENGINE_PORT)
        self.pop1, self.pop2, self.relay = (
            Machine(name, number, self)
            for number, name in enumerate(("pop1", "pop2", "relay"), 2))
        self.pop1.domain, self.pop2.domain = "example.org", "example.net"

    def __enter__(self):
        return self

    def start(self):
        with self.middle:
            self.engine.start()
        for pop in (self.pop1, self.pop2):
            pop.serve(servers.Dovecot(pop.dir, pop.logfile))
            pop.pop(more="grace: %ds\n" % GRACE)
        self._start_relay()
        for machine in (self.pop1, self.pop2, self.relay):
            machine.daemons[-1].wait_message("peers: connected to ")

    def _start_relay(self):
        relay = self.relay
        postfix = servers.Postfix(relay.dir, "hash:" + relay.map,
                                  services=POLICY)
        asked = os.path.join(postfix.dir, "spool", "pbs")
        os.mkdir(asked, 0o755)
        relay.relay(self.pop1, self.pop2, flags=(
            "--dbfile=hash:" + relay.map,
            "--dbfile=policy:unix:" + os.path.join(asked, "policy")),
            more="policy:\n  sender_binding: always\n")
        relay.serve(postfix)

    def __exit__(self, *exc):
        for machine in (self.relay, self.pop1, self.pop2):
            machine.__exit__(*exc)
        self.engine.kill()
        self.middle.close()
        self.clients.close()
        self.site.__exit__(*exc)

    def reach(self, machine, source, port):
        """A connection from one of the clients."""
        server = machine.at[6 if ":" in source else 4]
        with self.clients:
            return socket.create_connection((server, port), 20, (source, 0))

    def login(self, pop, source, user, password="secret"):
        """Whether it succeeded."""
        class Client(poplib.POP3):
            def _create_socket(_, timeout):
                return self.reach(pop, source, servers.POP3_PORT)
        client = Client(pop.at[4])
        try:
            client.user(user)
            client.pass_(password)
            return client.stat()[0] == 0
        except poplib.error_proto:
            return False
        finally:
            client.close()

    def rcpt(self, source, sender="x@client.example", port=servers.SMTP_PORT):
        """What the Postfix says to a recipient elsewhere."""
        class Client(smtplib.SMTP):
            def _get_socket(_, host, port, timeout):
                return self.reach(self.relay, source, port)
        with Client(self.relay.at[4], port, "client.example", 20) as smtp:
            smtp.ehlo_or_helo_if_needed()
            smtp.mail(sender)
            code, text = smtp.rcpt("someone@foreign.example")
            return "%d %s" % (code, text.decode())

    def messages(self):
        return "\n".join(m.name + ": " + m.daemons[-1].messages()
                         for m in (self.pop1, self.pop2, self.relay))

    def relays(self, source, name):
        said = self.rcpt(source)
        ok(said.startswith("250"), name, said, self.messages())

    def refuses(self, source, name):
        equal(self.rcpt(source), REFUSED, name, self.messages())


class Ending:
    """The end of an authorization, as the relay knows it now."""

    def __init__(self, net, address):
        self.net, self.address = net, address
        self.expires = net.relay.shown(address)["expires"]

    def await_it(self, name):
        self.net.relay.wait_gone(self.address, GRACE + pbs.DEADLINE)
        ok(time.time() >= self.expires, name + ": not before its time")
        self.net.refuses(self.address, name + ": and then 554 again")


def logins(net):
    net.refuses(ANN, "before the login: 554")
    ok(not net.login(net.pop1, BOB, "ann", "wrong"), "a failed login")
    for source in ANN, ANN6:
        ok(net.login(net.pop1, source, "ann"), source + " logs in at pop1")
        net.relay.wait_key(source)
        net.relays(source, "then it may relay at another host: 250")
    equal(net.relay.shown(ANN)["expires"], net.pop1.shown(ANN)["expires"],
          "for as long as pop1 says")
    net.refuses(BOB, "the one that failed to log in may not")
    ending = Ending(net, ANN)
    removals(net)
    ending.await_it("a grace")


def removals(net):
    for source, remover, where in (
            (BOB, net.relay, "at the relay"),
            (DAN, net.pop2, "where it logged in")):
        ok(net.login(net.pop2, source, "bob"), source + " logs in at pop2")
        net.relay.wait_key(source)
        net.relays(source, "and may relay as well: 250")
        remover.ctl("remove", source)
        net.relay.wait_gone(source)
        net.refuses(source, "removed %s: 554" % where)


def senders(net):
    """ann at pop1 is not ann at pop2."""
    for pop, source, own, other in (
            (net.pop1, ANN, "ann@example.org", "ann@example.net"),
            (net.pop2, EVE, "ann@example.net", "ann@example.org")):
        net.login(pop, source, "ann")
        net.relay.wait_key(source)
        equal(net.rcpt(source, own, POLICY_PORT)[:3], "250",
              "policy: ann of %s sends as %s" % (pop.name, own))
        equal(net.rcpt(source, other, POLICY_PORT), REFUSED,
              "policy: and not as " + other)


def partition_of_a_host(net):
    """Follows senders(), where ann has logged in at both."""
    pop1 = net.pop1.daemons[-1]
    ending = Ending(net, ANN)
    net.pop1.cut()
    net.relays(ANN, "pop1 is cut off: whoever logged in before may relay")
    ok(net.login(net.pop2, FAY, "bob"), "somebody logs in at pop2")
    net.relay.wait_key(FAY)
    net.relays(FAY, "and the link of pop2 works: 250")
    pop1.wait_message("own logins go on")
    ending.await_it("pop1 is cut off")
    arrive_late(net, net.pop1, pop1)


def partition_of_the_relay(net):
    relay = net.relay.daemons[-1]
    ok(net.login(net.pop1, ANN, "ann"), "ann logs in")
    net.relay.wait_key(ANN)
    ending = Ending(net, ANN)
    net.relay.cut()
    relay.wait_message("logins of other hosts go on until they expire")
    net.relays(ANN, "the relay is cut off and has noticed: 250 as before")
    ending.await_it("the relay is cut off")
    arrive_late(net, net.relay, net.pop1.daemons[-1])


def arrive_late(net, cut, pop):
    """Logins from while a link was down."""
    granted = pop.messages().count("granted")
    for source in CAT, CAT6:
        ok(net.login(net.pop1, source, "bob"), source + " logs in meanwhile")
    pop.wait_message("granted", count=granted + 2)
    ok(net.pop1.shown(CAT), "pop1 goes on with its own logins")
    net.refuses(CAT, "which have not reached the relay: 554")
    since = cut.mend()
    for source in CAT, CAT6:
        net.relay.wait_key(source)
    took = time.monotonic() - since
    ok(took <= CONVERGED, "the link is up again: within %d s, they arrive"
       % CONVERGED, "%.2f s" % took, net.messages())
    for source in CAT, CAT6:
        net.relays(source, source + " may relay: 250")
        equal(net.relay.shown(source)["expires"],
              net.pop1.shown(source)["expires"], "as long as pop1 says")


def nothing_lost(net):
    for line in net.relay.ctl("peers", "--json").splitlines():
        peer = json.loads(line)
        if "host" in peer:
            equal((peer["missing"], peer["refused"]), (0, {}),
                  "nothing of %s is missing or refused" % peer["host"], line)
    for machine in (net.pop1, net.pop2, net.relay):
        equal(machine.daemons[-1].stop(), 0, machine.name + ": a clean end")


def several_hosts():
    with Internet() as net:
        net.start()
        logins(net)
        senders(net)
        partition_of_a_host(net)
        partition_of_the_relay(net)
        nothing_lost(net)


hosts.need()
for why in servers.missing(), netns.missing():
    if why:
        skip_all(why)
main(several_hosts)
