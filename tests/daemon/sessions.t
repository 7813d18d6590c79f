#!/usr/bin/env python3
# With --sessions an address stays authorized while a session lasts whose
# beginning was seen, and the grace period runs from its end; never beyond
# session_max. An end that belongs to no session does nothing.
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from tap import contains, equal, main, ok

A, B, C = "198.51.100.1", "198.51.100.2", "198.51.100.3"
SHORT = ("--sessions", "--grace=2")


def begin(ip, session, user="ann"):
    return ("dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=%s, "
            "lip=192.0.2.1, mpid=4711, TLS, session=<%s>"
            % (user, ip, session))


def end(session, user="ann"):
    return ("dovecot: imap(%s)<4711><%s>: Disconnected: Logged out in=9 "
            "out=462" % (user, session))


def keys(site):
    return sorted(site.dump())


def sync(site, ip="203.0.113.250"):
    """Until all that was logged so far has been read and published."""
    site.log(begin(ip, ""))
    site.wait_key(ip)


def off():
    with pbs.Site() as site:
        now = time.time()
        site.log(begin(A, "a"), when=now - 60)
        site.log(begin(B, "b"), when=now)
        site.log(end("b"), when=now)
        site.start("--grace=30")
        equal(keys(site), [B], "without --sessions the grace is all there is")


def held():
    with pbs.Site() as site:
        now = time.time()
        site.log(begin(A, "a"), begin(B, "b"), begin(C, ""), when=now - 3600)
        site.start(*SHORT)
        equal(keys(site), [A, B],
              "sessions an hour old hold; one without a name does not")
        site.log(end("b"))
        ended = time.time()
        site.wait_gone(B)
        ok(time.time() - ended >= 1, "the grace runs from the logout",
           time.time() - ended)
        ok(A in site.dump(), "the other one stays")
        site.log(end("a"), when=now - 1800)
        site.wait_gone(A)
        ok(True, "a logout that is older than the grace ends at once")


def several():
    with pbs.Site() as site:
        old = time.time() - 600
        site.log(begin(A, "one"), begin(A, "two"), begin(B, "b"), when=old)
        site.log(end("one"), end("b"), when=old + 1)
        site.start(*SHORT)
        equal(keys(site), [A], "one of two sessions still holds")
        site.log(end("two"), when=old + 2)
        site.wait_gone(A)
        ok(True, "the last one lets go")


def bounded():
    with pbs.Site() as site:
        now = int(time.time())
        site.log(begin(A, "a"), when=now - 70)
        site.log(begin(B, "b"), when=now - 55)
        site.start("--session-max=60", *SHORT)
        equal(keys(site), [B], "none lasts longer than session_max")
        site.wait_gone(B)
        ok(time.time() >= now + 4, "and it ends then without a logout")


def made_up():
    with pbs.Site() as site:
        old = time.time() - 600
        site.log(begin(A, "a"), when=old)
        site.start(*SHORT)
        site.log(end("b"), end("A"), end("x"), end("", "a"),
                 "dovecot: imap(eve)<1><e>: ID sent: name=x)<4711><a>: "
                 "Logged out",
                 "pop3d: LOGOUT, user=ann, ip=[%s], port=[1], top=0" % A,
                 "imapd[7]: Logout user=ann host=[%s]" % B)
        sync(site)
        ok(A in site.dump(), "the end of no session, or of another server's, "
           "ends nothing")
        ok(B not in site.dump(), "and authorizes nobody")


def wrong_order():
    with pbs.Site() as site:
        now = time.time()
        site.log(end("a"), when=now - 61)
        site.log(begin(A, "a"), when=now - 60)
        site.log(end("b"), when=now - 2000)
        site.log(begin(B, "b"), when=now - 60)
        site.start(*SHORT)
        equal(keys(site), [B], "an end may come before its beginning, but "
              "not long before")


def other_servers():
    with pbs.Site() as site:
        old = time.time() - 600
        courier = "pop3d: LOGIN, user=ann, ip=[::ffff:%s], port=[%d]"
        left = ("pop3d: LOGOUT, user=ann, ip=[::ffff:%s], port=[%d], top=0, "
                "retr=0, rcvd=6, sent=30, time=0")
        uw = "imapd[%d]: Login user=ann host=[%s]"
        gone = "imapd[%d]: Logout user=ann host=[%s]"
        site.log(courier % (A, 1001), courier % (B, 1001), uw % (7, C),
                 uw % (8, "198.51.100.4"), when=old)
        site.log(left % (A, 1001), left % (B, 1002), gone % (9, C),
                 gone % (8, "198.51.100.4"), when=old + 1)
        site.start(*SHORT)
        equal(keys(site), [B, C], "Courier by address and port, UW by "
              "address and pid")


def restarted():
    with pbs.Site() as site:
        old = time.time() - 600
        site.log(begin(A, "a"), begin(B, "b"), when=old)
        daemon = site.start(*SHORT)
        daemon.stop()
        site.log(end("a"), when=old + 1)
        daemon = site.start(*SHORT)
        equal(keys(site), [B], "a logout while it was down counts")
        daemon.stop(signal.SIGKILL)
        site.log(end("b"), when=old + 2)
        daemon = site.start(*SHORT)
        equal(keys(site), [], "also after it was killed")
        daemon.stop()
        daemon = site.start("--grace=2")
        equal(keys(site), [], "and nothing comes back")


def lost_checkpoint():
    with pbs.Site() as site:
        old = time.time() - 600
        site.log(begin(A, "a"), begin(B, "b"), when=old)
        site.start(*SHORT).stop(signal.SIGKILL)
        if os.path.exists(site.map + ".state"):
            os.unlink(site.map + ".state")
        site.log(end("a"))
        site.start("--grace=30", "--sessions")
        equal(keys(site), [A, B], "the log tells as far back as session_max")


def reloaded():
    with pbs.Site() as site:
        old = time.time() - 600
        site.write("pbs.yaml", "sessions: yes\ngrace: 2\n")
        site.log(begin(A, "a"), begin(B, "b"), when=old)
        daemon = site.start()
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        site.log(end("a"), when=old + 1)
        site.wait_gone(A)
        ok(B in site.dump(), "sessions live through a reload")
        site.write("pbs.yaml", "sessions: no\ngrace: 2\n")
        daemon.kill(signal.SIGHUP)
        site.wait_gone(B)
        ok(True, "switched off, nothing is held")
        site.write("pbs.yaml", "sessions: yes\ngrace: 2\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded", count=3)
        site.log(begin(C, "c"), when=old)
        site.wait_key(C)
        ok(True, "switched on, what begins is")


def replayed():
    with pbs.Site() as site:
        old = time.time() - 600
        site.log(begin(A, "a"), begin(B, "b"), when=old)
        site.log(end("a"), when=old + 100)
        site.log(begin(C, ""), when=old + 200)
        done = site.run("--reprocess", "--once", "--sessions", "--grace=50")
        equal(done.returncode, 0, "--reprocess, the log's own time")
        equal(keys(site), [B, C], "knows sessions, too")


def refused():
    with pbs.Site(mynetworks="198.51.100.1/32") as site:
        site.log(begin(A, "a"), when=time.time() - 60)
        daemon = site.start("--debug", *SHORT)
        equal(keys(site), [], "networks that are never written are not held")
        contains(daemon.messages(), "refused " + A, "that is said")


main(off, held, several, bounded, made_up, wrong_order, other_servers,
     restarted, lost_checkpoint, reloaded, replayed, refused)
