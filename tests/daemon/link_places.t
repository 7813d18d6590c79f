#!/usr/bin/env python3
# Where pbs-link finds the engine: loopback, TLS with and without certificates,
# a list of engines, Sentinel; and how it handles each reply of an engine, sent
# by a fake one.
import os
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import engines
import linkdriver
import pbs
from engines import Engine, Fake, HELLO, bulk, info
from linkdriver import BASE, Link, directory
from tap import equal, main, ok

linkdriver.need()
pbs.need(os.path.join(os.path.dirname(linkdriver.PROGRAM), "pbs-tls.so"))
PROGRAM = engines.programs()[-1]


def goes_on(link, since=0):
    """Whether entries pass."""
    goes_on.id = getattr(goes_on, "id", BASE) + 1
    if not link.wait("top", since=since):
        return False
    since = len(link.said)
    link.tell("append %d-0 0-0 1 10" % goes_on.id)
    return bool(link.wait("appended", since=since))


# ---- TLS ----

def openssl(*words, when=None):
    """Without another time, not under faketime(1): that fails if one of the
    same pid was killed before, and left its memory in /dev/shm."""
    subprocess.run((["faketime", when] if when else []) + ["openssl", *words],
                   check=True, cwd=directory("tls"),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certify(name, ca="ca", subject="localhost", when=None):
    """name.pem and name.key, signed by the CA for two days from then on."""
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
            "-out", name + ".csr", "-subj", "/CN=" + subject)
    with open(directory("tls/" + name + ".ext"), "w") as f:
        f.write("subjectAltName=DNS:%s%s\n" % (
            subject, ",IP:127.0.0.1" if subject == "localhost" else ""))
    openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem",
            "-CAkey", ca + ".key", "-CAcreateserial", "-days", "2",
            "-extfile", name + ".ext", "-out", name + ".pem", when=when)
    os.chmod(directory("tls/" + name + ".key"), 0o600)


def make_certificates():
    os.makedirs(directory("tls"))
    for ca in "ca", "other":
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", ca + ".key",
                "-out", ca + ".pem", "-subj", "/CN=" + ca, "-days", "2")
    certify("engine")
    certify("pop1", subject="pop1")
    certify("old", subject="pop1", when="10 days ago")
    certify("stranger", ca="other", subject="pop1")
    certify("elsewhere", subject="elsewhere.example.org")


def tls_lines(ca="ca", cert="pop1"):
    where = directory("tls")
    mine = ", cert: %s/%s.pem, key: %s/%s.key" % (where, cert, where, cert)
    return ["tls: { ca: %s/%s.pem%s }" % (where, ca, mine if cert else "")]


def refused(name, port, why, host="localhost", **lines):
    with Link(directory("refused"), "tls:%s:%d" % (host, port),
              settings=tls_lines(**lines)) as link:
        link.begin(7, "pbs:pop1")
        line = link.wait("state", "writer lost")
        error = link.wait("state", "writer error", timeout=0)
        ok(error and why in " ".join(error), name, line, error)
        ok(not link.wait("top", timeout=0.1), "and nothing is sent")


def tls():
    make_certificates()
    with Engine(PROGRAM, directory("engine-tls"),
                tls=directory("tls")) as engine:
        for host in "localhost", "127.0.0.1":
            with Link(directory("tls-link"), "tls:%s:%d" % (
                    host, engine.port), settings=tls_lines()) as link:
                link.begin(7, "pbs:pop1", [("pbs:pop1", "0-0")])
                ok(goes_on(link), "TLS to " + host)
                ok(link.wait("entry"), "both ways")
        refused("no certificate of ours", engine.port, "certificate required",
                cert=None)
        refused("one of another CA", engine.port, "unknown ca",
                cert="stranger")
        refused("an engine of another CA", engine.port,
                "certificate: ", ca="other")
        refused("one that has expired", engine.port, "certificate expired",
                cert="old")
        with Link(directory("plain"), "inet:127.0.0.1:%d" % engine.port
                  ) as link:
            link.begin(7, "pbs:pop1")
            ok(link.wait("state", "writer lost"), "without TLS: lost")
    for name in "pem", "key":
        os.replace(directory("tls/elsewhere." + name),
                   directory("tls/engine." + name))
    with Engine(PROGRAM, directory("engine-elsewhere"),
                tls=directory("tls")) as engine:
        refused("a certificate for another name", engine.port, "mismatch")
        refused("or for no address", engine.port, "mismatch",
                host="127.0.0.1")


# ---- lists, and Sentinel ----

def loopback_and_lists():
    with Engine(PROGRAM, directory("master"), port=True) as master, \
            Engine(PROGRAM, directory("replica"), "--replicaof",
                   "127.0.0.1 %d" % master.port, port=True) as replica:
        places = ["inet:127.0.0.1:1", "inet:localhost:%d" % replica.port,
                  "inet:localhost:%d" % master.port]
        with Link(directory("list"), *places) as link:
            link.begin(7, "pbs:pop1", [("pbs:pop1", "0-0")])
            ok(goes_on(link), "the third of three engines is the master")
            line = link.wait("state", "writer connected")
            ok(places[2] in line and "master)" in line, "it is named", line)
            ok(link.wait("entry"), "a replica is good enough to read")
            line = link.wait("state", "reader connected")
            ok(places[1] in line and "replica)" in line, "it is named", line)
            told = " ".join(link.loud())
            ok("Connection refused" in told and "it is a replica" in told,
               "why the others were not taken", told)
            since = len(link.said)
            replica("REPLICAOF", "NO", "ONE")
            master("REPLICAOF", "127.0.0.1", replica.port)
            link.tell("append %d-0 0-0 1 10" % (BASE + 1000))
            ok(goes_on(link, since),
               "they change places: the other one is found")


def sentinel():
    with Engine(PROGRAM, directory("s-master"), port=True) as master, \
            Engine(PROGRAM, directory("s-replica"), "--replicaof",
                   "127.0.0.1 %d" % master.port, port=True) as replica:
        port = engines.free_port()
        conf = directory("sentinel.conf")
        with open(conf, "w") as f:
            f.write("sentinel monitor mail 127.0.0.1 %d 1\n"
                    "sentinel down-after-milliseconds mail 1000\n"
                    "sentinel failover-timeout mail 3000\n" % master.port)
        with Engine([PROGRAM, conf, "--sentinel"], directory("sentinel"),
                    port=port):
            place = "sentinel:mail@127.0.0.1:1,127.0.0.1:%d" % port
            with Link(directory("s-link"), place) as link:
                link.begin(7, "pbs:pop1", [("pbs:pop1", "0-0")])
                ok(goes_on(link), "the second Sentinel names the master")
                line = link.wait("state", "writer connected")
                ok("inet:127.0.0.1:%d" % master.port in " ".join(line),
                   "which is named", line)
                wait_replicated(replica)
                since = len(link.said)
                master.kill()
                ok(link.wait("state", "writer connected",
                             "inet:127.0.0.1:%d" % replica.port, since=since),
                   "the replica is promoted: it is found")
                ok(goes_on(link, since), "and written to")
            with Link(directory("s-link2"), place.replace("mail@", "news@")
                      ) as link:
                link.begin(7, "pbs:pop1")
                ok(link.wait("state", "writer lost", "no master by that name"),
                   "a name that Sentinel does not know")


def wait_replicated(replica):
    pbs.until("pbs:pop1 in the replica", pbs.DEADLINE,
              lambda: replica("EXISTS", "pbs:pop1"),
              lambda left: time.sleep(0.01))


# ---- a fake engine ----

def answering(**answers):
    """Answers to commands: bytes, a list of bytes for one after the other (the
    last one stays), or None."""
    def answer(words):
        given = answers.get(words[0], usual.get(words[0]))
        if isinstance(given, list):
            given = given.pop(0) if len(given) > 1 else given[0]
        return given(words) if callable(given) else given
    usual = {"HELLO": HELLO, "XINFO": info("5-0"),
             "XADD": lambda words: bulk(words[-5])[4:],
             "XTRIM": b":0\r\n", "XREAD": b"*-1\r\n"}
    return answer


class Played:
    """pbs-link with a fake engine, told to write."""

    def __init__(self, **answers):
        self.directory = tempfile.mkdtemp(dir=linkdriver.TOP.name)
        self.fake = Fake(self.directory, answering(**answers))
        self.link = Link(self.directory, "unix:" + self.fake.path)

    def __enter__(self):
        link = self.link.start()
        link.begin(7, "pbs:pop1")
        return link

    def __exit__(self, *_):
        self.link.stop()
        self.fake.close()


ANSWERS = [  # of HELLO or XADD; what is said; whether it goes on soon
    ("HELLO", "LOADING Redis is loading the dataset in memory", "LOADING", 1),
    ("HELLO", "ERR max number of clients reached", "max number", 1),
    ("XADD", "MASTERDOWN Link with MASTER is down", "MASTERDOWN", 1),
    ("XADD", "NOREPLICAS Not enough good replicas to write.", "NOREPL", 1),
    ("XADD", "MISCONF Redis is configured to save RDB snapshots", "MISC", 1),
    ("XADD", "CLUSTERDOWN The cluster is down", "CLUSTERDOWN", 1),
    ("XADD", "READONLY You can't write against a read only replica.",
     "READONLY", 1),
    ("XADD", "OOM command not allowed when used memory > 'maxmemory'.",
     "raise its maxmemory", 1),
    ("HELLO", "NOAUTH HELLO must be called with the client already "
     "authenticated", "NOAUTH", 0),
    ("XADD", "WRONGTYPE Operation against a key", "WRONGTYPE", 0),
    ("XADD", "MOVED 15284 192.0.2.1:6379", "cluster mode", 0),
    ("XADD", "CROSSSLOT Keys in request don't hash", "cluster mode", 0),
    ("XADD", "ERR unknown command `XADD`", "unknown command", 0),
]


def play(command, answer, said, passes):
    refusal = b"-" + answer.encode() + b"\r\n"
    usual = answering()
    with Played(**{command: [refusal, refusal, usual]}) as link:
        since = 0
        for n in range(4 if passes else 1):
            if command == "HELLO" and not passes:
                break
            link.wait("top", since=since)
            since = len(link.said)
            link.tell("append %d-0 0-0 1 10" % (BASE + n))
            if link.wait("appended", timeout=.3):
                break
        if passes:
            ok(link.wait("appended"), answer[:12] + ": it tries again",
               *link.said)
        line = link.wait("state", said)
        ok(line and (passes or line[3] == "error"), answer[:12] + ": reported",
           *link.said)
        equal(len([t for t in link.loud() if said in t]), 1, "once",
              *link.loud())


def answers():
    threads = [threading.Thread(target=play, args=row) for row in ANSWERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


NONSENSE = [
    ("HTTP", {"HELLO": b"HTTP/1.1 400 Bad Request\r\n"}),
    ("a greeting without a version", {"HELLO": bulk("server", "redis")}),
    ("a number for an id", {"XADD": b":1\r\n"}),
    ("another id", {"XADD": b"$3\r\n1-1\r\n"}),
    ("an array of a hundred million", {"XADD": b"*100000000\r\n"}),
    ("RESP3", {"XINFO": b"%1\r\n+a\r\n+b\r\n"}),
    ("no last id", {"XINFO": bulk("length", b":1\r\n")}),
    ("more answers than questions", {"HELLO": HELLO + b"+OK\r\n" * 9}),
]


def nonsense():
    for name, given in NONSENSE:
        with Played(**given) as link:
            if "XADD" in given:
                link.wait("top")
                link.tell("append %d-0 0-0 1 10" % BASE)
            ok(link.wait("state", "writer lost"), name + ": closed",
               *link.said)
            equal(link.count("appended"), 0, "and nothing is believed")
            ok("pbs-link" in link.pids(), "it lives")


def others():
    with Played(HELLO=bulk("server", "redis", "version", "7", "mode",
                           "cluster", "role", "master")) as link:
        ok(link.wait("state", "writer error", "cluster mode"),
           "an engine in cluster mode is refused")
    with Played(HELLO=bulk("server", "redis", "version", "7", "mode",
                           "sentinel")) as link:
        ok(link.wait("state", "writer error", "sentinel:NAME@HOST:PORT"),
           "a Sentinel that was taken for an engine")
    with Played(XREAD=bulk(bulk("pbs:other", bulk(bulk(
            "1-0", bulk("p", "x", "s", "s" * 64))))),
            XINFO=info("9-0")) as link:
        link.begin(8, None, [("pbs:pop2", "0-0")])
        link.wait("state", "reader connected")
        equal(link.wait("entry", timeout=0.3), None,
              "a stream that nobody asked for is ignored")


main(tls, loopback_and_lists, sentinel, answers, nonsense, others, jobs=6)
