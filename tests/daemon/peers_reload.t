#!/usr/bin/env python3
# SIGHUP with peers: each setting that takes a restart is named; the last host can
# be removed; a password that was corrected is used; a file with a secret that is
# wrong now is reported, and the daemon goes on with what it has read before.
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hosts
from hosts import Place
from pbs import login
from tap import contains, equal, main, ok

hosts.need()
ANN = "192.0.2.7"
BOB = "192.0.2.8"


def password(host, text="secret\n", mode=0o400):
    """Writes it, as an editor would, into a new file; the lines for peers:."""
    path = host.write("new", text)
    os.chmod(path, mode)
    os.rename(path, host.path("password"))
    return "  user: pop1\n  password_file: %s\n" % host.path("password")


def allow(engine, text):
    """One password and no other, for connections that come."""
    engine("ACL", "SETUSER", "pop1", "on", "resetpass", ">" + text, "allkeys",
           "+@all")


def reload(daemon):
    """What it logs."""
    before = len(daemon.messages())
    count = daemon.messages().count("reloaded:") + 1
    daemon.kill(signal.SIGHUP)
    daemon.wait_message("reloaded:", count=count)
    return daemon.messages()[before:]


def published(engine, host, relay):
    """The daemon of the host, whose logins the relay hears."""
    allow(engine, "secret")
    daemon = host.pop(more=password(host))
    daemon.wait_message("connected to")
    relay.relay(host).wait_message("connected to")
    return daemon


def settings():
    with Place("pop1") as (engine, host):
        allow(engine, "secret")
        daemon = host.pop(more=password(host))
        daemon.wait_message("connected to")
        host.write("pbs.yaml", "peers:\n  engine: unix:/other\n  prefix: other\n"
                   "  publish: { name: other, key: %s }\n" % host.path("key"))
        said = reload(daemon)
        for key in "engine", "user", "password_file", "prefix", "publish: name":
            equal(said.count("peers: %s has changed; that needs a restart"
                             % key), 1, key + " takes a restart")
        ok("publish: key" not in said and "peers: tls" not in said,
           "what has not changed is not named", said)


def password_changed():
    with Place("pop1", "relay") as (engine, host, relay):
        daemon = published(engine, host, relay)
        allow(engine, "other")
        password(host, "other\n")
        said = reload(daemon)
        contains(said, "peers: the files with the password or certificates "
                 "have changed; connecting again", "a new password")
        daemon.wait_message("connected to", count=2)
        host.log(login(ANN))
        ok(relay.wait_key(ANN), "is used")
        ok("pbs-link died" not in daemon.messages(), "and nothing has died",
           daemon.messages())
        said = reload(daemon)
        ok("connecting again" not in said, "one that is the same is not read",
           said)


def password_wrong_first():
    with Place("pop1") as (engine, host):
        allow(engine, "secret")
        daemon = host.pop(more=password(host, "mistaken\n"))
        daemon.wait_message("WRONGPASS")
        password(host)
        reload(daemon)
        daemon.wait_message("connected to")
        ok(True, "a corrected password is tried at once")


def wrong_now():
    with Place("pop1", "relay") as (engine, host, relay):
        daemon = published(engine, host, relay)
        for path in "password", "key":
            os.chmod(host.path(path), 0o644)
        reload(daemon)
        for what in "password_file", "publish: key":
            daemon.wait_message("warning: peers: %s: %s: others may read it "
                                "(mode 644" % (what, host.path(
                                    what.replace("_file", "").split()[-1])))
            ok(True, what + ": a warning")
        host.log(login(ANN))
        ok(relay.wait_key(ANN), "it goes on with both")
        for path in "password", "key":
            os.chmod(host.path(path), 0o600)
        host.write("key", "s1:none\n")
        password(host, "two\nlines\n")
        said = reload(daemon)
        contains(said, "password_file: %s: not one line" % host.path("password"),
                 "a password of two lines: a warning")
        daemon.wait_message("publish: key: %s: " % host.path("key"), count=2)
        ok(True, "a key that does not parse: a warning")
        host.log(login(BOB))
        ok(relay.wait_key(BOB), "it goes on again")


def last_host():
    """There may be a reason in a hurry not to believe the only host."""
    with Place("pop1", "relay") as (_, host, relay):
        host.pop()
        daemon = relay.relay(host)
        for what, text in (("hosts: []", None), ("no peers:", "")):
            host.log(login(ANN))
            relay.wait_key(ANN)
            relay.configure(publish=False, more="  hosts: []\n")
            if text is not None:
                relay.write("pbs.yaml", text)
            reload(daemon)
            host.log(login(BOB))
            ok(relay.wait_gone(ANN), what + ": the last host is not believed "
               "any more", daemon.messages())
            relay.configure(publish=False, hosts=[host])
            reload(daemon)
            ok(relay.wait_key(BOB), "until it is back", daemon.messages())
        equal(daemon.messages().count("peers has changed; that needs a "
                                      "restart"), 1,
              "only what else peers: had needs a restart")
        contains(daemon.messages(), "warning: peers: has no effect: nothing is "
                 "published, and hosts: is empty", "and the log says so")
        relay.write("pbs.yaml", "peers:\n  engine: unix:/e\n  hosts:\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("peers: hosts: takes a list of { name: ..., "
                            "key: ... }, or [] for no host")
        ok(True, "an empty value shows how it is written")


def another_key():
    with Place("pop1", "pop2") as (_, host, other):
        daemon = host.pop()
        daemon.wait_message("connected to")
        os.rename(other.path("key"), host.path("key"))
        reload(daemon)
        daemon.wait_message("peers: publish: key: %s holds another key, or "
                            "was written again; that needs a restart" % host.path("key"))
        ok(True, "another key: takes a restart")


main(settings, password_changed, password_wrong_first, wrong_now, last_host,
     another_key, jobs=2)
