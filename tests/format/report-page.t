#!/usr/bin/env python3
# report-page: the page of `pbsctl report' is well-formed, loads and runs
# nothing, has the numbers of --json, and never takes a name for markup.
import base64
import hashlib
import html.parser
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import reportpage  # noqa: E402
import tap  # noqa: E402

PBSCTL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "pbsctl")
HTML = "{http://www.w3.org/1999/xhtml}"
ELEMENTS = set("""html head meta link title style body header main footer
section h1 h2 p dl div dt dd ul li span details summary table caption thead
tbody tr th td bdi svg g rect line path text desc""".split())
ATTRIBUTES = set("""lang charset http-equiv content name rel href id class scope
role width height x y x1 x2 y1 y2 d viewbox preserveaspectratio tabindex
aria-hidden aria-labelledby xmlns""".split())


class Site:
    def __init__(self, log, *settings):
        self.dir = tempfile.TemporaryDirectory()
        with open(self.path("mail.log"), "wb") as f:
            f.write(log)
        with open(self.path("conf.yaml"), "w") as f:
            f.write("dbfile: hash:%s\nlogfile: %s\nmynetworks: no\n"
                    % (self.path("map"), self.path("mail.log"))
                    + "\n".join(settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.dir.cleanup()

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def run(self, *arguments, **more):
        return subprocess.run(
            [PBSCTL, "report", "--config", self.path("conf.yaml"),
             "--since", reportpage.SINCE, "--until", reportpage.UNTIL,
             *arguments], timeout=120, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=dict(os.environ, TZ="UTC"), **more)

    def both(self):
        """The page and the object of one reading."""
        done = self.run("--json", "--html", self.path("page.html"))
        problems = "".join("pbsctl: report: %s\n" % problem for problem
                           in json.loads(done.stdout)["problems"])
        tap.equal((done.returncode, done.stderr.decode()), (0, problems),
                  "page and JSON")
        with open(self.path("page.html"), encoding="utf-8") as f:
            return f.read(), json.loads(done.stdout)


def text_of(element):
    return "".join(element.itertext()).strip()


def numbers_of(page):
    """For each id its text, for each table's id the texts of its rows."""
    found = {}
    for element in ElementTree.fromstring(page).iter():
        name = element.get("id")
        if name and element.tag == HTML + "table":
            found[name] = [[text_of(cell) for cell in row[1:]] for row in
                           element.find(HTML + "tbody")]
        elif name:
            found[name] = text_of(element)
    return found


class Elements(html.parser.HTMLParser):
    """What a browser would make of it, whatever was meant."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag


def elements_of(page):
    parser = Elements()
    parser.feed(page)
    return parser.seen


# ---- what the page is ----

def is_harmless(page, name):
    seen = elements_of(page)
    tap.equal({tag for tag, _ in seen} - ELEMENTS, set(),
              "%s: no element but these" % name)
    tap.equal({key for _, attrs in seen for key in attrs} - ATTRIBUTES, set(),
              "%s: no attribute but these" % name)
    tap.equal([attrs for _, attrs in seen if "href" in attrs],
              [{"rel": "icon", "href": "data:,"}], "%s: loads nothing" % name)
    style = re.search("<style>(.*?)</style>", page, re.S).group(1)
    tap.ok("url(" not in style and "@import" not in style,
           "%s: nor does its style" % name)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest())
    policy = [attrs["content"] for _, attrs in seen
              if attrs.get("http-equiv") == "Content-Security-Policy"]
    tap.equal(policy, ["default-src 'none'; style-src 'sha256-%s'; img-src "
                       "data:; base-uri 'none'; form-action 'none'"
                       % digest.decode()],
              "%s: its policy allows this style, and nothing else" % name)


def is_accessible(page, name):
    root = ElementTree.fromstring(page)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    tap.equal(len(ids), len(set(ids)), "%s: no id twice" % name)
    pictures = [e for e in root.iter(HTML + "svg") if e.get("role") == "img"]
    tap.equal([e for p in pictures
               for e in p.get("aria-labelledby").split() if e not in ids], [],
              "%s: each chart has a title and a description" % name)
    tap.equal([text_of(e) for e in root.iter(HTML + "th")
               if e.get("scope") not in ("row", "col")], [],
              "%s: each heading of a table says of what" % name)
    tap.ok("prefers-color-scheme:dark" in page and
           "width=device-width" in page, "%s: themes and phones" % name)
    return len(pictures)


def hostile():
    with Site(reportpage.hostile_log()) as site:
        page, report = site.both()
        is_harmless(page, "hostile names")
        tap.equal(is_accessible(page, "hostile names"), 3, "three charts")
        for what, got, want in reportpage.compared(numbers_of(page), report):
            tap.equal(got, want, "the page's numbers are those of --json: "
                      + what)
        text = text_of(ElementTree.fromstring(page))
        for shown in ("<script>alert(1)</script>", "\\u{202e}gro@nna",
                      "a" * 255, "\"'&amp;</p></title><img"):
            tap.contains(text, shown, "shown as it is: " + shown[:30])


def long_and_short():
    """No login, one, and many of all servers: every page is well-formed."""
    line = reportpage.LOGIN % ("2026-09-03T10:00:00+00:00", "ann",
                               "198.18.0.7")
    for name, log in (("no login", ""), ("one login", line),
                      ("no header", "?\n" * 20)):
        with Site(log.encode()) as site:
            page, report = site.both()
            is_harmless(page, name)
            is_accessible(page, name)
            tap.equal(int(numbers_of(page)["total-logins"]), report["logins"],
                      name + ": its logins")


def servers():
    """More servers than colors: the others are counted together."""
    names = ["dovecot: imap-login: Login: user=<ann>, method=PLAIN, rip=%s, "
             "lip=198.51.100.1, mpid=7, session=<WaXuGMFgvad/AAAC>",
             "pop3d: LOGIN, user=ann, ip=[%s]",
             "teapop[7]: Successful login for ann [192.0.2.1] from h [%s]",
             "popa3d[7]: Authentication passed for ann -- [%s]",
             "ipop3d[7]: Login user=ann host=[%s] nmsgs=0/0",
             "cyrus/imap[7]: login: h [%s] ann plaintext User logged in",
             "vpopmail[7]: vchkpw-pop3: (PLAIN) login success ann:%s"]
    log = "".join("2026-09-03T10:00:%02d+00:00 mail %s\n" % (
        n, text % "198.18.0.7") for i, text in enumerate(names)
        for n in range(i + 1))
    with Site(log.encode()) as site:
        page, report = site.both()
        is_harmless(page, "many servers")
        tap.equal((len(report["columns"]), report["columns"][-1]),
                  (6, "others"), "five servers, and the others")
        tap.equal(sum(map(sum, (p["by_column"] for p in report["parts"]))),
                  report["logins"], "none is lost")


# ---- colors ----

def luminance(color):
    """As WCAG 2 defines it."""
    if len(color) == 4:
        color = "#" + "".join(2 * c for c in color[1:])
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
              for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def colors():
    with Site(b"") as site:
        page, _ = site.both()
    themes = re.findall(r":root\{([^}]*)\}", page)
    tap.equal(len(themes), 2, "two themes")
    for name, theme in zip(("light", "dark"), themes):
        color = dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})[;}]?", theme + "}"))
        for text, ground in (("text", "card"), ("text", "page"),
                             ("muted", "card"), ("muted", "page"),
                             ("text", "warn")):
            tap.ok(contrast(color[text], color[ground]) >= 4.5,
                   "%s: %s on %s can be read" % (name, text, ground))
        low = [c for c in ("c0", "c1", "c2", "c3", "c4", "c5", "g0", "g1")
               if contrast(color[c], color["card"]) < 3]
        tap.equal(low, [], "%s: bars and outlines can be seen" % name)


# ---- the file ----

def written():
    with Site(reportpage.hostile_log()) as site:
        page = site.path("page.html")
        done = site.run("--html", page)
        tap.equal((done.returncode, done.stdout), (0, b""),
                  "--html alone prints nothing")
        tap.equal(stat.S_IMODE(os.stat(page).st_mode), 0o600,
                  "users are named in it: nobody else may read it")
        os.chmod(page, 0o644)
        before = os.stat(page).st_ino
        site.run("--html", page)
        now = os.stat(page)
        tap.equal((stat.S_IMODE(now.st_mode), now.st_ino != before),
                  (0o644, True), "replaced by rename, with its permissions")
        with open(page, "rb") as f:
            tap.equal(site.run("--html", "-").stdout[:3000], f.read(3000),
                      "--html - is standard output")
        tap.equal(sorted(os.listdir(site.dir.name)),
                  ["conf.yaml", "mail.log", "page.html"], "no other file")
        for target, why in ((site.path("none/page.html"), "No such file"),
                            (site.dir.name, "is not a regular file"),
                            ("/dev/null", "is not a regular file")):
            done = site.run("--html", target)
            tap.equal(done.returncode, 73, "%s: 73" % target)
            tap.contains(done.stderr.decode(), why, "and why")
        done = site.run("--html", "-", "--json")
        tap.equal(done.returncode, 64, "two things on standard output: 64")


tap.main(hostile, long_and_short, servers, colors, written)
