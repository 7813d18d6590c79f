#!/usr/bin/env python3
# page: headless Chromium shows the page of `pbsctl report' without a message on
# its console or a network request, with the numbers of --json, and readable on
# a phone.
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import chromium
import pbs
import reportpage
import tap

READ = """(() => {
  const found = {};
  for (const e of document.querySelectorAll("[id]"))
    found[e.id] = e.tagName != "TABLE" ? e.textContent :
      [...e.tBodies[0].rows].map(row => [...row.cells].slice(1).map(
        cell => cell.textContent.trim()));
  return found;
})()"""
WIDER = "document.documentElement.scrollWidth - innerWidth"
# Nothing that a name brought with it, and every chart has a size.
STRANGE = "document.querySelectorAll('script,img,iframe,object,a').length"
FLAT = """[...document.querySelectorAll("svg.plot")].filter(
  e => e.getBoundingClientRect().width < 200 ||
       e.getBoundingClientRect().height < 200).length"""
GROUND = "getComputedStyle(document.body).backgroundColor"


def make_report(directory, log):
    path = os.path.join(directory, "mail.log")
    with open(path, "wb") as f:
        f.write(log)
    with open(os.path.join(directory, "conf.yaml"), "w") as f:
        f.write("dbfile: hash:%s/map\nlogfile: %s\nmynetworks: no\n"
                % (directory, path))
    page = os.path.join(directory, "page.html")
    done = subprocess.run(
        [os.path.join(pbs.BUILD, "pbsctl"), "report", "--config", f.name,
         "--since", reportpage.SINCE, "--until", reportpage.UNTIL, "--json",
         "--html", page], stdout=subprocess.PIPE, check=True, timeout=120,
        env=dict(os.environ, TZ="UTC"))
    return page, json.loads(done.stdout)


def shown(browser, page, width, dark):
    name = "%d pixels, %s" % (width, "dark" if dark else "light")
    browser.show(page, width, dark)
    tap.equal(list(browser.complaints()), [], name + ": a quiet console")
    tap.ok(browser.evaluate(WIDER) <= 0, name + ": no wider than the window")
    tap.equal(browser.evaluate(STRANGE), 0, name + ": no markup of strangers")
    tap.equal(browser.evaluate(FLAT), 0, name + ": charts have their size")
    return browser.evaluate(GROUND)


def busy():
    with tempfile.TemporaryDirectory() as directory, \
            chromium.Chromium() as browser:
        page, report = make_report(directory, reportpage.hostile_log())
        grounds = [[shown(browser, page, width, dark)
                    for dark in (False, True)] for width in (400, 1400)]
        tap.ok(grounds[0] == grounds[1] and len(set(grounds[0])) == 2,
               "two themes")
        for what, got, want in reportpage.compared(browser.evaluate(READ),
                                                   report):
            tap.equal(got, want, "the numbers of --json: " + what)
        empty, _ = make_report(directory, b"")
        shown(browser, empty, 400, False)


def heard():
    """The test would notice a fault."""
    with tempfile.TemporaryDirectory() as directory, \
            chromium.Chromium() as browser:
        page = os.path.join(directory, "page.html")
        with open(page, "w") as f:
            f.write("<meta http-equiv=Content-Security-Policy content=\""
                    "default-src 'none'\"><script>1</script><p style=''>")
        browser.show(page, 400)
        tap.ok(len(list(browser.complaints())) >= 2,
               "a script and a style that the policy forbids are heard of")


if chromium.program() is None:
    tap.skip_all("needs Chromium: make page-test unpacks one")
tap.main(busy, heard)
