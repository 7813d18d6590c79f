#!/usr/bin/env python3
# pbs-link and the engine between several hosts: what is appended arrives and is
# acknowledged, losses are noticed, each problem is reported once, and a hostile
# engine cannot get beyond this process.
import os
import pwd
import select
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import engines
import linkdriver
import pbs
from linkdriver import BASE, Link, directory
from tap import equal, main, ok

linkdriver.need()


def ids(line):
    return line and line[2]


def await_length(engine, most):
    pbs.until("%d entries in pbs:pop1" % most, pbs.DEADLINE,
              lambda: engine("XLEN", "pbs:pop1") <= most,
              lambda left: time.sleep(0.01))


def for_each_engine(scenario):
    def run():
        for program in engines.programs():
            with engines.Engine(program, directory(
                    scenario.__name__ + "-" + program)) as engine:
                scenario(engine, program)
    run.__name__ = scenario.__name__
    return run


def for_one_engine(scenario):
    def run():
        with engines.Engine(engines.programs()[0], directory(
                scenario.__name__)) as engine:
            scenario(engine)
    run.__name__ = scenario.__name__
    return run


@for_each_engine
def entries_pass(engine, program):
    with Link(engine.directory, "unix:" + engine.path) as link:
        ok(link.wait("started"), program + ": a new pbs-link says so")
        link.begin(7, "pbs:pop1", [("pbs:pop1", "0-0"), ("pbs:pop2", "0-0")])
        line = link.wait("state", "connected loud")
        ok(line and "(%s " % program.split("-")[0] in " ".join(line)
           and " ".join(line).endswith(", master)"), "it is connected",
           line)
        equal(ids(link.wait("top")), "0-0", "there is no stream yet")
        link.tell("append %d-0 0-0 100 200" % BASE)
        ok(link.wait_count("appended", 100), "100 entries are appended")
        ok(link.wait_count("entry", 100), "and read")
        line = link.wait("entry")
        equal(line[:5] + [line[5][:3]],
              ["7", "entry", "pbs:pop1", "%d-0" % BASE, "0", "ddd"],
              "as they were written")
        equal(engine("XLEN", "pbs:pop1"), 100, "the engine has them all")
        fields = engine("XRANGE", "pbs:pop1", "-", "+", "COUNT", 1)[0][1]
        equal((fields[0], fields[2], fields[3]), (b"p", b"s", b"s" * 64),
              "payload and signature, as fields p and s")
        equal(len(link.loud()), 1, "the log has one line", link.loud())


@for_each_engine
def old_entries_go(engine, program):
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(7, "pbs:pop1")
        link.wait("top")
        link.tell("append %d-0 0-0 1000 10" % BASE,
                  "append %d-0 %d-900 1 10" % (BASE + 1, BASE))
        link.wait_count("appended", 1001)
        ok(engine("XLEN", "pbs:pop1") <= 201,
           program + ": entries before the mark are trimmed")
        engine("XTRIM", "pbs:pop1", "MAXLEN", 0)
        for n in range(25):
            engine("EVAL", "for i = 1, 1000 do redis.call('XADD', KEYS[1], "
                   "'%d-' .. i, 'p', 'x') end" % (BASE + 2 + n), 1,
                   "pbs:pop1")
        link.tell("again")
        since = len(link.said)
        equal(ids(link.wait("top", since=since)), "%d-1000" % (BASE + 26),
              "after reconnecting, it sends the last id of the stream")
        link.tell("append %d-0 %d-999 1 10" % (BASE + 27, BASE + 26))
        link.wait("appended", str(BASE + 27))
        await_length(engine, 102)
        ok(True, "after a pause, all of the old ones go: a single call takes "
           "10,000")


@for_each_engine
def a_lost_stream_is_noticed(engine, program):
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(7, "pbs:pop1", [("pbs:pop1", "0-0")])
        link.wait("top")
        link.tell("append %d-0 0-0 10 10" % BASE)
        ok(link.wait_count("entry", 10), program + ": read before it is lost")
        since = len(link.said)
        engine("FLUSHALL")
        link.tell("append %d-0 0-0 1 10" % (BASE + 1))
        ok(link.wait("deleted", since=since), "the next XADD notices FLUSHALL")
        equal(engine("EXISTS", "pbs:pop1"), 0, "and has made no new stream")
        link.tell("append %d-0 0-0 10 10" % (BASE + 2))
        ok(link.wait_count("appended", 10, since),
           "entries sent again create one")
        equal(link.count("deleted", since), 1, "it was reported once")
        ok(link.wait_count("entry", 10, since), "and is read")
        since = len(link.said)
        engine("DEL", "pbs:pop1")
        equal(ids(link.wait("top", since=since)), "0-0",
              "with nothing to send, it is noticed within 5 s")
        ok(link.wait("rewound", "pbs:pop1", since=since),
           "and by the reader")
        link.tell("append 5-0 0-0 3 10")
        ok(link.wait_count("entry", 3, since),
           "which reads from the beginning, although the ids are lower")
        since = len(link.said)
        engine("XTRIM", "pbs:pop1", "MAXLEN", 0)
        engine("XSETID", "pbs:pop1", "4-0")
        equal(ids(link.wait("top", since=since)), "4-0",
              "missing last entries, as on a late replica, are noticed")


@for_each_engine
def ids_that_are_taken(engine, program):
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(7, "pbs:pop1")
        link.wait("top")
        link.tell("append 10-1 0-0 1 10", "append 10-1 0-0 1 10")
        ok(link.wait_count("appended", 2),
           program + ": an entry sent twice is acknowledged twice")
        equal(engine("XLEN", "pbs:pop1"), 1, "and is not there twice")
        engine("XADD", "pbs:pop1", "20-0", "p", "x")
        since = len(link.said)
        link.tell("append 10-2 0-0 5 10")
        equal(ids(link.wait("top", since=since)), "20-0",
              "ids below somebody else's: the worker gets the last one")
        link.tell("append 20-1 0-0 1 10")
        ok(link.wait("appended", "20-1"), "and goes on above it")
        engine("XADD", "pbs:pop1", "%d-%d" % (2 ** 64 - 1, 2 ** 64 - 1), "p",
               "x")
        since = len(link.said)
        link.tell("append 30-1 0-0 3 10")
        ok(link.wait("state", "writer error loud", "highest possible id", "DEL",
                     since=since), "no id is left: an error says what to do")


@for_each_engine
def an_engine_that_is_full(engine, program):
    engine("CONFIG", "SET", "maxmemory-policy", "noeviction")
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(7, "pbs:pop1")
        link.wait("top")
        link.tell("append %d-0 0-0 500 5000" % BASE)
        link.wait_count("appended", 500)
        engine("CONFIG", "SET", "maxmemory", "1mb")
        since = len(link.said)
        link.tell("append %d-0 %d-400 1 10" % (BASE + 1, BASE))
        ok(link.wait("state", "writer warning loud", "raise its maxmemory",
                     since=since), program + ": out of memory: reported")
        await_length(engine, 200)
        ok(True, "the old entries are trimmed")
        ok(link.wait("top", since=since), "the worker is to try again")
        engine("CONFIG", "SET", "maxmemory", "0")
        link.tell("append %d-0 %d-400 1 10" % (BASE + 2, BASE))
        ok(link.wait("appended", since=since), "it goes on")
        ok(link.wait("state", "notice loud", since=since), "and says so")
        equal(len(link.loud(since)), 2, "two lines", link.loud(since))


@for_each_engine
def an_engine_that_goes_away(engine, program):
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(6, "pbs:pop1", [("pbs:pop1", "0-0")])  # another worker
        link.begin(7, "pbs:pop1", [("pbs:pop1", "0-0")])
        link.wait("top")
        link.tell("append %d-0 0-0 10 10" % BASE)
        link.wait_count("entry", 10)
        since = len(link.said)
        engine.kill()
        link.tell("append %d-0 0-0 10 10" % (BASE + 1))
        ok(link.wait("state", "writer lost", since=since) and
           link.wait("state", "reader lost", since=since),
           program + ": killed: both connections are lost")
        engine.start()
        equal(ids(link.wait("top", since=since)), "0-0",
              "when it is back, there is no stream")
        link.tell("append %d-0 0-0 10 10" % (BASE + 2))
        ok(link.wait_count("entry", 10, since), "and all goes on")
        link.wait("state", "connected loud", since=since)
        told = link.loud(since)
        equal((len([t for t in told if " connected " in t]),
               len([t for t in told if " lost " in t]) <= 3), (1, True),
              "its loss and its return are each logged once", told)
        since = len(link.said)
        engine.freeze()
        link.tell("append %d-0 0-0 1 10" % (BASE + 3))
        ok(link.wait("state", "writer lost", "no reply in time", since=since),
           "stopped: a missing reply is noticed")
        engine.thaw()
        equal(ids(link.wait("top", since=since)), "%d-0" % (BASE + 3),
              "afterwards the entry turns out to be there")


@for_one_engine
def permissions(engine):
    secret = os.path.join(engine.directory, "password")
    with open(secret, "w") as f:
        f.write("wrong\n")
    os.chmod(secret, 0o400)
    engine("ACL", "SETUSER", "pop1", "on", ">secret", "resetchannels",
           "-@all", "~pbs:pop1", "+xadd", "+xtrim", "+xinfo|stream")
    engine("ACL", "SETUSER", "relay", "on", ">secret", "resetchannels",
           "-@all", "%R~pbs:*", "+xread", "+xinfo|stream")
    login = ["user: pop1", "password_file: " + secret]
    with Link(engine.directory, "unix:" + engine.path,
              settings=login) as link:
        link.begin(7, "pbs:pop1")
        ok(link.wait("state", "writer error loud", "WRONGPASS",
                     "user pop1 with the password in %s: correct the file"
                     % secret),
           "a wrong password is an error that names user and file")
    os.chmod(secret, 0o600)
    with open(secret, "w") as f:
        f.write("secret\n")
    with Link(engine.directory, "unix:" + engine.path,
              settings=login) as link:
        link.begin(7, "pbs:pop1")
        link.wait("top")
        link.tell("append %d-0 0-0 1 10" % BASE,
                  "append %d-1 %d-0 1 10" % (BASE, BASE))
        ok(link.wait_count("appended", 2), "a publisher's rights suffice")
        equal(len(link.loud()), 1, "without any trouble", link.loud())
        link.begin(8, "pbs:pop2")
        ok(link.wait("state", "writer error loud", "XINFO STREAM pbs:pop2: "
                     "NOPERM", "the ACL must allow ~pbs:pop2 +xinfo|stream"),
           "another's stream is refused, and the right that is needed is named")
        equal(link.count("top", 0) and engine("EXISTS", "pbs:pop2"), 0,
              "nothing was written")
    engine("XADD", "pbs:pop2", "1-0", "p", "x", "s", "s" * 64)
    with Link(engine.directory, "unix:" + engine.path, publish=None,
              settings=["user: relay", "password_file: " + secret, HOSTS]
              ) as link:
        link.begin(7, None, [("pbs:pop2", "0-0"), ("other:pop3", "0-0")])
        ok(link.wait("entry", "pbs:pop2"), "a relay's rights suffice")
        ok(link.wait("state", "reader error loud", "other:pop3", "NOPERM",
                     "the ACL must allow %R~other:* +xinfo|stream"),
           "a stream that it may not read does not block the others")
        engine("SET", "pbs:pop4", "x")
        link.begin(8, None, [("pbs:pop2", "0-0"), ("pbs:pop4", "0-0")])
        since = len(link.said)
        ok(link.wait("state", "reader error loud", "pbs:pop4",
                     "not a stream", since=since) and
           link.wait("entry", "pbs:pop2", since=since),
           "nor does a key that is not a stream")
    rights_go_one_by_one(engine, secret, login)


def rights_go_one_by_one(engine, secret, login):
    """Each command names what it is and what it needs."""
    engine("ACL", "SETUSER", "pop1", "-xadd")
    with Link(engine.directory, "unix:" + engine.path,
              settings=login) as link:
        link.begin(7, "pbs:pop1")
        link.wait("top")
        link.tell("append %d-2 0-0 1 10" % BASE)
        ok(link.wait("state", "writer error loud", "XADD pbs:pop1: NOPERM",
                     "the ACL must allow ~pbs:pop1 +xadd"), "XADD, alone")
    engine("ACL", "SETUSER", "relay", "-xread")
    with Link(engine.directory, "unix:" + engine.path, publish=None,
              settings=["user: relay", "password_file: " + secret, HOSTS]
              ) as link:
        link.begin(7, None, [("pbs:pop2", "0-0")])
        ok(link.wait("state", "reader error loud", "XREAD pbs:pop2: NOPERM",
                     "the ACL must allow %R~pbs:* +xread"), "XREAD, alone")
    engine("ACL", "SETUSER", "default", "resetpass", ">other")
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(7, "pbs:pop1")
        ok(link.wait("state", "writer error loud", "NOAUTH",
                     "set user: and password_file: of peers:"),
           "no password where one is wanted")


HOSTS = ('hosts: [ { name: pop2, key: '
         '"k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" } ]')


PBSCTL = os.path.join(pbs.BUILD, "pbsctl")


def tried(link):
    done = subprocess.run([PBSCTL, "peers", "--test", "--config=" + link.path],
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.splitlines()


@for_one_engine
def the_operator_tries(engine):
    secret = os.path.join(engine.directory, "password")
    with open(secret, "w") as f:
        f.write("secret\n")
    os.chmod(secret, 0o400)
    key = os.path.join(engine.directory, "pop1.key")
    made = subprocess.run([PBSCTL, "keygen", key], text=True,
                          stdout=subprocess.PIPE).stdout
    link = Link(engine.directory, "unix:" + engine.path, key=key, settings=[
        "user: pop1", "password_file: " + secret, HOSTS])
    code, (shown, *lines) = tried(link)
    equal(shown, made.replace("    - ", "ok     other hosts need ").strip(),
          "pbsctl peers --test shows what keygen did")
    ok(code == 1 and "WRONGPASS" in lines[0] and
       "user pop1 with the password in " + secret in lines[0],
       "no such user", *lines)
    user = ("ACL", "SETUSER", "pop1", "on", ">secret", "resetchannels",
            "-@all", "~pbs:pop1", "+xadd", "+xinfo|stream")
    engine(*user)
    code, (_, *lines) = tried(link)
    equal([line.split()[:3] for line in lines],
          [["ok", "unix:%s:" % engine.path, lines[0].split()[2]],
           ["ok", "XINFO", "STREAM"], ["ok", "XADD", "pbs:pop1"],
           ["FAILED", "XTRIM", "pbs:pop1:"], ["FAILED", "XINFO", "STREAM"],
           ["FAILED", "XREAD", "pbs:pop2:"]], "each right is tried", *lines)
    ok(code == 1 and lines[3].endswith("must allow ~pbs:pop1 +xtrim")
       and lines[5].endswith("must allow %R~pbs:* +xread"),
       "missing ACL rules are named", *lines)
    engine(*user, "+xtrim", "%R~pbs:*", "+xread")
    code, (_, *lines) = tried(link)
    equal((code, [line.split()[0] for line in lines]), (0, ["ok"] * 6),
          "then all is permitted", *lines)
    engine("XADD", "pbs:pop1", "5-0", "p", "x")
    engine("XADD", "pbs:pop2", "5-0", "p", "x")
    code, (_, *lines) = tried(link)
    equal((code, engine("XLEN", "pbs:pop1"), engine("XLEN", "pbs:pop2")),
          (0, 1, 1), "streams stay as they are", *lines)
    os.chmod(key, 0o644)
    equal(tried(link), (66, ["FAILED publish: key: %s: others may read it "
                             "(mode 644, owner %s); chmod 640 it" % (
                                 key, pwd.getpwuid(os.geteuid()).pw_name),
                             *lines]), "a key that others may read")
    os.chmod(key, 0o600)
    os.rename(key, key + ".away")
    equal(tried(link), (66, ["FAILED publish: key: %s: No such file or "
                             "directory" % key, *lines]), "no key")
    os.rename(key + ".away", key)
    engine.kill()
    code, (_, *lines) = tried(link)
    ok(code == 1 and "connect: " in lines[0], "no engine is there", *lines)
    engine.start()
    with open(key, "w") as f:
        f.write("none\n")
    code, (shown, *_) = tried(link)
    ok(code == 66 and shown.startswith("FAILED publish: key: %s: " % key),
       "a file that holds no key", shown)


@for_one_engine
def odd_entries(engine):
    sign = "s" * 64
    for n, fields in enumerate([
            ("p", "x", "s", sign), ("p", "x"), ("s", sign),
            ("p", "x", "p", "y", "s", sign), ("p", "x", "s", sign, "q", "z"),
            ("p", "x", "s", "short"), ("p", "x", "s", sign + "s"),
            ("p", "x" * 8000, "s", sign), ("p", "x" * 8001, "s", sign)], 1):
        engine("XADD", "pbs:pop2", "%d-0" % n, *fields)
    with Link(engine.directory, "unix:" + engine.path, publish=None,
              settings=[HOSTS]) as link:
        link.begin(7, None, [("pbs:pop2", "0-0")])
        link.wait_count("entry", 9)
        equal([line[4] for line in link.said if line[1] == "entry"],
              ["0", "1", "1", "1", "1", "1", "1", "0", "2"],
              "malformed entries are reported as such")
        engine("XADD", "pbs:pop3", "1-0", *["f"] * 5000)
        engine("XADD", "pbs:pop2", "20-0", "p", "x", "s", sign)
        link.begin(8, None, [("pbs:pop2", "10-0"), ("pbs:pop3", "0-0")])
        ok(link.wait("state", "reader error loud", "pbs:pop3",
                     "exceed the limits"),
           "a stream with an entry over the limits is skipped")
        since = len(link.said)
        engine("XADD", "pbs:pop2", "30-0", "p", "x", "s", sign)
        ok(link.wait("entry", "30-0"), "the others are read")


@for_one_engine
def a_worker_that_does_not_read(engine):
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(7, "pbs:pop1")
        link.wait("top")
        link.tell("append %d-0 0-0 3000 8000" % BASE)
        ok(link.wait_count("appended", 3000), "3,000 of the longest entries")
        link.tell("stop")
        link.begin(8, "pbs:pop1", [("pbs:pop1", "0-0")])
        link.tell("go")
        ok(link.wait_count("entry", 3000),
           "a worker that was stopped misses none")
        ok([line[3] for line in link.said if line[1] == "entry"] ==
           ["%d-%d" % (BASE, n) for n in range(3000)], "in order")
        ok(all(line[0] == "8" for line in link.said if line[1] == "entry"),
           "and gets none that were for the previous worker")


@for_one_engine
def its_death(engine):
    with Link(engine.directory, "unix:" + engine.path) as link:
        link.begin(7, "pbs:pop1")
        link.wait("top")
        pids = link.pids()
        equal(sorted(pids), ["pbs-guardian", "pbs-link"],
              "two processes")
        old = pids["pbs-link"][0]
        with open("/proc/%d/status" % old) as f:
            status = dict(line.split(":\t") for line in f.read().splitlines()
                          if ":\t" in line)
        if not pbs.CHECKED:
            equal((status["CapEff"], status["CapBnd"], status["NoNewPrivs"]),
                  ("0" * 16, "0" * 16, "1"), "without any capability")
            ok(status["Seccomp"] == "2", "under seccomp", status["Seccomp"])
            with open("/proc/%d/limits" % old) as f:
                ok("268435456" in f.read(), "with 256 MB at most")
        since = len(link.said)
        os.kill(old, 9)
        ok(link.wait("started", since=since), "killed: another is started")
        link.begin(8, "pbs:pop1")
        equal(ids(link.wait("top", since=since)), "0-0", "and goes on")
        ok("died of signal 9" in link.errors(), "the keeper says so")
        since = len(link.said)
        link.tell("junk")
        ok(link.wait("started", since=since),
           "after a malformed message it exits and is replaced")
        ok("malformed message" in link.errors(), "and says why")
        ends = [os.pidfd_open(pid) for pids in link.pids().values()
                for pid in pids]
    ok(all(select.select([end], [], [], pbs.DEADLINE)[0] for end in ends),
       "with keeper and worker, both end")


main(entries_pass, old_entries_go, a_lost_stream_is_noticed,
     ids_that_are_taken, an_engine_that_is_full, an_engine_that_goes_away,
     permissions, the_operator_tries, odd_entries,
     a_worker_that_does_not_read, its_death, jobs=5)
