#!/usr/bin/env python3
# A message with a stranger's newlines in it, as a syslogd that does not escape
# them writes it: three lines, of which the middle one is a whole login line. It
# grants nothing; logins 64 KiB later, and in another log, do.
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok

FORGED, GUEST, LATER = "198.51.100.66", "198.51.100.1", "198.51.100.2"
SID = "sessionid=<cyrus-1795232308-257-1-13857961300099662381>"
NGINX = ('nginx: 2026/11/21 03:32:47 [info] 255#255: *52 client login failed: '
         '"Invalid login or password" while in http auth state, '
         'client: 127.0.0.144, server: 0.0.0.0:8143, login: "x')
# The first line and the last, of the message.
MESSAGES = {
    "Cyrus": ('cyrus/imap[257]: client id %s userid=<>: "name" "x' % SID,
              'x" "version" "1"'),
    "Cyrus 3.6": ('cyrus/imap[257]: client id %s: "name" "x" "os" "' % SID,
                  '"'),
    "Cyrus, at the end": ('cyrus/imap[257]: session ended: %s userid=<> '
                          'id.name=<x' % SID, 'x> '),
    "a carriage return, too": ('cyrus/imap[257]: client id %s: "name" "\r'
                               % SID, 'x" "version" "1"'),
    "nginx": (NGINX, '"'),
    "UW": ("imapd[4242]: Login failed user=x", " auth=x host=[127.0.0.210]"),
    "Gromox": ("gromox-imap[4242]: rhost=[198.51.100.9]:40022 user=x",
               " LOGIN phase2 rejected: denied by user filter"),
    "Gromox, in quotes": ("gromox-imap[4242]: rhost=[198.51.100.9]:40022 user= "
                          'LOGIN phase1 rejecting "x', '": no such user'),
    "Kopano": ("kopano-gateway[4242]: Failed to login from "
               '[198.51.100.9:40022] with invalid username "x',
               '" or wrong password: logon failed (80040111)'),
    "Perdition": ("perdition.imap4[78]: Auth: 198.51.100.9:56685->192.0.2.1:143"
                  " client-secure=plaintext authorisation_id=NONE "
                  'authentication_id="x', '" server="192.0.2.1:2143" '
                  "protocol=IMAP4 server-secure=plaintext "
                  'status="failed: Re-Authentication Failure"'),
    "imapproxy": ("in.imapproxyd[275]: LOGIN: 'x", "' (127.0.0.140:44213) "
                  "failed: non-OK server response to LOGIN command: BAD"),
}
# What a stranger writes into it; each would be a login.
LINES = [
    "cyrus/imap[258]: login: evil [%s] root plaintext User logged in "
    "SESSIONID=<x>" % FORGED,
    "imapd[4243]: Login user=root host=trusted [%s]" % FORGED,
    login(FORGED),
]


def message(first, last, lines=LINES):
    """The bytes of the file."""
    return "".join(pbs.stamped(x) + "\n" for x in [first, *lines]) + last + "\n"


def filler(size):
    """Lines of another program."""
    line = pbs.stamped("postfix/smtpd[1]: connect from unknown[192.0.2.1]")
    return (line + "\n") * (size // (len(line) + 1) + 1)


def too_long():
    """A line that is dropped is as long as it is."""
    first, last = MESSAGES["nginx"]
    with pbs.Site() as site:
        daemon = site.start()
        site.raw(message(first, last) + 70000 * "x" + "\n")
        site.log(login(LATER))
        ok(site.wait_key(LATER), "64 KiB later, most of them in one line",
           daemon.messages())
        ok(FORGED not in site.dump(), "but not before")


def followed():
    for name, (first, last) in MESSAGES.items():
        with pbs.Site() as site:
            other = site.write("other.log", "")
            daemon = site.start("--logfile=" + site.logfile,
                                "--logfile=" + other)
            site.raw(message(first, last))
            site.log(login(GUEST), name="other.log")
            site.wait_key(GUEST)
            site.raw(filler(64 * 1024))
            site.log(login(LATER))
            site.wait_key(LATER)
            equal(sorted(site.dump()), [GUEST, LATER],
                  name + ": nothing in the message counts, what is in another "
                  "log or 64 KiB later does", daemon.messages())
            said = daemon.messages()
            contains(said, "multiline: this message may have a newline in it",
                     name + ": the message is logged")
            contains(said, "granted nothing: it may be part of a message "
                     "before it", name + ": and so is what it holds")
            daemon.kill(signal.SIGUSR1)
            daemon.wait_message(" doubtful=4 ")


def backlog():
    """The same, read at the start, line by line or by several threads."""
    for size in 0, 300 * 1024:
        for flags in ([], ["--reprocess"]):
            with pbs.Site() as site:
                first, last = MESSAGES["Cyrus"]
                site.raw(filler(size) + message(first, last) + filler(60000))
                site.log(login(FORGED))
                site.raw(filler(64 * 1024))
                site.log(login(LATER))
                daemon = site.start(*flags)
                site.wait_key(LATER)
                equal(list(site.dump()), [LATER],
                      "in a backlog of %d bytes, %s" % (size, flags),
                      daemon.messages())


def reloaded():
    """A reload forgets neither."""
    with pbs.Site() as site:
        daemon = site.start()
        site.raw(message(*MESSAGES["Cyrus"], lines=[]))
        daemon.wait_message("may have a newline in it")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded: ")
        site.log(login(FORGED))
        site.raw(filler(64 * 1024))
        site.log(login(LATER))
        site.wait_key(LATER)
        equal(list(site.dump()), [LATER], "a reload in the middle")


def two_lines():
    """Half a login in such a message is not joined with the other half."""
    with pbs.Site() as site:
        site.start()
        site.raw(message(*MESSAGES["UW"], lines=[
            "popa3d[77]: Session from " + FORGED]))
        site.raw(filler(64 * 1024))
        site.log("popa3d[77]: Authentication passed for ann", login(LATER))
        site.wait_key(LATER)
        equal(list(site.dump()), [LATER], "half a login of two lines")


def whole():
    """A message with its end changes nothing."""
    with pbs.Site() as site:
        daemon = site.start()
        site.log('cyrus/imap[257]: client id %s userid=<>: "name" "Mail" '
                 '"version" "1"' % SID,
                 "cyrus/imap[257]: session ended: %s userid=<ann> "
                 "id.name=<(null)> " % SID,
                 NGINX + '"', "imapd[1]: Login failed user=x auth=x "
                 "host=[127.0.0.1]", login(GUEST))
        site.wait_key(GUEST)
        ok("newline" not in daemon.messages(), "a whole message",
           daemon.messages())


def before_the_start():
    """The first line is one that the start does not read."""
    first, last = MESSAGES["nginx"]
    with pbs.Site() as site:
        site.log(first, when=time.time() - 7200)
        site.log(*LINES)
        site.log(last, login(GUEST))
        site.start()
        equal(site.dump(), {}, "it began before the grace period")
        site.raw(filler(65536))
        site.log(login(LATER))
        ok(site.wait_key(LATER), "64 KiB later")


def restarted():
    first, last = MESSAGES["nginx"]
    for how in (signal.SIGTERM, signal.SIGKILL):
        with pbs.Site() as site:
            daemon = site.start()
            site.log(login(GUEST), first)
            site.wait_key(GUEST)
            daemon.wait_message("newline")
            daemon.kill(how)
            daemon.wait()
            site.start()
            site.log(*LINES)
            site.raw(filler(65536))
            site.log(login(LATER))
            ok(site.wait_key(LATER), "64 KiB later")
            ok(FORGED not in site.dump(),
               "it began before the daemon got %s" % how.name)


def restarted_beside():
    """It began in a file that is not the one where a start begins, and another
    has much before its end, too."""
    first, last = MESSAGES["nginx"]
    for begun, other in ("m-a", "m-b"), ("m-b", "m-a"):
        with pbs.Site() as site:
            site.raw(filler(300 * 1024), "m-a")
            site.raw(filler(300 * 1024), "m-b")
            pattern = "--logfile=" + site.path("m-*")
            daemon = site.start(pattern)
            site.raw(pbs.stamped(first) + "\n", begun)
            daemon.wait_message("newline")
            site.raw(filler(66000) + pbs.stamped(login(GUEST)) + "\n", other)
            site.wait_key(GUEST)
            daemon.stop()
            daemon = site.start(pattern)
            site.raw("".join(pbs.stamped(x) + "\n" for x in LINES), begun)
            site.raw(filler(66000) + pbs.stamped(login(LATER)) + "\n", other)
            site.wait_key(LATER)
            ok(FORGED not in site.dump(), "it began beside " + other,
               daemon.messages())


main(followed, too_long, backlog, reloaded, two_lines, whole, before_the_start,
     restarted, restarted_beside)
