"""metrics: what the daemon tells a Prometheus, and reading it."""
import json
import os
import re
import subprocess

import pbs

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
SAMPLE = re.compile(r"pop_before_smtp_([a-z_]+)(?:\{(.*)\})? ([0-9.]+)$")


def ask(site, *words):
    """What pbsctl says of the daemon of a site: CompletedProcess."""
    return subprocess.run(
        [PBSCTL, *words, "--config", site.config, "--dbfile", site.map],
        env=site.env, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def status(site):
    return json.loads(ask(site, "status", "--json").stdout)


def parsed(text):
    """{name: {labels, as written, or "": value}}"""
    found = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            name, labels, value = SAMPLE.match(line).groups()
            found.setdefault(name, {})[labels or ""] = float(value)
    return found


def read(path):
    with open(path) as f:
        return parsed(f.read())
