#!/usr/bin/env python3
# pbsctl explain correctly shows what happens to a line and why: its header, the
# rules and how far they match, the address, and what the daemon would do with
# it.
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
import tap

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
UW = "Login user=ann host=[%s]"
CONNECT = "connect from 192.0.2.7"
TWO = r"""
server: Two
program: twod
rules:
  - name: two-login
    connect: 'connect from (?<ip>[0-9.]++)'
    login: 'login (?<user>[a-z]++)'
    end: 'bye'
  - name: two-optional
    optional: true
    match: 'maybe (?<ip>[0-9.]++)'
  - name: two-slow
    match: 'slow (?:a*)*b(?<ip>[0-9.]++)'
"""


def explain(*arguments, given="", env=None):
    return subprocess.run([PBSCTL, "explain", *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          input=given, timeout=60, env=env)


def stamped(text, program="ipop3d", age=5):
    when = time.strftime("%Y-%m-%dT%H:%M:%S+00:00",
                         time.gmtime(time.time() - age))
    return "%s mail %s[42]: %s" % (when, program, text)


def objects(*arguments, **more):
    done = explain("--json", *arguments, **more)
    tap.equal(done.stderr, "", "nothing to complain about")
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def granted():
    done = explain(stamped(UW % "198.18.0.7"))
    tap.equal(done.returncode, 0, "a login: exit 0", done.stdout)
    for said in ("header    syslog\n", "  host    mail\n", "  pid     42\n",
                 "  program ipop3d\n", "  uw-login (", "): matches\n",
                 ", 5s ago\n", "rule      uw-login\n", "user      ann\n",
                 "address   198.18.0.7\n",
                 "result    would be granted, for 1800s, until "):
        tap.contains(done.stdout, said, said.strip())
    now = time.time()
    done, (said,) = objects(stamped(UW % "198.18.0.7"))
    tap.equal([said[k] for k in ("header", "host", "program", "pid", "rule",
                                 "ip", "user", "result")],
              ["syslog", "mail", "ipop3d", 42, "uw-login", "198.18.0.7", "ann",
               "granted"], "the same for programs")
    tap.ok(abs(said["until"] - now - 1795) < 3, "until when", said)
    done, (said,) = objects(stamped(UW % "198.18.0.7", age=7200))
    tap.equal((done.returncode, said["result"]), (0, "granted"),
              "an old login was one")
    tap.contains(explain(stamped(UW % "198.18.0.7", age=7200)).stdout,
                 ", which is past\n", "and it is said that it is old")


def how_far():
    """The caret stands under the byte where rule and text part."""
    text = "Login user=ann hast=[198.18.0.7]"
    done = explain(stamped(text))
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "uw-login (" in line)
    tap.equal(lines[at + 1].strip(), text, "the text is shown")
    tap.equal(lines[at + 2].index("^"),
              lines[at + 1].index("hast") + 1, "the caret is where it parts")
    tap.contains(lines[at + 2], "expected here: ost=", "what is wanted there")
    tap.equal(done.returncode, 1, "no login: exit 1")
    for text, at, wanted in ((UW % "198.18.0.7" + " x", 32, ""),
                             ("Login user=ann", 14, " host="),
                             ("Logout user=ann", 3, "in|APOP|"),
                             ("Login user=ann host=[198.18.0.", 30, "\\]")):
        said = objects(stamped(text))[1][0]["rules"][0]
        tap.ok(said["wanted"].startswith(wanted)
               and bool(said["wanted"]) == bool(wanted),
               "%r wants %r" % (text, wanted), said)
        tap.equal(said["at"], at, "at byte %d" % at)


def refused():
    with pbs.Site(mynetworks="198.51.100.0/24") as site:
        site.write("c.yaml", "exclude: 203.0.113.0/24\ngrace: 60\n"
                   "daemon: %s\nuser: nobody\nlogto: %s\n" % (
                       site.path("pid"), site.path("log")))
        config = "--config=" + site.path("c.yaml")
        for address, why in (("127.0.0.1", "loopback"),
                             ("203.0.113.9", "excluded 203.0.113.0/24"),
                             ("198.51.100.9", "mynetworks 198.51.100.0/24"),
                             ("224.0.0.1", "not a client's address"),
                             ("198.18.0.7", None)):
            if why and why.startswith("mynet") and not shutil.which("postconf"):
                tap.skip(why, "no postconf")
                continue
            done, (said,) = objects(config, stamped(UW % address),
                                    env=site.env)
            tap.equal((said["result"], said.get("why"), done.returncode),
                      ("refused" if why else "granted", why, bool(why)),
                      "%s: %s" % (address, why))
        tap.ok(abs(said["until"] - time.time() - 55) < 3,
               "the grace is the configuration's", said)
        tap.ok(not os.path.exists(site.path("pid"))
               and not os.path.exists(site.path("log")),
               "no daemon was left behind, nothing was written")
        done = explain("--config", site.path("none.yaml"), "x")
        tap.equal(done.returncode, 78, "no such configuration: exit 78")


def user_names():
    """What a user calls himself is not what the daemon says."""
    for user in ("refused:x", "x:y", "granted"):
        said = objects(stamped("Login user=%s host=[198.18.0.7]" % user))[1][0]
        tap.equal((said["result"], said["user"]), ("granted", user),
                  "user " + user)


def two_lines():
    with pbs.Site() as site:
        site.write("two.yaml", TWO)
        two = "--patterns=" + site.path("two.yaml")
        lines = [stamped(t, "twod") for t in (CONNECT, "login ann")]
        done, said = objects(two, given="\n".join(lines) + "\n")
        tap.equal([s["result"] for s in said], ["part", "granted"],
                  "both lines: the second is the login")
        tap.equal((said[1]["ip"], said[1]["user"], done.returncode),
                  ("192.0.2.7", "ann", 0), "with the address of the first")
        tap.contains(explain(two, lines[0]).stdout, "two-login has begun",
                     "the first alone")
        tap.contains(explain(two, lines[1]).stdout, "the line with its address "
                     "is not known", "the second alone")
        tap.contains(explain(two, stamped("bye", "twod")).stdout,
                     "two-login has ended", "the end")
        done = explain(two, stamped("maybe 192.0.2.7", "twod"))
        tap.contains(done.stdout, "`enable: two-optional'",
                     "an optional rule, and how to have it")
        tap.equal(done.returncode, 1, "it does not authorize: exit 1")
        site.write("on.yaml", "patterns: %s\nenable: two-optional\n"
                   % site.path("two.yaml"))
        done = explain("--config=" + site.path("on.yaml"),
                       stamped("maybe 192.0.2.7", "twod"))
        tap.equal(done.returncode, 0, "once it is enabled: exit 0", done.stdout)
        done, (said,) = objects(two, stamped("slow " + "a" * 5000, "twod"))
        tap.equal(said["result"], "doubtful", "one that takes too many steps")


def unknown():
    done = explain(stamped(UW % "198.18.0.7", "ipopd3"))
    tap.contains(done.stdout, "(did you mean 'ipop3d'?)", "the name that is near")
    tap.contains(done.stdout, "the rule uw-login of UW", "a rule that fits")
    line = stamped("User 'ann' in from [2001:db8::7]:1234, 3 msgs (ok)",
                   "strange'd")
    done = explain(line)
    tap.contains(done.stdout, "no rule knows the program 'strange'd'",
                 "an unknown program")
    tap.contains(done.stdout, " dovecot", "those that are known")
    with pbs.Site() as site:
        site.write("mine.yaml", done.stdout[done.stdout.index("server: "):])
        mine = "--patterns=" + site.path("mine.yaml")
        said = objects(mine, line)[1][0]
        tap.equal([said.get(k) for k in ("result", "ip", "user")],
                  ["granted", "2001:db8::7", "ann"],
                  "the rule that it drafts is one for this line", done.stdout)
        said = objects(mine, line.replace("1234, 3", "99, 12"))[1][0]
        tap.equal(said["result"], "granted", "and for others like it")
        said = objects(mine, line.replace("(ok)", "(no)"))[1][0]
        tap.equal(said["result"], "nothing", "but for no others")
    done, (said,) = objects("no header\x01here")
    tap.equal((said["result"], done.returncode), ("headerless", 1),
              "a line without header")
    done = explain("no header here")
    for said in ("syslog      Nov 21 02:01:00 host program[4242]: ...",
                 "smartermail-trailing [address] ... ",
                 "kerio       [21/Nov/2026 02:01:00] ...",
                 "See HEADERS and AROUND SYSLOG"):
        tap.contains(done.stdout, said, "those that are known are shown")


def envelopes():
    """JSON from which no line can be taken is not passed over in silence."""
    for line in ('{"MESSAGE":"hello"}', '{"log":"hello\\n","stream":"stderr"}'):
        done = explain(line)
        tap.equal(done.returncode, 1, "exit 1: " + line, done.stderr)
        tap.contains(done.stdout, "nothing: a field is missing",
                     "it says why")
        done, (said,) = objects(line)
        tap.equal((said["result"], said["line"]), ("empty", 1),
                  "... as JSON, too")
    part = ('{"log":"Nov 21 02:01:00 dovecot: ","stream":"stderr",'
            '"time":"2026-11-21T02:01:00Z"}')
    done, said = objects(given=part + "\n" + part.replace(': "', ': x\\n"')
                         + "\n")
    tap.equal([(s["line"], s["result"]) for s in said],
              [(1, "partial"), (2, "nothing")],
              "a line in two parts is explained with the second")


def usage():
    for arguments, said in (
            (("--jsno",), "unknown option '--jsno' (did you mean '--json'?)"),
            (("--config",), "--config needs a value"),
            (("a", "b"), "more than one line: quote it"),
            ((__file__,), "is a file, and not a line; its lines are explained "
             "by: pbsctl explain <" + __file__),
            ((), "no line to explain")):
        done = explain(*arguments)
        tap.equal(done.returncode, 64, "exit 64: " + " ".join(arguments))
        tap.contains(done.stderr, said, "it says why")
    tap.contains(explain("--help").stdout, "usage: pbsctl explain",
                 "--help helps")
    done = explain(given=stamped(UW % "198.18.0.7"))
    tap.equal(done.returncode, 0, "a last line without newline is one")


tap.main(granted, how_far, refused, user_names, two_lines, unknown, envelopes,
         usage)
