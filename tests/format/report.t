#!/usr/bin/env python3
# report: the counts of `pbsctl report --json' equal those of a naive model,
# over random logs with rotated files; and wrong arguments are reported.
import bz2
import collections
import datetime
import gzip
import json
import lzma
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import tap  # noqa: E402

PBSCTL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "pbsctl")
UTC = datetime.timezone.utc
DAY = 86400
GRACES = (600, 1800, 2700, 3600)  # one is the configured one
LOGIN = {
    "Dovecot": "dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=%s, "
               "lip=198.51.100.1, mpid=7, session=<WaXuGMFgvad/AAAC>",
    "Courier": "pop3d: LOGIN, user=%s, ip=[%s]",
    "teapop": "teapop[7]: Successful login for %s [192.0.2.1] from h [%s]",
}
OTHER = "postfix/smtpd[8]: connect from unknown[192.0.2.9]"
Login = collections.namedtuple("Login", "when address user server")


def at(text):
    return int(datetime.datetime.fromisoformat(text).replace(
        tzinfo=UTC).timestamp())


def line(when, text):
    stamp = datetime.datetime.fromtimestamp(when, UTC).isoformat()
    return "%s mail %s\n" % (stamp, text)


def login_line(login):
    return line(login.when, LOGIN[login.server] % (login.user, login.address))


class Site:
    """A directory with a configuration and a log."""

    def __init__(self, *settings):
        self.dir = tempfile.TemporaryDirectory()
        self.log = self.path("mail.log")
        with open(self.path("conf.yaml"), "w") as f:
            f.write("dbfile: hash:%s\nlogfile: %s\nmynetworks: no\n"
                    % (self.path("map"), self.log) + "\n".join(settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.dir.cleanup()

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def write(self, text, suffix=""):
        opener = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}.get(
            suffix[-4:] if suffix.endswith("bz2") else suffix[-3:], open)
        with opener(self.log + suffix, "wb") as f:
            f.write(text.encode("utf-8", "surrogateescape"))

    def run(self, *arguments, zone="UTC", **more):
        return subprocess.run(
            [PBSCTL, "report", "--config", self.path("conf.yaml"), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
            env=dict(os.environ, TZ=zone), **more)

    def json(self, *arguments, **more):
        done = self.run("--json", *arguments, **more)
        tap.equal(done.stderr, b"", "nothing on standard error")
        return json.loads(done.stdout)


# ---- the naive model ----

def tally(logins):
    return {"logins": len(logins),
            "addresses": len({l.address for l in logins}),
            "users": len({l.user for l in logins})}


def grouped(logins, key):
    groups = collections.defaultdict(list)
    for login in logins:
        groups[key(login)].append(login)
    return groups


def intervals(logins, grace):
    """Of each address, from when until when it was authorized."""
    for one in grouped(logins, lambda l: l.address).values():
        begin = end = None
        for when in sorted(l.when for l in one):
            if end is not None and when < end:
                end = when + grace
                continue
            if end is not None:
                yield begin, end
            begin, end = when, when + grace
        yield begin, end


def at_once(spans, moments, since, until):
    """The highest number of spans that any moment of the time is in."""
    best, when = 0, since
    for moment in [since] + sorted(m for m in moments if since <= m < until):
        count = sum(begin <= moment < end for begin, end in spans)
        if count > best:
            best, when = count, moment
    return best, when


def replayed(logins, grace, since, until):
    spans = list(intervals(logins, grace))
    begins = {begin for begin, _ in spans}
    peak, when = at_once(spans, begins, since, until)
    open_seconds = sum(max(0, min(end, until) - max(begin, since))
                       for begin, end in spans)
    grants = sum(since <= begin < until for begin, _ in spans)
    counted = sum(since <= l.when < until for l in logins)
    return {"grace": grace, "configured": grace == GRACES[2], "peak": peak,
            "peak_time": when, "grants": grants, "renewals": counted - grants,
            "mean": "%.1f" % (open_seconds / (until - since)),
            "address_hours": "%.1f" % (open_seconds / 3600)}, spans, begins


def compare(got, logins, since, until):
    inside = [l for l in logins if since <= l.when < until]
    for key, want in tally(inside).items():
        tap.equal(got[key], want, "%s altogether" % key)
    tap.equal({row.pop("server"): row for row in got["servers"]},
              {name: tally(part) for name, part in grouped(
                  inside, lambda l: l.server).items()}, "by server")
    hours = grouped(inside, lambda l: l.when // 3600 % 24)
    tap.equal(got["hours"], [dict(tally(hours[h]), hour=h)
                             for h in range(24)], "by hour of the day")
    compare_shared(got, inside)
    compare_parts(got, logins, inside, since, until)


def compare_shared(got, inside):
    by_address = {address: part for address, part in grouped(
        inside, lambda l: l.address).items()
        if len({l.user for l in part}) > 1}
    tap.equal(got["shared_addresses"], len(by_address), "addresses shared")
    best = sorted((-len({l.user for l in part}), -len(part))
                  for part in by_address.values())[:20]
    tap.equal([(-row["users"], -row["logins"]) for row in got["shared"]], best,
              "the most shared first")
    for row in got["shared"]:
        part = by_address[row["address"]]
        users = {l.user for l in part}
        if (row["users"], row["logins"]) != (len(users), len(part)) or \
           row["first"] != min(l.when for l in part) or \
           row["last"] != max(l.when for l in part) or \
           len(row["names"]) != min(8, len(users)) or \
           not set(row["names"]) <= users:
            tap.equal(row, part, "a shared address")


def compare_parts(got, logins, inside, since, until):
    """The parts are those that they say they are, without gaps."""
    parts = got["parts"]
    tap.ok(parts[0]["begin"] <= since and parts[-1]["end"] >= until,
           "the parts cover the period")
    tap.equal([p["end"] for p in parts[:-1]], [p["begin"] for p in parts[1:]],
              "without gaps")
    tap.equal([{key: p[key] for key in ("logins", "addresses", "users")}
               for p in parts],
              [tally([l for l in inside if p["begin"] <= l.when < p["end"]])
               for p in parts], "logins of each part")
    tap.equal([p["by_column"] for p in parts],
              [[sum(l.server == name for l in inside
                    if p["begin"] <= l.when < p["end"])
                for name in got["columns"]] for p in parts],
              "and of each server in it")
    for i, grace in enumerate(GRACES):
        want, spans, begins = replayed(logins, grace, since, until)
        row = dict(got["graces"][i])
        for key in "mean", "address_hours":
            row[key] = "%.1f" % row[key]
        tap.equal(row, want, "a grace of %d s" % grace)
        tap.equal([p["peaks"][i] for p in parts],
                  [at_once(spans, begins, max(since, p["begin"]),
                           min(until, p["end"]))[0] for p in parts],
                  "and its peak in each part")


# ---- random logs ----

def random_logins(rng, begin, end, count):
    users = ["user%d" % i for i in range(rng.randrange(2, 40))]
    addresses = ["198.18.0.%d" % i for i in range(1, rng.randrange(4, 60))] + \
        ["2001:db8::%x:1" % i for i in range(1, rng.randrange(3, 20))]
    for _ in range(count):
        when = rng.randrange(begin, end)
        if rng.random() < 0.3:  # at the same second as others
            when -= when % 600
        yield Login(max(begin, when), rng.choice(addresses),
                    rng.choice(users), rng.choice(list(LOGIN)))


def naive_model():
    for seed, span in enumerate((3600, 5 * 3600, 2 * DAY, 7 * DAY, 30 * DAY)):
        rng = random.Random(seed)
        since = at("2026-09-01T07:23:45") + rng.randrange(DAY)
        until = since + span
        logins = sorted(random_logins(rng, since - 3 * 3600, until + 3600,
                                      rng.choice((3, 60, 700))))
        disordered = sorted(logins, key=lambda l: l.when + rng.randrange(50))
        lines = [login_line(l) for l in disordered]
        for _ in range(len(lines)):
            i = rng.randrange(len(lines))
            lines.insert(i, line(disordered[min(i, len(logins) - 1)].when,
                                 OTHER))
        # What was authorized long before the period is not looked for.
        counted = [l for l in logins if since - 3600 <= l.when < until]
        with Site("grace: 45m") as site:
            cut = sorted(rng.randrange(len(lines)) for _ in range(4))
            for part, suffix in zip(
                    (lines[:cut[0]], lines[cut[0]:cut[1]],
                     lines[cut[1]:cut[2]], lines[cut[2]:cut[3]],
                     lines[cut[3]:]), (".4.bz2", ".3.xz", ".2.gz", ".1", "")):
                site.write("".join(part), suffix)
            print("# seed %d: %d logins in %d s" % (seed, len(logins), span))
            compare(site.json("--since", iso(since), "--until", iso(until)),
                    counted, since, until)


def iso(when):
    return datetime.datetime.fromtimestamp(when, UTC).strftime(
        "%Y-%m-%d %H:%M:%S")


# ---- what is refused, and what is doubtful ----

def refused():
    since = at("2026-11-21T00:00:00")
    good = Login(since + 60, "192.0.2.7", "ann", "Dovecot")
    bad = good._replace(user="a\x1bb")
    with Site("exclude: [203.0.113.0/24]") as site:
        site.write("".join(map(login_line, (
            good, good._replace(address="127.0.0.1"),
            good._replace(address="203.0.113.9"),
            good._replace(address="203.0.113.10"), bad,
            bad._replace(when=since - 7 * DAY)))) + "no header at all\n"
            + line(since + 90, OTHER))
        got = site.json("--since", "2026-11-20", "--until", "2026-11-22")
        tap.equal(got["logins"], 1, "refused logins are not among the logins")
        tap.equal((got["refused"], got["refusals"]), (3, [
            {"reason": "excluded 203.0.113.0/24", "lines": 2},
            {"reason": "loopback", "lines": 1}]), "each reason with its lines")
        tap.equal((got["doubtful"], [d["lines"] for d in got["doubts"]]),
                  (1, [1]), "a doubtful line of the period")
        tap.contains(got["doubts"][0]["reason"], "control bytes", "and why")
        tap.equal((got["lines"] >= 7, got["headerless"]), (True, 1),
                  "lines, and those without a known header")


def networks():
    since = at("2026-11-21T00:00:00")
    with Site("ipv6_prefix: 64") as site:
        site.write("".join(login_line(Login(
            since + i, "2001:db8:0:1::%x:1" % (i + 1), "user%d" % i,
            "Dovecot")) for i in range(3)))
        got = site.json("--since", "2026-11-20", "--until", "2026-11-22")
        tap.equal((got["addresses"], got["shared"][0]["address"],
                   got["shared"][0]["users"]), (1, "2001:db8:0:1::/64", 3),
                  "ipv6_prefix: 64: what is authorized is a network")


def daylight():
    """The hours and days are those of local time, even if clocks change."""
    with Site() as site:
        site.write("".join(login_line(Login(at(t), "192.0.2.7", "ann",
                                            "Dovecot"))
                           for t in ("2026-10-24T21:30:00",
                                     "2026-10-24T22:30:00",
                                     "2026-10-25T22:30:00",
                                     "2026-10-25T23:30:00")))
        got = site.json("--since", "2026-10-10", "--until", "2026-11-10",
                        zone="Europe/Berlin")
        tap.equal([p["logins"] for p in got["parts"]][13:17], [0, 1, 2, 1],
                  "days begin at midnight, with 25 hours in one")
        tap.equal([h["hour"] for h in got["hours"] if h["logins"]], [0, 23],
                  "hours are local ones")
        got = site.json("--since", "2026-10-25 12:00", "--until", "2026-11-10",
                        zone="Europe/Berlin")
        tap.equal(got["parts"][0]["begin"], at("2026-10-24T22:00:00"),
                  "the midnight before the clocks changed")


# ---- the command line ----

def several():
    """Two logs, one of which does not exist; a log by its flag."""
    login = login_line(Login(at("2026-11-21T00:00:00"), "192.0.2.7", "ann",
                             "Dovecot"))
    when = ("--since", "2026-11-20", "--until", "2026-11-22")
    with Site() as site:
        site.write(login)
        with open(site.path("other.log"), "w") as f:
            f.write(login * 2)
        other = "--logfile=" + site.path("other.log")
        tap.equal(site.json(*when, other)["logins"], 2,
                  "--logfile takes the place of the configured log")
        tap.equal(site.json(*when, other, "--logfile=" + site.log)["logins"],
                  3, "several logs")
        done = site.run("--json", *when, other,
                        "--logfile=" + site.path("none"))
        tap.equal((done.returncode, json.loads(done.stdout)["logins"]),
                  (66, 2), "without one of them: 66, and a report")
        tap.contains(done.stderr.decode(), site.path("none") + ": No such file",
                     "which says so")
        tap.equal(json.loads(done.stdout)["problems"],
                  [site.path("none") + ": No such file or directory"],
                  "in the report, too")
        done = site.run(*when, "--logfile=" + site.path("none"))
        tap.equal((done.returncode, done.stdout), (66, b""),
                  "without any: 66, and no report")
        done = site.run("--json", *when, "--logfile=-",
                        input=login.encode())
        tap.equal(json.loads(done.stdout)["logins"], 1, "standard input")


def no_header():
    """A log of another form is not a log without logins."""
    with Site() as site:
        site.write("of no form\n" * 3)
        done = site.run("--json", "--since", "2026-11-20")
        tap.equal(done.returncode, 0, "a log of no known form: a report")
        tap.contains(done.stderr.decode(), "3 of 3 lines begin like no known "
                     "log; pbsctl explain shows why", "which says so")
        tap.equal(len(json.loads(done.stdout)["problems"]), 1,
                  "in the report, too")


def no_newline():
    with Site() as site:
        site.write("x" * 1234)
        done = site.run("--json", "--since", "2026-11-20")
        why = site.log + ": its 1234 bytes were not read: there is no newline"
        tap.equal(done.returncode, 66, "a log without any newline: 66")
        tap.contains(done.stderr.decode(), why, "it is named")
        tap.contains(json.loads(done.stdout)["problems"][0], why,
                     "in the report, too")
        site.write(login_line(Login(at("2026-11-21T00:00:00"), "192.0.2.7",
                                    "ann", "Dovecot")) + "2026-11-21T0")
        done = site.run("--since", "2026-11-20", "--until", "2026-11-22")
        tap.equal((done.returncode, done.stderr), (0, b""),
                  "a line that is being written is nothing to speak of")


def unreadable():
    login = login_line(Login(at("2026-11-21T00:00:00"), "192.0.2.7", "ann",
                             "Dovecot"))
    with Site() as site:
        site.write(login)
        packed = gzip.compress(login.encode() * 50000)
        with open(site.log + ".1.gz", "wb") as f:
            f.write(packed[:len(packed) // 2])
        done = site.run("--since", "2026-11-20", "--until", "2026-11-22")
        tap.equal(done.returncode, 66, "half of a .gz: 66")
        tap.contains(done.stderr.decode(), site.log + ".1.gz", "it is named")
        os.rename(site.log + ".1.gz", site.log + ".1.lz4")
        done = site.run("--since", "2026-11-20", "--until", "2026-11-22")
        tap.equal((done.returncode, done.stderr.decode().count(
            "skipped %s.1.lz4: its compression" % site.log)), (66, 1),
            "a compression that is not known, with lines of the period")
        os.utime(site.log + ".1.lz4", (0, at("2026-11-10")))
        done = site.run("--since", "2026-11-20", "--until", "2026-11-22")
        tap.equal((done.returncode, done.stderr), (0, b""),
                  "one that is older than the period is not missed")


def text():
    logins = [Login(at("2026-11-21T08:00:00") + 60 * i, "192.0.2.7",
                    "user%02d" % (i % 10), "Dovecot") for i in range(30)]
    with Site() as site:
        site.write("".join(map(login_line, logins)))
        done = site.run("--since", "2026-11-21", "--until", "2026-11-22")
        out = done.stdout.decode()
        for part in ("Logins from 2026-11-21 00:00 to 2026-11-22 00:00",
                     "Dovecot                        30          1         "
                     "10", "  08         30", "192.0.2.7", "10         30  "
                     "2026-11-21 08:29", "and 2 more", "30 min   *"):
            tap.contains(out, part, "text: " + part)
        tap.equal(done.returncode, 0, "exit 0")
        done = site.run("--since", "2026-12-21", "--until", "2026-12-22")
        tap.contains(done.stdout.decode(), "logins                 0",
                     "no logins")
        tap.equal(done.returncode, 0, "which is a report, too")


def wrong():
    with Site() as site:
        for arguments, word in (
                (["--since", "soon"], "'soon' is neither"),
                (["--since", "2026-02-31"], "2026-02-31"),
                (["--until", "7"  "x"], "--until: '7x'"),
                (["--since", "1h", "--until", "2h"], "ends before it begins"),
                (["--since", "2100-01-01"], "ends before it begins"),
                (["--sinc3"], "did you mean '--since'"),
                (["--since"], "--since needs a value"),
                (["mail.log"], "name a log as --logfile=mail.log")):
            done = site.run(*arguments)
            tap.equal(done.returncode, 64, "%s: 64" % arguments)
            tap.contains(done.stderr.decode(), word, "and why")
        with open(site.path("conf.yaml"), "a") as f:
            f.write("\ngrase: 5\n")
        done = site.run()
        tap.equal(done.returncode, 78, "a bad configuration: 78")
        tap.contains(done.stderr.decode(), "grace", "and why")


tap.main(naive_model, refused, networks, daylight, several, no_header,
         no_newline, unreadable, text, wrong)
