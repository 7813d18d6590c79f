#!/usr/bin/env python3
# A stranger may not relay; after a POP3 login they may, and when the grace
# period is over they may not. With a real Dovecot, a real Postfix and a real
# client at another address, over IPv4 and IPv6, by Dovecot's own log and by
# syslog.
# tests/run: root
import os
import poplib
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from servers import Network, POP3_PORT, SMTP_PORT
from tap import equal, join, main, ok

GRACE = 6


# --- the client: run in its own network namespace ---------------------------

def client_relay(server, source):
    with smtplib.SMTP(source_address=(source, 0), timeout=20) as smtp:
        smtp.connect(server, SMTP_PORT)
        smtp.ehlo("client.example.com")
        smtp.mail("ann@example.org")
        code, text = smtp.rcpt("someone@foreign.example")
        print(code, text.decode())


def client_login(server, source, password):
    # poplib has no source address; its socket is made here.
    class Client(poplib.POP3):
        def _create_socket(self, timeout):
            import socket
            return socket.create_connection(
                (self.host, self.port), timeout, (source, 0))
    pop = Client(server, POP3_PORT, timeout=20)
    try:
        pop.user("ann")
        pop.pass_(password)
        print("in", len(pop.list()[1]))
    except poplib.error_proto as e:
        print("refused", e)
    finally:
        pop.close()


# --- the scenario -----------------------------------------------------------

class Scene:
    def __init__(self, site, network):
        self.site, self.network = site, network

    def client(self, *words):
        done = subprocess.run(
            self.network.enter(self.network.client_ns)
            + [sys.executable, os.path.abspath(__file__), *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return done.stdout.strip() or done.stderr

    def play(self, family, name):
        server = self.network.SERVER[family]
        stranger, guest = self.network.CLIENTS[family]
        refused = "554 5.7.1 <someone@foreign.example>: Relay access denied"

        equal(self.client("relay", server, guest), refused,
              name + ": before the login the client may not relay")
        ok(self.client("login", server, stranger, "wrong")
           .startswith("refused"), name + ": a wrong password is refused")
        ok(self.client("login", server, guest, "secret").startswith("in"),
           name + ": the client reads its mail",
           self.site.daemons[-1].messages())
        ok(self.site.wait_key(guest).isdigit(),
           name + ": the map has it, with the time of the login")
        equal(self.client("relay", server, guest)[:3], "250",
              name + ": after the login it may relay")
        equal(self.client("relay", server, stranger), refused,
              name + ": the one that failed to log in may not")
        self.site.wait_gone(guest, GRACE + pbs.DEADLINE)
        equal(self.client("relay", server, guest), refused,
              name + ": when the grace is over it may not")


def serve(name, syslog):
    with pbs.Site() as site:
        network = Network()
        if syslog:
            servers.Syslog(site.logfile)
        dovecot = servers.Dovecot(
            site.dir, None if syslog else site.logfile)
        postfix = servers.Postfix(site.dir, "hash:" + site.map)
        try:
            dovecot.start()
            site.start("--grace=%d" % GRACE, "--debug",
                       wrap=network.daemon_wrap)
            postfix.start()
            scene = Scene(site, network)
            name = "Dovecot %s, %s" % (dovecot.version, name)
            scene.play(4, name + ", IPv4")
            scene.play(6, name + ", IPv6")
            equal(site.daemons[-1].stop(), 0, name + ": a clean end")
        finally:
            postfix.stop()
            dovecot.stop()
            network.close()


def own_log():
    serve("its own log", False)


def by_syslog():
    serve("syslog", True)


# --- each scenario in namespaces of its own ---------------------------------

def inside(word):
    main({"own": own_log, "syslog": by_syslog}[word])


if len(sys.argv) == 1:
    namespaces = servers.namespaces()
    join({word: namespaces + [sys.executable, os.path.abspath(__file__),
                              "inside", word] for word in ("own", "syslog")})
elif sys.argv[1] == "inside":
    inside(sys.argv[2])
elif sys.argv[1] == "relay":
    client_relay(*sys.argv[2:])
else:
    client_login(*sys.argv[2:])
