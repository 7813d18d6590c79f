#!/usr/bin/env python3
# Each flag does what the manual says; errors name the place, the reason and the
# nearest known word, and have the exit codes of sysexits.
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login, stamped
from tap import contains, equal, main, ok

USAGE, CONFIG = 64, 78


def once():
    with pbs.Site() as site:
        now = int(time.time())
        site.log(login("198.51.100.1"), when=now - 20)
        run = site.run("--once")
        equal(run.returncode, 0, "--once: exit code", run.stderr)
        equal(site.dump(), {"198.51.100.1": str(now - 20)},
              "--once leaves the map as the log says")
        run = site.run("--once", "--logfile=" + site.path("none.log"))
        ok(run.returncode not in (0, USAGE), "--once without the log fails",
           run.returncode, run.stderr)
        contains(run.stderr, "none.log", "and names it")


def once_too_late():
    """An old log authorizes nobody, and the messages say why."""
    with pbs.Site() as site:
        for n in range(3):
            site.log(login("198.51.100.%d" % n), when=time.time() - 7200)
        size = os.path.getsize(site.logfile)
        run = site.run("--once")
        contains(run.stderr, "skipped %d of the %d bytes of %s: too old"
                 % (size, size, site.logfile), "--once: lines that are too old")
        with open(site.logfile) as log:
            text = log.read()
        run = site.run("--once", "--logfile=-", "--grace=30m",
                       "--checkpoint=" + site.path("map/other"), given=text)
        contains(run.stderr, "3 of the logins are older than the grace period "
                 "of 1800s", "--once: and logins on standard input")
        site.log(login("198.51.100.9"))
        run = site.run("--once", "--checkpoint=" + site.path("map/third"))
        contains(run.stderr, "skipped %d of the %d bytes" % (
            size, os.path.getsize(site.logfile)), "--once: some are not")
        equal(list(site.dump()), ["198.51.100.9"], "and one counts")


def nowrite():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        run = site.run("--once", "--nowrite")
        equal(run.returncode, 0, "--nowrite: exit code", run.stderr)
        equal(os.listdir(site.mapdir), [], "--nowrite writes nothing")


def reprocess():
    with pbs.Site() as site:
        old = int(time.time()) - 86400
        site.log(login("198.51.100.1"), when=old - 4000)
        site.log(login("198.51.100.2"), when=old - 100)
        site.log("postfix/qmgr[1]: removed", when=old)
        run = site.run("--once", "--reprocess", "--grace=30m")
        equal(run.returncode, 0, "--reprocess: exit code", run.stderr)
        equal(site.dump(), {"198.51.100.2": str(old - 100)},
              "--reprocess takes the log's time for now")
        contains(run.stderr, "end of the log", "and says that it is done")


def lined_up(lines, name):
    """Each line's second column begins in the same place, whatever is first."""
    starts = {len(x) - len(x.split(None, 1)[1]) for x in lines}
    equal((len(lines), len(starts)), (2, 1), name + ": columns", *lines)


def listing():
    with pbs.Site() as site:
        now = int(time.time())
        site.log(login("198.51.100.1", "ann"), when=now - 20)
        site.log(login("2001:db8:12:34::567", "bob"), when=now - 10)
        site.start()
        run = site.run("--list")
        equal(run.returncode, 0, "--list: exit code", run.stderr)
        lines = run.stdout.splitlines()
        ok(any("198.51.100.1" in x and "ann" in x for x in lines),
           "--list: address and user", run.stdout)
        ok(any("2001:db8:12:34::567" in x and "bob" in x for x in lines),
           "--list: IPv6 too", run.stdout)
        lined_up(lines, "--list")


def listing_alone():
    """What is asked while no daemon runs."""
    with pbs.Site() as site:
        run = site.run("--list")
        equal((run.returncode, run.stdout), (0, ""), "--list: nothing yet",
              run.stderr)
        contains(run.stderr, "no daemon is running; there is no " + site.map
                 + ".state", "--list: and why")
        site.log(login("198.51.100.1", "ann"), login("2001:db8:12:34::567"))
        site.start("--grace=1h").stop()
        run = site.run("--list", "--grace=1h")
        equal(run.returncode, 0, "--list without a daemon", run.stderr)
        ok("198.51.100.1" in run.stdout and "ann" in run.stdout,
           "--list: tells what was saved", run.stdout)
        lined_up(run.stdout.splitlines(), "--list without a daemon")
        contains(run.stderr, "no daemon is running; these would be",
                 "--list: and what it is")
        site.write("map/pbs.state", "a state of something else\n")
        run = site.run("--list")
        equal((run.returncode, run.stdout), (65, ""),
              "--list: 65 for a checkpoint that is none", run.stderr)


def debug():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"), when=time.time() - 9000)
        site.log(login("127.0.0.1"))
        run = site.run("--once", "--debug", "--reprocess")
        equal(run.returncode, 0, "--debug: exit code", run.stderr)
        contains(run.stderr, "198.51.100.1", "--debug names each candidate")
        ok(any("127.0.0.1" in x and "loopback" in x
               for x in run.stderr.splitlines()),
           "--debug says why it grants nothing", run.stderr)


def clear():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        site.run("--once")
        ok(site.query("198.51.100.1"), "a map with an address")
        run = site.run("--clear")
        equal((run.returncode, site.dump()), (0, {}), "--clear empties it",
              run.stderr)
        os.unlink(site.map + ".db")
        run = site.run("--clear")
        equal((run.returncode, site.dump()), (0, {}),
              "--clear makes an empty one where there is none", run.stderr)


def clear_not():
    with pbs.Site() as site:
        run = site.run("--clear", "--nowrite")
        equal(run.returncode, USAGE, "--clear with --nowrite: 64", run.stderr)
        run = site.run("--clear", "--dbfile=hash:" + site.path("none/pbs"))
        equal(run.returncode, 73, "--clear where there is no directory: 73",
              run.stderr)
        contains(run.stderr, "none", "and names it")
        site.log(login("198.51.100.1"))
        site.start()
        run = site.run("--clear")
        equal(run.returncode, 75, "--clear beside a daemon: 75", run.stderr)
        contains(run.stderr, "the daemon is running", "and says why")
        ok(site.query("198.51.100.1"), "the map stays as it was")


def check_logs():
    with pbs.Site() as site:
        site.write("mail-1.log", "")
        for log, said in (("mail*.log", "ok log %s: 2 files"),
                          ("x*.log", "warning log %s: no such file yet"),
                          ("x.log", "warning log %s: no such file yet")):
            log = site.path(log)
            run = site.run("--check", "--logfile=" + log)
            equal(run.returncode, 0, "--check: " + log, run.stderr)
            contains(run.stdout, said % log, "--check: " + said)
        run = site.run("--check", "--logfile=" + site.path("mail.log/x"))
        equal(run.returncode, CONFIG, "--check: a log below a file",
              run.stdout)
        contains(run.stdout + run.stderr, "Not a directory",
                 "--check: is said so")
        run = site.run("--check", "--checkpoint=" + site.path("none/x"))
        equal(run.returncode, CONFIG, "--check: a checkpoint nowhere")
        contains(run.stdout + run.stderr, site.path("none"),
                 "--check: is named")
        run = site.run("--check", "--nowrite")
        contains(run.stdout, "none with nowrite",
                 "--check: and none with --nowrite")


def brackets():
    """Without a '*', a name is no pattern."""
    hint = "without a *, [ and ? are part of the name"
    with pbs.Site() as site:
        site.write("mail-1.log", "")
        for name in "mail-[0-9].log", "mail-?.log":
            log = site.path(name)
            run = site.run("--check", "--logfile=" + log)
            contains(run.stdout, "warning log %s: no such file yet" % log,
                     "--check: %s is not there" % name)
            contains(run.stdout, hint, "--check: says why")
            daemon = site.start("--logfile=" + log)
            daemon.wait_message("waiting for " + log)
            contains(daemon.messages(), hint, "so does a start")
            daemon.stop()
        log = site.write("mail-[0-9].log", "")
        for name in log, site.path("mail-[0-9]*.log"):
            run = site.run("--check", "--logfile=" + name)
            contains(run.stdout, "ok log " + name, "--check: one that is")


def check_log_names():
    """Names that the daemon would wait for in vain."""
    with pbs.Site() as site:
        for log, said in (
                ("mail.log", "log mail.log: relative; write the whole path"),
                ("x/mail*.log", "log x/mail*.log: relative; write the whole"),
                (site.path("none/mail.log"), "the directory %s does not exist"
                                             % site.path("none")),
                (site.path("none/mail*"), "the directory %s does not exist"
                                          % site.path("none"))):
            run = site.run("--check", "--logfile=" + log)
            equal(run.returncode, CONFIG, "--check: " + log, run.stdout)
            contains(run.stdout, said, "--check: " + said)


def check_types():
    """A map whose type Postfix does not read would be useless."""
    with pbs.Site() as site:
        os.mkdir(site.path("bin"))
        postconf = site.write("bin/postconf", "#!/bin/sh\n"
                              "printf 'cidr\\nlmdb\\n'\n")
        os.chmod(postconf, 0o755)
        env = {"PATH": site.path("bin") + ":" + os.environ["PATH"]}
        run = site.run("--check", env=env)
        equal(run.returncode, CONFIG, "--check: Postfix reads no hash: maps",
              run.stdout)
        contains(run.stdout, "FAILED hash:%s: Postfix does not read hash: maps"
                 % site.map, "--check: is said so")
        run = site.run("--check", "--dbfile=text:" + site.path("map/t"),
                       env=env)
        equal(run.returncode, 0, "--check: Postfix need not read text: maps",
              run.stdout)
        site.write("bin/postconf", "#!/bin/sh\necho no main.cf >&2\nexit 1\n")
        run = site.run("--check", env=env)
        equal(run.returncode, 0, "--check: Postfix does not answer",
              run.stdout)
        contains(run.stdout, "warning Postfix: no main.cf; cannot check"
                 " which", "--check: is warned of")


def check():
    with pbs.Site() as site:
        run = site.run("--check")
        equal(run.returncode, 0, "--check: all is well",
              run.stdout + run.stderr)
        os.mkdir(site.path("patterns"))
        site.write("patterns/x.yaml", "server: X\nprogram: [x]\nrules:\n"
                   "  - name: x-login\n    match: 'in from (?<ip>[0-9.]+'\n")
        run = site.run("--check", "--patterns=" + site.path("patterns"))
        equal(run.returncode, CONFIG, "--check: an expression that is broken",
              run.stdout + run.stderr)
        contains(run.stdout + run.stderr, "x.yaml:5:",
                 "--check: is said with file and line")
        equal(os.listdir(site.mapdir), [], "--check writes nothing")
        os.mkfifo(site.path("fifo"))
        for log in site.mapdir, site.path("fifo"):
            run = site.run("--check", "--logfile=" + log)
            equal(run.returncode, CONFIG, "--check: a log that is no file",
                  run.stdout + run.stderr)
            contains(run.stdout + run.stderr, log + ": not a regular file",
                     "--check: is said so")


def dumpconfig():
    with pbs.Site() as site:
        site.write("pbs.yaml", """grace: 20m
exclude: [203.0.113.0/24]
text:
  name: %s
  header: |
    a "list" of \\
    two lines
  line: 'add\t{address}'
""" % site.path("map/clients"))
        run = site.run("--dumpconfig")
        equal(run.returncode, 0, "--dumpconfig: exit code", run.stderr)
        contains(run.stdout, "grace: ", "--dumpconfig: the grace")
        contains(run.stdout, "203.0.113.0/24", "--dumpconfig: the networks")
        contains(run.stdout, "hash:" + site.map, "--dumpconfig: the map")
        contains(run.stdout, r'"a \"list\" of \\\ntwo lines\n"',
                 "--dumpconfig: a text of two lines")
        contains(run.stdout, r'line: "add\t{address}"',
                 "--dumpconfig: a line with a tab")
        site.write("again.yaml", run.stdout)
        command = [pbs.DAEMON, "--config=" + site.path("again.yaml"),
                   "--dumpconfig"]
        again = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.PIPE, env=site.env)
        equal(again.stdout, run.stdout, "--dumpconfig: reads its own output",
              again.stderr)
        command[1] = "--dbfile=hash:/run/pop-before-smtp/x"
        memory = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                                env=site.env)
        contains(memory.stdout,
                 "checkpoint: '/var/lib/pop-before-smtp/pop-before-smtp.state'",
                 "--dumpconfig: what a reboot must not remove")
        run = site.run("--dumpconfig", "--grace=60")
        ok("grace: 20m" not in run.stdout and "60" in run.stdout,
           "a flag wins over the file", run.stdout)


def words():
    with pbs.Site() as site:
        for flag, part in (("--version", "2."), ("--help", "--grace")):
            run = site.run(flag)
            equal(run.returncode, 0, flag + ": exit code", run.stderr)
            contains(run.stdout, part, flag + ": on standard output")
        run = site.run("--grace", "60", "--dumpconfig")
        equal(run.returncode, 0, "--flag VALUE works as --flag=VALUE",
              run.stderr)


def bad_flags():
    with pbs.Site() as site:
        for flag, part in (
                ("--grase=5", "--grace"), ("--logfle=x", "--logfile"),
                ("--nowrit", "write"), ("--grace=soon", "soon"),
                ("--grace=-5", "-5"), ("--grace=0", "0"),
                ("--once=1", "--once"), ("--grace=", "empty"),
                ("mail.log", "mail.log"),
                ("--dbfile=hahs:/x/y", "hash"),
                ("--dbfile=relative", "relative")):
            run = site.run("--check", flag)
            equal(run.returncode, USAGE, flag + ": exit 64", run.stderr)
            contains(run.stderr, part, flag + ": says " + part)
            ok(run.stdout == "" and len(run.stderr.splitlines()) <= 2,
               flag + ": in a line or two", run.stdout, run.stderr)


def bad_files():
    with pbs.Site() as site:
        for text, where, part in (
                ("grase: 5\n", 1, "grace"), ("a\n: [", 1, "pbs.yaml"),
                ("grace: 60\nexclude: [192.0.2.1/24]\n", 2, "192.0.2.1/24"),
                ("grace: soon\n", 1, "soon"),
                ("grace: 60\n\ngrace: 70\n", 3, "grace"),
                ("- grace\n", 1, "pbs.yaml"),
                ("grace: {a: b}\n", 1, "grace"),
                ("debug: perhaps\n", 1, "perhaps")):
            site.write("pbs.yaml", text)
            run = site.run("--check")
            equal(run.returncode, CONFIG, "%r: exit 78" % text, run.stderr)
            ok("pbs.yaml:" in run.stderr, "%r: names the file" % text,
               run.stderr)
            if part != "pbs.yaml":
                contains(run.stderr, "pbs.yaml:%d:" % where,
                         "%r: names the line" % text)
                contains(run.stderr, part, "%r: says %s" % (text, part))
        for text in ("$grace = 60;\n1;\n", "use strict;\n$dbfile = '/x';\n"):
            site.write("conf.pl", text)
            run = site.run("--check", "--config=" + site.path("conf.pl"))
            contains(run.stderr, "pbsctl import-perl " + site.path("conf.pl"),
                     "a Perl file: says what reads it")
        run = site.run("--check", "--config=" + site.path("none.yaml"))
        equal(run.returncode, CONFIG, "a file that does not exist", run.stderr)
        contains(run.stderr, "none.yaml", "is named")


def bad_patterns():
    """What is found wrong only when the patterns are read."""
    with pbs.Site() as site:
        gone = site.path("gone")
        for text, line, said in (
                ("grace: 60\nenable:\n  - dovecot-logn\n", 3,
                 "enable: unknown rule 'dovecot-logn' (did you mean"),
                ("enable: no-such\n", 1, "enable: unknown rule 'no-such'"),
                ("patterns: [%s]\n" % gone, 1,
                 "patterns: %s: No such file" % gone)):
            site.write("pbs.yaml", text)
            given = ([] if "patterns" in text else
                     ["--patterns=" + os.path.join(pbs.ROOT, "patterns")])
            for action in "--check", "--once":
                done = subprocess.run(
                    [pbs.DAEMON, "--config=" + site.config,
                     "--logfile=" + site.logfile,
                     "--dbfile=hash:" + site.map, *given, action],
                    env=site.env, text=True, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE)
                equal(done.returncode, CONFIG, "%s: %s" % (action, said),
                      done.stdout + done.stderr)
                contains(done.stdout + done.stderr, "pbs.yaml:%d: %s"
                         % (line, said), "is said with file and line")
        site.write("pbs.yaml", "")
        run = site.run("--check", "--enable=no-such")
        contains(run.stdout, "patterns: unknown rule 'no-such'",
                 "a flag has no line")


def hardly_meant():
    """Said by --check, at a start and at a reload; once."""
    policy = "policy: has no effect: dbfile has no policy: map"
    cidr = "dbfile has neither"
    with pbs.Site() as site:
        hashed, single = "hash:" + site.map, "cidr:" + site.map + ".cidr"
        server = "policy:unix:" + site.path("map/policy")
        for maps, config, warning in (
                ([hashed], "sender_binding: always", policy),
                ([hashed], "user_recipients: 5", policy),
                ([hashed], "window: 2h", None),
                ([hashed, server], "sender_binding: always", None),
                ([single], "", cidr), ([single, hashed], "", None)):
            site.write("pbs.yaml", "policy: {%s}\n" % config)
            run = site.run("--check", *["--dbfile=" + m for m in maps])
            equal(run.returncode, 0, "--check: %s with %s" % (config, maps),
                  run.stdout + run.stderr)
            equal([w for w in (policy, cidr) if w in run.stderr],
                  [warning] if warning else [], "warns of what it must",
                  run.stderr)
        run = site.run("--list", "--dbfile=" + single)
        ok(cidr not in run.stderr, "--list wants to hear no more", run.stderr)
        site.write("pbs.yaml", "")
        daemon = site.start("--dbfile=" + single,
                            "--logto=" + site.path("own.log"))
        site.write("pbs.yaml", "policy: {sender_binding: always}\n")
        daemon.kill(signal.SIGHUP)
        watch = pbs.Inotify(site.dir, 0x2)
        pbs.until("reloaded", pbs.DEADLINE,
                  lambda: "reloaded: " in open(site.path("own.log")).read(),
                  lambda left: watch.wait(min(left, 1)))
        daemon.stop()
        with open(site.path("own.log")) as f:
            said = f.read()
        equal((said.count(cidr), said.count(policy)), (2, 1),
              "a start says it, and so does a reload", said)


def open_patterns():
    """--check refuses what a start refuses."""
    with pbs.Site() as site:
        shutil.copytree(os.path.join(pbs.ROOT, "patterns"),
                        site.path("patterns"))
        os.chmod(site.path("patterns"), 0o777)
        for action in "--check", "--once":
            run = site.run(action, "--patterns=" + site.path("patterns"))
            equal(run.returncode, CONFIG, action + ": patterns that others "
                  "may write", run.stdout + run.stderr)
            contains(run.stdout + run.stderr, "others than its owner may "
                     "write it (mode 777)", action + ": said so")


def elsewhere():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        run = site.run("--once", "--logto=" + site.path("own.log"))
        equal(run.returncode, 0, "--logto: exit code", run.stderr)
        with open(site.path("own.log")) as f:
            contains(f.read(), "1 login;", "--logto: messages go there")
        equal(run.stderr, "", "--logto: and nowhere else")
        run = site.run("--once", "--logto=-")
        contains(run.stdout, "publishing to", "--logto=-: standard output")


def dropped():
    if os.geteuid() != 0:
        return
    with pbs.Site() as site:
        os.chown(site.mapdir, 65534, 65534)
        daemon = site.start("--user=nobody")
        with open("/proc/%d/status" % daemon.pid) as f:
            uids = [x for x in f if x.startswith("Uid:")][0].split()[1:]
        equal(set(uids), {"65534"}, "--user: every id is the user's")
        site.log(login("198.51.100.1"))
        ok(site.wait_key("198.51.100.1"), "--user: the map is written")


def as_root():
    """What belongs to the daemon's user is refused, with a hint."""
    if os.geteuid() != 0:
        return
    hint = ("its directory belongs to the user nobody; root does not write "
            "there: use --user=nobody")
    with pbs.Site() as site:
        for action, code in ("--check", CONFIG), ("--clear", 73):
            run = site.run(action)
            ok(hint not in run.stdout + run.stderr,
               action + ": as root, of root's maps: no hint")
            os.chown(site.mapdir, 65534, 65534)
            run = site.run(action)
            equal(run.returncode, code, action + ": as root, of nobody's")
            said = [line for line in (run.stdout + run.stderr).splitlines()
                    if site.map in line or "--user" in line]
            equal(len([line for line in said if "belongs to" in line]), 1,
                  action + ": one message says so", said)
            contains("\n".join(said), site.map + ": " + hint,
                     action + ": hints at --user")
            run = site.run()
            contains(run.stderr, "the directory %s belongs to the user nobody; "
                     "root does not write there: use --user=nobody"
                     % site.mapdir, "a start says so, too")
            ok("others can write" not in run.stderr,
               "and nothing that is not true of its mode", run.stderr)
            run = site.run(action, "--user=nobody")
            ok(hint not in run.stdout + run.stderr,
               action + ": as nobody: no hint")
            os.chown(site.mapdir, 0, 0)
            for name in os.listdir(site.mapdir):
                os.unlink(os.path.join(site.mapdir, name))


def values():
    with pbs.Site() as site:
        site.write("pbs.yaml", "value: permit\n")
        site.log(login("198.51.100.1"))
        run = site.run("--once")
        equal(site.dump(), {"198.51.100.1": "permit"}, "value: permit",
              run.stderr)
        site.write("pbs.yaml", "")
        for value in ("1 2", "-1", "2026-11-28", "ok,bob", " ok", "1e9"):
            run = site.run("--once", "--value=" + value)
            equal(run.returncode, 64, "--value=%s: refused" % value)
        contains(run.stderr, "Postfix would answer 451", "and the reason")
        for value in ("yes", "roaming"):
            run = site.run("--once", "--value=" + value)
            contains(run.stderr, "unless it is in smtpd_restriction_classes",
                     "--value=%s: warned of" % value)
        refused = "Postfix refuses the clients that have logged in"
        for value in ("REJECT go away", "450 4.7.1 later", "defer",
                      "OK", "permit_auth_destination, reject"):
            run = site.run("--once", "--value=" + value)
            equal(refused in run.stderr, value[0] in "R4d",
                  "--value=%s: warned of only if it refuses" % value)
        for value in ("OK", "1700000000", "REJECT go away", "450 4.7.1 later",
                      "permit_auth_destination, reject",
                      "check_sender_access hash:/etc/postfix/senders"):
            run = site.run("--once", "--value=" + value)
            ok("451" not in run.stderr and run.returncode == 0,
               "--value=%s: taken" % value, run.stderr)


def actions():
    """The same is said of the answers of a policy: map as of value:."""
    refused = "Postfix refuses the clients that have logged in"
    no_class = "unless it is in smtpd_restriction_classes"
    permanent = "refuses the client permanently"
    with pbs.Site() as site:
        for key, value, said in (
                ("action", "FOO", no_class), ("limit_action", "FOO", no_class),
                ("action", "REJECT", refused),
                ("action", "450 4.7.1 later", refused),
                ("limit_action", "OK", "with 'OK' there is no limit"),
                ("limit_action", "permit", "there is no limit"),
                ("limit_action", "defer_if_permit later", permanent),
                ("action", "PREPEND X-Login: POP", None),
                ("limit_action", "REJECT enough", None),
                ("limit_action", "defer_unauth_destination", None),
                ("limit_action", "HOLD", None)):
            site.write("pbs.yaml", "policy:\n  %s: '%s'\n" % (key, value))
            run = site.run("--check")
            equal(run.returncode, 0, "%s: %s: taken" % (key, value),
                  run.stderr)
            warned = [line for line in run.stderr.splitlines()
                      if "policy: " + key in line]
            equal(len(warned), said is not None,
                  "%s: %s: warned of or not" % (key, value), run.stderr)
            contains(run.stderr, said or "", "%s: %s: why" % (key, value))


def db_config():
    with pbs.Site() as site:
        site.write("map/DB_CONFIG", "set_cachesize 0 1 1\n")
        run = site.run("--once")
        ok(run.returncode != 0, "a DB_CONFIG beside the map is refused",
           run.returncode)
        contains(run.stderr, "DB_CONFIG", "and named")
        equal(sorted(os.listdir(site.mapdir)), ["DB_CONFIG"],
              "and nothing was written")


def no_config():
    """/dev/null is everybody's word for an empty file; others are refused."""
    with pbs.Site() as site:
        run = site.run("--config=/dev/null", "--check")
        equal(run.returncode, 0, "--config=/dev/null: nothing is set",
              run.stdout + run.stderr)
        run = site.run("--config=/dev/zero", "--check")
        equal(run.returncode, CONFIG, "another device is no configuration")


def no_file():
    with pbs.Site() as site:
        os.mkfifo(site.path("fifo"))
        for log, why in ((site.mapdir, "not a regular file"),
                         (site.path("fifo"), "not a regular file")):
            run = site.run("--once", "--logfile=" + log)
            equal(run.returncode, 66, "--once: a log that is no file: 66")
            contains(run.stderr, "error: %s: %s\n" % (log, why),
                     "--once: with the reason")


main(no_config, no_file, once, once_too_late, nowrite, reprocess, listing,
     listing_alone, debug, clear, clear_not, check, check_logs,
     check_log_names, brackets, check_types, dumpconfig,
     words, bad_flags, bad_files, bad_patterns, hardly_meant, open_patterns, elsewhere, dropped, as_root, values, actions,
     db_config)
