#!/usr/bin/env python3
# With check_policy_service, a client that logged in may relay with its own
# sender and no other; a shared address, a limit and a changed file of senders
# are handled as configured; while the daemon is down, incoming mail is accepted
# and strangers are refused. With a real Postfix over IPv4 and IPv6.
# tests/run: root
import os
import re
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from servers import Network, SMTP_PORT
from tap import equal, main, ok

FOREIGN, OWN = "someone@foreign.example", "info@mail.example.org"
DENIED = "554 5.7.1 <%s>: Relay access denied" % FOREIGN
# The path is relative to Postfix's queue directory: the same in its chroot.
ASK = "check_policy_service { unix:pbs/policy, default_action=DUNNO," \
    " timeout=5s }"


def client_relay(server, source, sender, *recipients):
    """The reply to each RCPT of one message, in the client's namespace."""
    with smtplib.SMTP(source_address=(source, 0), timeout=20) as smtp:
        smtp.connect(server, SMTP_PORT)
        smtp.ehlo("client.example.com")
        smtp.mail(sender)
        for recipient in recipients:
            code, text = smtp.rcpt(recipient)
            print(code, text.decode())


class Scene:
    def __init__(self, site, network, postfix):
        self.site, self.network = site, network
        self.socket = os.path.join(postfix.dir, "spool", "pbs", "policy")
        os.mkdir(os.path.dirname(self.socket), 0o755)
        self.daemon, self.logins = None, 0

    def start(self, policy):
        self.site.write("pbs.yaml", "policy:\n" + "".join(
            "  %s: %s\n" % item for item in policy.items()))
        self.daemon = self.site.start(
            "--dbfile=policy:unix:" + self.socket, "--debug",
            "--checkpoint=" + self.site.path("state"),
            wrap=self.network.daemon_wrap)
        self.logins = 0

    def login(self, address, user):
        self.site.log(pbs.login(address, user))
        self.logins += 1
        self.daemon.wait_message(" rule=dovecot-login user=",
                                 count=self.logins)

    def relay(self, address, sender, *recipients):
        family = 6 if ":" in address else 4
        done = subprocess.run(
            self.network.enter(self.network.client_ns)
            + [sys.executable, os.path.abspath(__file__), "relay",
               self.network.SERVER[family], address, sender,
               *(recipients or (FOREIGN,))], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return done.stdout.strip() or done.stderr

    def accepted(self, address, sender, name):
        answer = self.relay(address, sender)
        equal(answer[:3], "250", name, answer, self.daemon.messages())

    def refused(self, address, sender, name):
        equal(self.relay(address, sender), DENIED, name,
              self.daemon.messages())


def binding(scene, address, name):
    scene.refused(address, "ann@example.org", name + ": before the login")
    scene.login(address, "ann")
    scene.accepted(address, "ann@example.org", name + ": the own sender")
    scene.accepted(address, "Ann@Example.Org", name + ": in any case")
    scene.refused(address, "bob@example.org", name + ": another's sender")
    scene.refused(address, "ann@example.com", name + ": a foreign domain")
    scene.refused(address, "", name + ": the null sender is nobody's")


def senders_file(scene, address):
    """Changed while all is running, well and badly."""
    scene.accepted(address, "office@example.org", "a sender of the file")
    scene.refused(address, "sales@example.org", "one that is another's")
    scene.site.write("senders", "sales@example.org ann\n")
    scene.accepted(address, "sales@example.org", "after a change of the file")
    scene.refused(address, "office@example.org", "what went does not count")
    scene.site.write("senders", "office@example.org ann\nsales@ ann\n")
    scene.accepted(address, "sales@example.org",
                   "a broken file changes nothing")
    ok("senders:2: 'sales@' has no domain" in scene.daemon.messages(),
       "and is said, with its line", scene.daemon.messages())


def own_senders(scene):
    first, second = Network.CLIENTS[4]
    scene.site.write("senders", "office@example.org ann, bob\n"
                     "sales@example.org bob\n")
    scene.start({"sender_binding": "always",
                 "sender_domains": "[example.org]",
                 "sender_logins": scene.site.path("senders")})
    binding(scene, first, "IPv4")
    binding(scene, Network.CLIENTS[6][0], "IPv6")
    scene.refused(second, "ann@example.org", "her sender from elsewhere")
    senders_file(scene, first)
    answers = scene.relay(first, "ann@example.org", FOREIGN, OWN).split("\n")
    equal([a[:3] for a in answers], ["250", "250"],
          "two recipients of one message")
    equal(scene.daemon.stop(), 0, "a clean end")


def shared(scene, how, accepts):
    address = Network.CLIENTS[4][1]
    scene.site.write("mail.log", "")
    os.unlink(scene.site.path("state"))
    scene.start({"shared_users": 2, "shared": how,
                 "sender_domains": "example.org"})
    for user in "ann", "bob":
        scene.login(address, user)
    scene.accepted(address, "any@where.example", how + ": two users share")
    scene.login(address, "carol")
    scene.refused(address, "any@where.example", how + ": three are too many")
    (scene.accepted if accepts else scene.refused)(
        address, "bob@example.org", how + ": for their own senders")
    scene.daemon.stop()


def limit(scene):
    address = Network.CLIENTS[4][0]
    scene.start({"user_recipients": 3, "window": "1h"})
    scene.login(address, "dora")
    recipients = ["r%d@foreign.example" % i for i in range(5)]
    answers = scene.relay(address, "x@y.example", *recipients).split("\n")
    equal([a[:3] for a in answers], ["250"] * 3 + ["450"] * 2,
          "three recipients, then a temporary no", "\n".join(answers))
    equal(answers[-1], "450 4.7.1 <r4@foreign.example>: Recipient address "
          "rejected: Too many recipients, try again later",
          "which says why")
    equal(scene.relay(address, "x@y.example", OWN)[:3], "450",
          "the limit is for all that it sends")
    equal(scene.relay(Network.CLIENTS[4][1], "x@y.example", OWN)[:3], "250",
          "a stranger's mail for us is not touched")
    scene.daemon.stop()


def of_recipients():
    """smtpd_recipient_restrictions as INSTALL has them for a policy: map."""
    with open(os.path.join(pbs.ROOT, "INSTALL")) as f:
        found = re.findall(r"^    (smtpd_recipient_restrictions =\n"
                           r"(?:        .*\n)*?.*check_policy_service"
                           r"(?:.*\n)(?:        .*\n)*)", f.read(), re.M)
    if len(found) != 1:
        raise RuntimeError("INSTALL has %d such settings" % len(found))
    return found[0].replace("pop-before-smtp/", "pbs/")


def both_lists(network):
    """Both lists refuse strangers, so both must ask; a recipient counts once."""
    with pbs.Site() as site:
        postfix = servers.Postfix(site.dir, None, permit=ASK,
                                  extra=of_recipients())
        scene, address = Scene(site, network, postfix), Network.CLIENTS[4][0]
        try:
            postfix.start()
            scene.start({"sender_binding": "always", "user_recipients": 3,
                         "sender_domains": "[example.org]"})
            scene.refused(address, "ann@example.org", "both lists: a stranger")
            scene.login(address, "ann")
            answers = scene.relay(address, "ann@example.org", *[
                "r%d@foreign.example" % i for i in range(4)]).split("\n")
            equal([a[:3] for a in answers], ["250"] * 3 + ["450"],
                  "both lists: the own sender, three recipients",
                  "\n".join(answers))
            scene.refused(address, "bob@example.org",
                          "both lists: another's sender")
            scene.daemon.stop()
        finally:
            postfix.stop()


def down(scene):
    ok(not os.path.exists(scene.socket), "no socket is left")
    for address in Network.CLIENTS[4]:
        equal(scene.relay(address, "ann@example.org", OWN)[:3], "250",
              "the daemon is down: incoming mail flows")
        equal(scene.relay(address, "ann@example.org"), DENIED,
              "and nobody relays")


def inside():
    with pbs.Site() as site:
        network = Network()
        postfix = servers.Postfix(site.dir, None, permit=ASK)
        scene = Scene(site, network, postfix)
        try:
            postfix.start()
            own_senders(scene)
            shared(scene, "bind", True)
            shared(scene, "refuse", False)
            limit(scene)
            down(scene)
            with open(postfix.log) as f:
                said = f.read()
            ok(said.count("NOQUEUE: reject"), "Postfix tells what it refused",
               said)
            equal(said.count("has changed -- restarting"), 0,
                  "no smtpd has restarted")
        finally:
            postfix.stop()
        try:
            both_lists(network)
        finally:
            network.close()


if len(sys.argv) == 1:
    namespaces = servers.namespaces()
    sys.exit(subprocess.run(namespaces + [
        sys.executable, os.path.abspath(__file__), "inside"]).returncode)
elif sys.argv[1] == "inside":
    main(inside)
else:
    client_relay(*sys.argv[2:])
