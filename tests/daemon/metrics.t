#!/usr/bin/env python3
# The daemon's metrics for Prometheus: the counters agree with pbsctl status;
# the file is replaced as a whole, at most every 15 s, and by an idle daemon
# when the keeper checks its worker. If the file cannot be written, that is
# logged once, and logins still count.
import os
import signal
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import clocks
import metrics
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip_all

SLOW = """server: Slow
program: slow
rules:
  - name: slow-login
    match: '(?:x+x+)+y (?<ip>\\S+)'
    accept: []
    reject: []
"""
OTHER = "imapd: LOGIN, user=ann, ip=[::ffff:%s], port=[5], protocol=IMAP"
# A metric without a label, and the key of status that has the same figure.
SAME = """start_time_seconds=started
settings_read_timestamp_seconds=settings_read
last_login_timestamp_seconds=last_login
addresses grace_seconds=grace sessions rules
lines_total=lines headerless_lines_total=headerless
stale_logins_total=stale ahead_logins_total=ahead
grants_total=granted renewals_total=renewed expiries_total=expired
evictions_total=evicted removals_total=removed
maps_replaced_total=map_replaced""".split()
# A metric with a label, whose sum status has.
SUMS = """logins_total=logins refused_logins_total=refused
doubtful_lines_total=doubtful publish_duration_seconds_count=publishes
publish_failures_total=publish_failures errors_total=errors
warnings_total=warnings""".split()


def agreed(site):
    """The metrics, which have the same figures as pbsctl status."""
    want = None
    while want != metrics.status(site):  # a map is written meanwhile
        want = metrics.status(site)
        text = metrics.ask(site, "metrics").stdout
    got = metrics.parsed(text)
    for pair in SAME + SUMS:
        name, _, key = pair.partition("=")
        equal(sum(got[name].values()), want[key or name],
              "%s is what status says of %s" % (name, key or name))
    return got, text


class Watched:
    """A daemon with a file of metrics, which is awaited."""

    def __init__(self, site, time, *flags):
        os.mkdir(site.path("metrics"))
        self.path = site.path("metrics/pbs.prom")
        self.site, self.time, self.since = site, time, 0
        self.watch = pbs.Inotify(site.path("metrics"))
        self.daemon = site.start("--metrics=" + self.path, *flags,
                                 env=time.env)

    def advance(self, seconds):
        self.since = int(self.time.wall()) + seconds
        self.time.advance(seconds)

    def written(self):
        """Its content, once it has been written since advance()."""
        def fresh():
            got = os.path.exists(self.path) and metrics.read(self.path)
            return got and got["last_update_timestamp_seconds"][""] >= (
                self.since) and got
        return pbs.until("the file is written", pbs.DEADLINE, fresh,
                         self.watch.wait)

    def close(self):
        self.watch.close()


def figures():
    with pbs.Site("100.64.9.0/24") as site, clocks.Clocks(site) as time:
        os.mkdir(site.path("patterns"))
        site.write("patterns/slow.yaml", SLOW)
        w = Watched(site, time, "--exclude=203.0.113.0/24",
                    "--max-addresses=3", "--patterns=" + os.path.join(
                        pbs.ROOT, "patterns"),
                    "--patterns=" + site.path("patterns"))
        w.written()
        site.log(login("198.51.100.1"), login("198.51.100.1", "bob"),
                 OTHER % "198.51.100.2", OTHER % "198.51.100.3",
                 login("127.0.0.1"), login("100.64.9.7"), login("203.0.113.7"),
                 "slow: xxxxxxxxxxxxxx 198.51.100.9", "cron: nothing",
                 login("198.51.100.4", "a\x01b"))
        site.log(login("198.51.100.5"), when=time.wall() - 3600)
        site.log(login("198.51.100.6"), when=time.wall() + 3600)
        site.raw("no header at all\n")
        site.wait_key("198.51.100.6")
        equal(metrics.ask(site, "remove", "198.51.100.6").returncode, 0,
              "an operator removes an address")
        site.wait_gone("198.51.100.6")
        site.log(login("198.51.100.6"), when=time.wall() - 60)
        site.log(login("198.51.100.1"))
        pbs.until("all lines are read", pbs.DEADLINE,
                  lambda: metrics.status(site)["lines"] == 15,
                  lambda left: site.wait_map("a look", lambda m: True))
        got, text = agreed(site)
        by_rule = got["logins_total"]
        equal((by_rule['rule="dovecot-login"'], by_rule['rule="courier-login"'],
               by_rule['rule="slow-login"']), (9.0, 2.0, 0.0), "by rule")
        equal(got["refused_logins_total"],
              {'reason="special"': 1, 'reason="own"': 0,
               'reason="excluded"': 1, 'reason="mynetworks"': 1,
               'reason="removed"': 1}, "refusals by reason")
        doubts = got["doubtful_lines_total"]
        equal((doubts['reason="match_limit"'], doubts['reason="control"'],
               sum(doubts.values())), (1, 1, 2), "a match limit was hit")
        equal([sum(got[name].values()) for name in (
            "stale_logins_total", "ahead_logins_total", "lines_total",
            "headerless_lines_total", "evictions_total", "removals_total")],
              [1, 1, 15, 1, 1, 1], "what else was in the log")
        equal(sum(got["addresses"].values()), sum(
            sign * sum(got[name].values()) for sign, name in (
                (1, "grants_total"), (-1, "expiries_total"),
                (-1, "evictions_total"), (-1, "removals_total"))),
              "who was granted and is not gone, is there")
        equal(list(got["log_lag_bytes"].values()), [0], "nothing is unread")
        for private in "ann", "bob", "198.51.100", "203.0.113":
            ok(private not in text, "no user, no address: " + private)
        w.advance(15)
        site.log("cron: anything")
        site.wait_map("any", lambda m: True)
        equal(w.written()["logins_total"], by_rule, "the file has the same")
        w.close()


def delays():
    """From the stamp of a line to each map, and what expires."""
    with pbs.Site() as site, clocks.Clocks(site) as time:
        live = "socketmap:unix:" + site.path("map/ask")
        w = Watched(site, time, "--grace=60", "--dbfile=hash:" + site.map,
                    "--dbfile=" + live)
        site.log(login("198.51.100.1"), when=time.wall() - 20)
        site.wait_key("198.51.100.1")
        got = metrics.parsed(metrics.ask(site, "metrics").stdout)
        for name in "hash:" + site.map, live:
            equal([got["login_delay_seconds_bucket"]['map="%s",le="%s"' % (
                name, le)] for le in ("10", "30", "+Inf")], [0, 1, 1],
                  "20 s is the delay of " + name.split(":")[0])
        ok(live not in str(got["publish_duration_seconds_count"]),
           "a live map is never written")
        time.advance(61)
        site.wait_gone("198.51.100.1")
        equal(agreed(site)[0]["expiries_total"], {"": 1}, "it has expired")
        w.close()


def file():
    with pbs.Site() as site, clocks.Clocks(site) as time:
        w = Watched(site, time)
        begin = time.steady()
        first = w.written()
        st = os.stat(w.path)
        equal(stat.S_IMODE(st.st_mode), 0o644, "everybody may read it")
        equal(os.listdir(site.path("metrics")), ["pbs.prom"],
              "nothing else is left there")
        for i in range(1, 4):
            site.log(login("198.51.100.%d" % i))
            site.wait_key("198.51.100.%d" % i)
        ok(os.stat(w.path).st_ino == st.st_ino or time.steady() - begin > 14,
           "within 15 s it is not written again")
        w.advance(15)
        second = w.written()
        ok(os.stat(w.path).st_ino != st.st_ino, "then it is another file")
        equal(sum(second["logins_total"].values()), 3, "with what has happened")
        for name in "198.51.100.1", "198.51.100.2", "198.51.100.3":
            metrics.ask(site, "remove", name)
        site.wait_map("nobody", lambda m: not m)
        w.advance(15)
        w.written()
        w.advance(60)
        idle = w.written()
        ok(idle["last_update_timestamp_seconds"][""]
           - second["last_update_timestamp_seconds"][""] > 60,
           "an idle daemon writes that it is there")
        w.advance(1)
        os.kill(w.daemon.worker(), signal.SIGKILL)
        w.daemon.wait_message("read 0 lines", count=2)
        again = w.written()
        ok(again["start_time_seconds"][""] > first["start_time_seconds"][""],
           "another worker says when it began")
        equal(again["lines_total"], {"": 0}, "and counts from zero")
        equal(again["errors_total"]['process="keeper"'], 1,
              "the keeper does not", w.daemon.messages())
        agreed(site)
        w.daemon.stop()
        ok(os.path.exists(w.path), "the last one stays")
        w.close()


def unwritable():
    with pbs.Site() as site, clocks.Clocks(site) as time:
        os.mkdir(site.path("open"))
        os.chmod(site.path("open"), 0o777)
        path = site.path("open/pbs.prom")
        daemon = site.start("--metrics=" + path, env=time.env)
        daemon.wait_message("metrics: ")
        contains(daemon.messages(), "error: metrics: %s: others can write the "
                 "directory %s (mode 777); chmod go-w it; trying again, and "
                 "continuing without it" % (path, site.path("open")),
                 "the file and the reason are logged")
        os.chmod(site.path("open"), 0o1777)
        contains(site.run("--once", "--dbfile=hash:" + site.path("open/map"),
                          "--checkpoint=" + site.path("open/state")).stderr,
                 "everybody can write the directory %s; use one that nobody "
                 "else can write" % site.path("open"),
                 "nobody is told to close a directory like /tmp")
        os.chmod(site.path("open"), 0o777)
        for i in range(1, 4):
            time.advance(15)
            site.log(login("198.51.100.%d" % i), when=time.wall())
            ok(site.wait_key("198.51.100.%d" % i), "logins go on")
        equal(daemon.messages().count("metrics: "), 1, "it is logged once")
        ok(not os.path.exists(path), "there is no file")
        os.chmod(site.path("open"), 0o755)
        time.advance(15)
        site.log(login("198.51.100.4"), when=time.wall())
        daemon.wait_message("metrics: %s: written again" % path)
        ok("addresses" in metrics.read(path), "when it is repaired, there is")
        os.unlink(path)
        os.mkdir(path)
        time.advance(15)
        site.log(login("198.51.100.5"), when=time.wall())
        daemon.wait_message("%s: cannot be saved" % path)
        ok(not os.path.exists(path + ".tmp"), "nothing is left of a failure")
        daemon.stop()


def refused():
    with pbs.Site() as site:
        equal(metrics.ask(site, "metrics").returncode, 69,
              "without a daemon there are none")
        equal(metrics.ask(site, "metrics", "--json").returncode, 64,
              "there is but one form")
        for value, why in (
                ("pbs.prom", "'pbs.prom' is relative; write the whole path"),
                ("/tmp/pbs", "does not end with .prom"),
                (site.map + ".prom", "is the checkpoint")):
            done = site.run("--check", "--metrics=" + value,
                            "--checkpoint=" + site.map + ".prom")
            contains(done.stdout + done.stderr, why, value + " is refused")
            ok(done.returncode, "with an exit code")
        done = site.run("--check", "--metrics=%s/none/x.prom" % site.dir)
        contains(done.stdout, "FAILED metrics %s/none/x.prom: %s/none: No such "
                 "file or directory" % (site.dir, site.dir),
                 "--check looks at the directory")
        os.mkdir(site.path("d.prom"))
        done = site.run("--check", "--metrics=" + site.path("d.prom"))
        contains(done.stdout, "FAILED metrics %s: is not a regular file"
                 % site.path("d.prom"), "a directory is no file of metrics")
        done = site.run("--check", "--metrics=%s/x.prom" % site.mapdir)
        contains(done.stdout, "ok metrics", "one that is there is good")


if pbs.SANITIZED or pbs.WRAP:
    skip_all("a checker preloads more than these clocks")
main(figures, delays, file, unwritable, refused)
