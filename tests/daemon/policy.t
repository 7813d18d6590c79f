#!/usr/bin/env python3
# The policy service: the answer in each state, over both kinds of socket; its
# settings and the messages for wrong ones; and a thousand hostile clients cost
# only bounded memory while the log is still followed.
# tests/run: timeout=600
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from policy import Client, Crowd, request
from tap import contains, equal, main, ok

HOSTILE, LOGINS = 1000, 40
CLIENT = "198.51.100.7"


def socket_of(site):
    return site.path("map/socket")


def flags(site, *more):
    return ("--dbfile=policy:unix:" + socket_of(site),
            "--checkpoint=" + site.path("map/state"), *more)


def settings(site, **policy):
    site.write("pbs.yaml", "policy:\n" + "".join(
        "  %s: %s\n" % item for item in policy.items()) if policy else "")


def wait_action(asker, want, seconds=pbs.DEADLINE, **attributes):
    """Asks again and again; how long it took, in seconds."""
    began = time.monotonic()
    while asker.ask(**attributes) != want:
        if time.monotonic() - began > seconds:
            raise TimeoutError("no %s: %r" % (want, attributes))
        time.sleep(0.0005)
    return time.monotonic() - began


def answers():
    with pbs.Site() as site:
        settings(site, sender_binding="always", sender_domains="example.org")
        daemon = site.start(*flags(site, "--debug"))
        client = Client(socket_of(site))
        equal(client.ask(), "DUNNO", "a stranger")
        site.log(login(CLIENT))
        wait_action(client, "OK")
        for want, name, attributes in (
                ("OK", "once more", {}),
                ("OK", "at DATA", {"state": "DATA", "recipient_count": "3"}),
                ("OK", "an unknown state", {"state": "NEW"}),
                ("DUNNO", "another's sender", {"sender": "bob@example.org"}),
                ("DUNNO", "no sender yet", {"sender": "", "state": "EHLO"}),
                ("DUNNO", "another client", {"client": "198.51.100.8"}),
                ("DUNNO", "no client", {"client": "unknown"}),
                ("DUNNO", "a network", {"client": "198.51.100"}),
                ("OK", "IPv4 written as IPv6",
                 {"client": "::ffff:" + CLIENT}),
                ("OK", "what SMTP AUTH says is the same user",
                 {"sasl_username": "ann"}),
                ("DUNNO", "what SMTP AUTH says is another user",
                 {"sasl_username": "bob"}),
                ("OK", "... with a sender of its own",
                 {"sasl_username": "bob", "sender": "bob@example.org"}),
                ("DUNNO", "... from elsewhere",
                 {"sasl_username": "ann", "client": "198.51.100.8"})):
            equal(client.ask(**attributes), want, name)
        client.send(request() * 3)
        equal([client.receive() for _ in range(3)], ["OK"] * 3,
              "three at once")
        client.send(request(sender="ann@example.org\0"))
        equal(client.receive(), None, "a NUL closes the connection")
        contains(daemon.messages(), "policy: a NUL byte; connection closed",
                 "... and debug says why")
        contains(daemon.messages(), "policy DUNNO client=%s user=- "
                 "recipients=0 sender=<bob@example.org>: its users may not "
                 "use this sender" % CLIENT, "debug says of each answer why")
        equal(daemon.stop(), 0, "a clean end")
        ok(not os.path.exists(socket_of(site)), "the socket is gone")


def over_a_port():
    with pbs.Site() as site:
        probe = socket.socket()
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        settings(site, action="permit_auth_destination")
        site.start("--dbfile=policy:inet:127.0.0.1:%d" % port,
                   "--checkpoint=" + site.path("map/state"))
        client = Client(("127.0.0.1", port))
        site.log(login(CLIENT))
        wait_action(client, "permit_auth_destination")
        ok(True, "an action of one's own, over a port")


def grace_ends():
    with pbs.Site() as site:
        settings(site)
        site.start(*flags(site, "--grace=3"))
        client = Client(socket_of(site))
        when = time.time()
        site.log(login(CLIENT), when=when)
        wait_action(client, "OK")
        wait_action(client, "DUNNO")
        took = time.time() - int(when)
        ok(2.9 < took < 5, "gone when the grace is over", "%.3f s" % took)


def own_grace_ends():
    """Ann logged in long ago, Bob just now, from one address."""
    with pbs.Site() as site:
        settings(site, sender_binding="always", sender_domains="example.org")
        now = int(time.time())
        site.log(login(CLIENT, "ann"), when=now - 1792)
        site.log(login(CLIENT, "bob"), when=now)
        site.start(*flags(site, "--grace=1800")).stop()
        os.unlink(site.logfile)
        daemon = site.start(*flags(site, "--grace=1800"))
        client = Client(socket_of(site))
        equal(client.ask(sender="ann@example.org"), "OK",
              "a user within his grace, after a restart")
        wait_action(client, "DUNNO", sender="ann@example.org")
        ok(now + 7.9 < time.time() < now + 10, "gone when his own is over")
        equal(client.ask(sender="bob@example.org"), "OK", "the other is not")
        done = subprocess.run(
            [os.path.join(pbs.BUILD, "pbsctl"), "show", CLIENT, "--json",
             "--socket=" + site.path("map/state.ctl")], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
        contains(done.stdout, '"users": ["bob"]', "pbsctl shows him no more")
        equal(daemon.stop(), 0, "a clean end")


def reloaded():
    """One connection through all of it; the login came before."""
    with pbs.Site() as site:
        settings(site, user_recipients=3)
        daemon = site.start(*flags(site))
        client = Client(socket_of(site))
        site.log(login(CLIENT))
        wait_action(client, "OK", state="DATA")
        reloads = 0

        def reload(message="reloaded: ", **policy):
            nonlocal reloads
            settings(site, **policy)
            daemon.kill(signal.SIGHUP)
            if message == "reloaded: ":
                reloads += 1
                daemon.wait_message(message, count=reloads)
            else:
                daemon.wait_message(message)

        equal([client.ask(instance=str(n)) for n in range(2)], ["OK"] * 2,
              "two recipients of three")
        reload(user_recipients=3, action="PERMIT", limit_action="450 wait")
        equal([client.ask(instance=str(n)) for n in range(2, 4)],
              ["PERMIT", "450 wait"], "other actions; what came still counts")
        reload(user_recipients=4, action="OK")
        equal(client.ask(instance="4"), "OK", "another limit")
        reload(sender_binding="always", sender_domains="example.org")
        equal([client.ask(sender=sender) for sender in (
            "ann@example.org", "bob@example.org")], ["OK", "DUNNO"],
            "a binding")
        reload(sender_binding="always", sender_domains="example.net")
        equal([client.ask(sender=sender) for sender in (
            "ann@example.org", "ann@example.net")], ["DUNNO", "OK"],
            "another domain")
        site.write("senders", "office@example.com ann\n")
        reload(sender_binding="always", sender_logins=site.path("senders"))
        equal(client.ask(sender="office@example.com"), "OK",
              "a file of senders")
        site.write("other", "broken@example.com\n")
        reload("not reloaded, going on as before: policy:unix:%s: %s:1: "
               "expected" % (socket_of(site), site.path("other")),
               sender_logins=site.path("other"), action="REJECT")
        equal([client.ask(sender=sender) for sender in (
            "office@example.com", "bob@example.com")], ["OK", "DUNNO"],
            "a wrong one leaves all as it was")
        reload()
        equal(client.ask(sender="bob@example.com"), "OK", "no binding again")
        ok("needs a restart" not in daemon.messages(), "no restart is due")
        equal(daemon.stop(), 0, "a clean end")


def wrong_settings():
    with pbs.Site() as site:
        for key, value, why in (
                ("sender_bindng", "always", "did you mean 'sender_binding'?"),
                ("sender_binding", "yes", "'yes' is not one of off, always"),
                ("action", "REJEKT", "did you mean 'REJECT'?"),
                ("shared_users", "99", "not a number from 0 to 31"),
                ("window", "1", "less than 60 seconds"),
                ("count_at", "MAIL", "not one of RCPT, DATA, END-OF-MESSAGE"),
                ("sender_domains", "ann@example.org", "is not a domain"),
                ("sender_logins", "hash:/etc/x", "has a type")):
            settings(site, **{key: value})
            done = site.run("--check", *flags(site))
            contains(done.stderr, why, "%s: %s" % (key, value))
            contains(done.stderr, "pbs.yaml:2: ", "... with its line")
            equal(done.returncode, 78, "... is a wrong configuration")


def senders_file_and_dump():
    with pbs.Site() as site:
        settings(site, sender_logins=site.path("senders"))
        site.write("senders", "ann@example.org ann\n\nbob@example.org\n")
        done = site.run("--check", *flags(site))
        contains(done.stdout, "senders:3: expected `sender users', found "
                 "'bob@example.org'", "--check reads the file of senders")
        done = site.run(*flags(site))
        contains(done.stderr, "senders:3: ", "and with it nothing starts")
        site.write("senders", "ann@example.org ann\n")
        done = site.run("--check", *flags(site))
        contains(done.stdout, "ok policy:unix:", "what is right passes")
        done = site.run("--dumpconfig", *flags(site))
        contains(done.stdout, "\npolicy:\n  action: 'OK'\n",
                 "--dumpconfig shows the section")
        site.write("pbs.yaml", done.stdout)
        again = site.run("--dumpconfig", *flags(site))
        equal(again.stdout, done.stdout, "... so that it can be read again")


def memory(daemon, key):
    with open("/proc/%d/status" % daemon.worker()) as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith(key + ":"))


def log_in_among(site):
    """Milliseconds: from each login until it is told, and of one answer."""
    told, answered = [], []
    for n in range(LOGINS):
        key = "198.51.100.%d" % (n + 1)
        began = time.monotonic()
        site.log(login(key))
        client = Client(socket_of(site))
        wait_action(client, "OK", client=key)
        told.append((time.monotonic() - began) * 1e3)
        began = time.monotonic()
        client.ask(client="192.0.2.1")
        answered.append((time.monotonic() - began) * 1e3)
        client.close()
        time.sleep(0.05)  # the crowd is to have its turn
    return told, answered


def hostile():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with pbs.Site() as site:
        settings(site, sender_binding="always", sender_domains="example.org",
                 user_recipients=1000000, address_recipients=1000000)
        daemon = site.start(*flags(site))
        before = memory(daemon, "VmRSS")
        crowd = Crowd(socket_of(site), HOSTILE).start()
        try:
            told, answered = log_in_among(site)
        finally:
            crowd.stop()
        grown = memory(daemon, "VmHWM") - before
        print("# %d logins among %d hostile clients (%d times thrown out): "
              "told after %.1f ms (most %.1f), an answer %.1f ms (most %.1f); "
              "memory grew by %d KiB" % (
                  LOGINS, HOSTILE, crowd.reconnects, statistics.median(told),
                  max(told), statistics.median(answered), max(answered),
                  grown))
        equal(len(told), LOGINS, "the log is followed on, and told")
        ok(max(told) < 5000, "... each login in time", told)
        ok(crowd.reconnects > 0, "who asks for nothing is thrown out")
        ok(pbs.WRAP or pbs.SANITIZED or grown < 32 * 1024, "the memory is bounded",
           "%d KiB more" % grown)
        fds = "/proc/%d/fd" % daemon.worker()
        pbs.until("their descriptors are closed", pbs.DEADLINE,
                  lambda: len(os.listdir(fds)) < 50,
                  lambda left: time.sleep(0.05))
        equal(daemon.stop(), 0, "a clean end")


main(answers, over_a_port, grace_ends, own_grace_ends, reloaded, wrong_settings,
     senders_file_and_dump, hostile)
