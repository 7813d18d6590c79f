#!/usr/bin/env python3
# promtool accepts the daemon's metrics and our alerts; each alert fires when it
# should and not otherwise. The dashboard, the alerts and the manual name
# exactly the metrics that exist.
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import hosts
import metrics
import pbs
import unpacked
from tap import contains, equal, main, ok, skip_all

RULES = os.path.join(ROOT, "packaging/prometheus/pop-before-smtp.rules.yml")
DASHBOARD = os.path.join(ROOT, "packaging/grafana/pop-before-smtp.json")
CASES = sorted(glob.glob(os.path.join(ROOT, "tests/fixtures/prometheus/*.yml")))
MANUAL = os.path.join(ROOT, "daemon/pop-before-smtp.8")
PROMTOOL = unpacked.program("promtool")
# Of the samples of a histogram.
PARTS = re.compile(r"_(?:bucket|count|sum)$")


def promtool(*words, given=None):
    done = subprocess.run([PROMTOOL, *words], input=given, text=True, cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def text_of(path):
    with open(path) as f:
        return f.read()


def written():
    """What pbsctl prints and what the file has, of names that are hard; with
    another host, one of whose entries is forged."""
    if hosts.missing():
        with pbs.Site() as site:
            return written_by(site)
    with hosts.Place("pop1", "relay") as (engine, pop1, site):
        pop1.pop()
        site.configure(hosts=[pop1])
        hosts.await_stream(engine, "pbs:pop1")
        engine("XADD", "pbs:pop1", "*", "p", "1 2 3 4\n", "s", b"x" * 64)
        return written_by(site, "peers_refusals_total{", "peers_silence_s")


def written_by(site, *awaited):
    def has_all():
        text = metrics.ask(site, "metrics").stdout
        return text if all(a in text for a in awaited) else None

    log = site.write('mail "a"\\b gr\u00fc\u00df.log', "")
    path = site.path("pbs.prom")
    site.start("--metrics=" + path, "--logfile=" + log,
               "--dbfile=hash:" + site.map,
               "--dbfile=socketmap:unix:" + site.path("map/ask"))
    site.log(pbs.login("198.51.100.1"), pbs.login("127.0.0.1"), name=log)
    site.wait_key("198.51.100.1")
    pbs.until("the file", pbs.DEADLINE, lambda: os.path.exists(path),
              lambda left: site.wait_map("any", lambda m: True))
    text = pbs.until("metrics", pbs.DEADLINE, has_all,
                     lambda left: time.sleep(0.05))
    return text, text_of(path)


def outputs():
    for name, text in zip(("pbsctl metrics", "the file"), TEXTS):
        equal(promtool("check", "metrics", given=text), (0, ""),
              "promtool finds nothing in " + name)
        contains(text, 'mail \\"a\\"\\\\b gr\u00fc\u00df.log"} 0',
                 "the name of the log is escaped")
    bad = TEXTS[0].replace("x_addresses ", "x_addresses_total ").replace(
        "smtp_lines_total", "smtp_lines")
    ok(promtool("check", "metrics", given=bad)[0], "it would have found a fault")


def alerts():
    code, said = promtool("check", "rules", RULES)
    equal((code, "7 rules found" in said), (0, True), "seven rules are right",
          said)
    code, said = promtool("test", "rules", *CASES)
    equal(code, 0, "each does as its cases say", said)
    named = re.findall(r"- alert: (\w+)", text_of(RULES))
    equal([c for c in named if text_of(RULES).count(c) > 1], [], "no name twice")
    cases = {}
    for path in CASES:
        for alert, expected in re.findall(
                r"alertname: (\w+)\n +exp_alerts:(.*)", text_of(path)):
            cases.setdefault(alert, set()).add(expected.strip() or "fires")
    equal(cases, {alert: {"[]", "fires"} for alert in named},
          "each fires in one case and is silent in another")


# ---- names ----

def labels_of(name):
    """The labels of a metric that the daemon writes."""
    return {label for labels in PARSED[name] for label in re.findall(
        r'(\w+)="', labels)} | {"instance"}


def queries():
    """(where, expression, legend) of the dashboard and the alerts."""
    dashboard = json.loads(text_of(DASHBOARD))
    for panel in dashboard["panels"]:
        for t in panel["targets"]:
            yield panel["title"], t["expr"], t["legendFormat"]
    for a in dashboard["annotations"]["list"]:
        yield a["name"], a["expr"], a["titleFormat"]
    for v in dashboard["templating"]["list"]:
        yield v["label"], v["query"], ""
    for rule in text_of(RULES).split("- alert: ")[1:]:
        name, _, rest = rule.partition("\n")
        yield name, rest.split("expr:")[1].split("labels:")[0], ""


def names_in(text):
    return set(re.findall(r"pop_before_smtp_(\w+)", text))


def names_are_known():
    used = set()
    for where, query, legend in queries():
        names = names_in(query)
        if hosts.missing():
            names = {n for n in names if not n.startswith("peers_")}
        used |= names
        unknown = sorted(names - set(PARSED))
        equal(unknown, [], "%s: its metrics exist" % where, query)
        known = set().union(*map(labels_of, names - set(unknown)))
        grouped = {word for group in re.findall(
            r"(?:by|without) \(([^)]*)\)", query)
            for word in group.split(", ")}
        asked = grouped | set(re.findall(r"\{\{(\w+)\}\}", legend))
        equal(sorted(asked - known) if names else [], [],
              "%s: so do its labels" % where, query, legend)
    peers = {name for name in PARSED if name.startswith("peers_")}
    equal(sorted(peers - used), [], "and all of other hosts are shown")
    families = {PARTS.sub("", name) for name in PARSED}
    told = set(re.findall(r"\.It Li (\w+_(?:total|seconds|bytes|info))",
                          text_of(MANUAL)))
    told |= {"addresses", "sessions", "rules", "max_addresses"}
    told |= {"peers_addresses", "peers_connected", "peers_published_logins"}
    if hosts.missing():
        told = {name for name in told if not name.startswith("peers_")}
    equal(sorted(families ^ told), [], "pop-before-smtp(8) tells each metric")
    ok(len(used) > 20, "the dashboard shows most of them", sorted(used))


def dashboard_parses():
    """Its queries as rules, with what Grafana would put into them."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        f.write("groups:\n  - name: dashboard\n    rules:\n")
        n = 0
        for where, query, _ in queries():
            if not names_in(query) or "label_values" in query or "\n" in query:
                continue
            n += 1
            query = re.sub(r"\$__\w+", "5m", query).replace("$instance", ".*")
            f.write("      - record: x%d\n        expr: %s\n" % (
                n, json.dumps(query)))
        f.flush()
        code, said = promtool("check", "rules", f.name)
        equal((code, "%d rules found" % n in said), (0, True),
              "each query of the dashboard is PromQL", said)
        ok(n > 20, "there are some", n)


if PROMTOOL is None:
    skip_all("needs promtool: packaging/unpack-packages %s/promtool prometheus"
             % os.path.relpath(pbs.BUILD, ROOT))
TEXTS = written()
PARSED = metrics.parsed(TEXTS[0])
main(outputs, alerts, names_are_known, dashboard_parses)
