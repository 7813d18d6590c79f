#!/usr/bin/env python3
# headers: the lines of every server are recognized as logins with every header
# and envelope.
"""Takes each accept sample whose header is syslog's out of the pattern files,
puts its program, pid and text after each header that some daemon writes, and
runs all of them through one `pbsctl match --json`. Whatever a stranger may have
written into the text grants nothing with any of these headers.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import tap  # noqa: E402

PBSCTL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "pbsctl")
PATTERNS = os.path.join(ROOT, "patterns")
CASES = os.path.join(os.path.dirname(ROOT), "shared", "cases", "headers")
WHEN = 1795226460  # 2026-11-21 02:01:00 UTC

# {t} the tag with its pid, {p} the program, {n} the pid or "-", {m} the text.
TRADITIONAL, ISO = "Nov 21 02:01:00", "2026-11-21T02:01:00.522836+00:00"
HEADERS = {
    "RFC 3164": "Nov 21 02:01:00 mx {t}: {m}",
    "no host": "Nov 21 02:01:00 {t}: {m}",
    "ISO": ISO + " mx {t}: {m}",
    "ISO with a space": "2026-11-21 02:01:00 mx {t}: {m}",
    "a priority": "<22>Nov 21 02:01:00 mx {t}: {m}",
    "RFC 5424": "<22>1 " + ISO + " mx {p} {n} - - {m}",
    "BSD -v": "Nov 21 02:01:00 <2.6> mx {t}: {m}",
    "BSD -vv": "Nov 21 02:01:00 <mail.info> mx {t}: {m}",
    "BSD -vv, ISO": ISO + " <mail.info> mx {t}: {m}",
    "busybox": "Nov 21 02:01:00 mx mail.info {t}: {m}",
    "metalog": "Nov 21 02:01:00 [{p}] {m}",
    "metalog, ISO": "2026-11-21 02:01:00 [{p}] {m}",
    "two spaces": "Nov 21 02:01:00 mx {t}:  {m}",
    "two spaces, ISO": "2026-11-21 02:01:00 mx {t}:  {m}",
    "a tab": "Nov 21 02:01:00 mx {t}: \t{m}",
    "a trailing blank": "Nov 21 02:01:00 mx {t}: {m} ",
    "no colon": "Nov 21 02:01:00 mx {t} {m}",
    "no colon, ISO": ISO + " mx {t} {m}",
    "no colon, ISO with a space": "2026-11-21 02:01:00 mx {t} {m}",
    "no colon, two spaces": ISO + " mx {t}  {m}",
    "severity": "Nov 21 02:01:00 mx info {t}: {m}",
    "severity, ISO": "2026-11-21 02:01:00 mx info {t}: {m}",
    "priority before the host": "Nov 21 02:01:00 mail.info mx {t}: {m}",
    "severity before the host": ISO + " info mx {t}: {m}",
    "relay": "Nov 21 02:01:00 198.51.100.2 mx {t}: {m}",
    "relay, ISO": ISO + " 198.51.100.2 mx {t}: {m}",
    "relay, ISO with a space": "2026-11-21 02:01:00 2001:db8::2 mx {t}: {m}",
    "relay and severity": "Nov 21 02:01:00 198.51.100.2 mx info {t}: {m}",
    "FreeBSD 12": "Nov 21 02:01:00 mx 1 " + ISO + " mx {p} {n} - - {m}",
    "FreeBSD 12, priority":
        "Nov 21 02:01:00 mx <22>1 " + ISO + " mx {p} {n} - - {m}",
    "RFC 5424 without priority": ISO + " mx {p} {n} - - {m}",
    "RFC 5424 with version": "1 2026-11-21T02:01:00Z mx {p} {n} - - {m}",
    "RFC 5424 with data": ISO + ' mx {p} {n} - [x@1 k="v"] {m}',
    "svlogd -ttt, socklog":
        "2026-11-21T02:01:00.12345 mail.info: Nov 21 02:01:00 {t}: {m}",
    "svlogd -ttt, socklog, no stamp":
        "2026-11-21T02:01:00.12345 mail.info: {t}: {m}",
    "svlogd -tt, socklog":
        "2026-11-21_02:01:00.12345 mail.info: Nov 21 02:01:00 {t}: {m}",
    "svlogd -tt, a line":
        "2026-11-21_02:01:00.12345 Nov 21 02:01:00 mx {t}: {m}",
    "svlogd -tt": "2026-11-21_02:01:00.12345 {t}: {m}",
    "socklog": "mail.info: Nov 21 02:01:00 {t}: {m}",
    "socklog, network": "192.0.2.1: mail.info: Nov 21 02:01:00 mx {t}: {m}",
    "TAI64N": "@400000006a00cc3c00000000 Nov 21 02:01:00 mx {t}: {m}",
    "TAI64N, socklog":
        "@400000006a00cc3c00000000 mail.info: Nov 21 02:01:00 {t}: {m}",
    "TAI64N, socklog, no stamp":
        "@400000006a00cc3c00000000 mail.info: {t}: {m}",
    "s6-log T": "2026-11-21 02:01:00.123456789  {t}: {m}",
    "s6-log T, a line":
        "2026-11-21 02:01:00.123456789  <22>Nov 21 02:01:00 mx {t}: {m}",
    "s6-log T, socklog":
        "2026-11-21 02:01:00.123456789  mail.info: Nov 21 02:01:00 {t}: {m}",
    "s6-log T, socklog, no stamp":
        "2026-11-21 02:01:00.123456789  mail.info: {t}: {m}",
    "AIX": "Nov 21 02:01:00 mx mail:info {t}: {m}",
    "AIX, forwarded": "Nov 21 02:01:00 Message forwarded from mx: {t}: {m}",
    "macOS": "Nov 21 02:01:00 mx {p}[77] <Info>: {m}",
    "OpenWrt": "Sat Nov 21 02:01:00 2026 mail.info {t}: {m}",
    "OpenWrt, a host": "Sat Nov 21 02:01:00 2026 mail.info mx {t}: {m}",
    "OpenWrt, logread -t":
        "Sat Nov 21 02:01:00 2026 [1795226460.123] mail.info {t}: {m}",
    "OpenWrt, logread -t, a host":
        "Sat Nov 21 02:01:00 2026 [1795226460.123] mail.info mx {t}: {m}",
    "rsyslog's %pri-text%": "mail.info: Nov 21 02:01:00 mx {t}: {m}",
    "rsyslog's %pri-text%, relay":
        "mail.info<22>: Nov 21 02:01:00 198.51.100.2 mx {t}: {m}",
    "TAI64N, BSD -vv":
        "@400000006a00cc3c00000000 Nov 21 02:01:00 <mail.info> mx {t}: {m}",
    "the host again": "Nov 21 02:01:00 mx mx {t}: {m}",
    "the host again, with its domain":
        "Nov 21 02:01:00 mx mx.example.org {t}: {m}",
    "the host again, without, ISO": ISO + " mx.example.org mx {t}: {m}",
    "journalctl -o short-iso": "2026-11-21T02:01:00+0000 mx {t}: {m}",
    "journalctl -o short-full": "Sat 2026-11-21 02:01:00 UTC mx {t}: {m}",
    "journalctl -o short-full, GMT": "Sat 2026-11-21 02:01:00 GMT mx {t}: {m}",
    "journalctl -o short-full, +0530":
        "Sat 2026-11-21 07:31:00 +0530 mx {t}: {m}",
    "journalctl -o short-full, -03": "Fri 2026-11-20 23:01:00 -03 mx {t}: {m}",
    "journalctl -o short-full, +03, microseconds":
        "Sat 2026-11-21 05:01:00.123456 +03 mx {t}: {m}",
}
TAI = "@%016x00000000" % (2 ** 62 + 37 + WHEN)

# The stamps of syslog-ng, rsyslog and journalctl, in what they may stand.
STAMPS = {
    "traditional": TRADITIONAL,
    "RFC 3339": ISO,
    "short-unix": "%d.123456" % WHEN,
    "unix": "%d" % WHEN,
    "full": "2026 Nov 21 02:01:00",
    "full, fraction": "2026 Nov 21 02:01:00.123",
}
SHAPES = {
    "a host": "{s} mx {t}: {m}",
    "no host": "{s} {t}: {m}",
    "BSD -vv": "{s} <mail.info> mx {t}: {m}",
    "busybox": "{s} mx mail.info {t}: {m}",
    "metalog": "{s} [{p}] {m}",
    "a tab": "{s} mx {t}: \t{m}",
    "no colon": "{s} mx {t} {m}",
    "severity": "{s} mx info {t}: {m}",
    "priority": "<22>{s} mx {t}: {m}",
    "priority before the host": "{s} mail.info mx {t}: {m}",
    "relay": "{s} 198.51.100.2 mx {t}: {m}",
    "the host again": "{s} mx mx.example.org {t}: {m}",
    "FreeBSD 12": "{s} mx 1 " + ISO + " mx {p} {n} - - {m}",
    "socklog": "mail.info: {s} {t}: {m}",
    "AIX": "{s} mx mail:info {t}: {m}",
    "AIX, forwarded": "{s} Message forwarded from mx: {t}: {m}",
    "macOS": "{s} mx {p}[77] <Notice>: {m}",
    "logread -t": "{s} [1795226460.123] mail.info {t}: {m}",
    "rsyslog's %pri-text%": "mail.info<22>: {s} mx {t}: {m}",
    "rsyslog's precise": "6,2,{s},mx,{t}:, {m}",
    "TAI64N": "@400000006a00cc3c00000000 {s} mx {t}: {m}",
    "s6-log T": "2026-11-21 02:01:00.123456789  {s} mx {t}: {m}",
    "docker logs --timestamps": "2026-11-21T02:01:00.123456789Z {s} {t}: {m}",
    "docker logs --timestamps, busybox":
        "2026-11-21T02:01:00.123456789Z {s} mx mail.info {t}: {m}",
    "docker logs --timestamps, BSD -vv":
        "2026-11-21T02:01:00.123456789Z {s} <mail.info> mx {t}: {m}",
}
HEADERS.update({"%s, %s" % (shape, stamp): form.replace("{s}", text)
                for stamp, text in STAMPS.items()
                for shape, form in SHAPES.items()})


def samples():
    """(rule, program, text, ip, user) of each accept sample of one line."""
    for path in sorted(glob.glob(os.path.join(PATTERNS, "*.yaml"))):
        with open(path, encoding="utf-8") as f:
            document = yaml.safe_load(f)
        for rule in document["rules"]:
            header = rule.get("header", document.get("header", "syslog"))
            if header != "syslog" or "match" not in rule:
                continue
            for sample in rule.get("accept", []):
                parts = take_apart(sample.get("line", ""))
                if parts:
                    yield (rule["name"], *parts, sample["ip"],
                           sample.get("user"))


STAMP = (r"(?:<\d+>)?(?:\w{3} [ \d]\d (?:\d{4} )?[\d:]{8}"
         r"|[\d-]{10}[T ][\d:]{8}[.\d]*(?:Z|[+-][\d:]{4,5})?|@\w{24})")


def take_apart(line):
    """(program, text) of a line with a header of the usual kinds."""
    found = re.match(r"<\d+>1 \S+ \S+ (\S+) \S+ \S+ - +(.*)$", line)
    if not found:
        found = re.match(STAMP + r" (?:\S+ )??([^][ :]+)(?:\[\d+\])?: +(.*)$",
                         line)
    if not found:
        return None
    program, text = found.groups()
    return program, re.sub(r"^\[ID \d+ \w+\.\w+\] ", "", text)


def match(lines, zone="UTC"):
    with tempfile.NamedTemporaryFile() as log:
        log.write("".join(line + "\n" for line in lines).encode())
        log.flush()
        done = subprocess.run(
            [PBSCTL, "match", "--json", "--patterns", PATTERNS, log.name],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, TZ=zone))
    return [json.loads(text) for text in done.stdout.decode().splitlines()]


def write(form, program, text, pid):
    form = form.replace("@400000006a00cc3c00000000", TAI)
    return form.format(p=program, n=pid or "-", m=text,
                       t="%s[%s]" % (program, pid) if pid else program)


def every_header():
    known = list(samples())
    tap.ok(len(known) > 100, "there are %d samples" % len(known))
    for name, form in HEADERS.items():
        for pid in ("", "77"):
            lines = [write(form, program, text, pid)
                     for _, program, text, _, _ in known]
            found = {login["line"] - 1: login for login in match(lines)}
            wrong = [line for i, (line, (rule, _, _, ip, user))
                     in enumerate(zip(lines, known))
                     if i not in found or found[i]["ip"] != ip
                     or found[i]["time"] != WHEN
                     or user not in (None, found[i]["user"])]
            tap.ok(not wrong, "%s%s: %d samples" % (
                name, ", pid" if pid else "", len(lines)), *wrong)


def shared_cases():
    paths = sorted(glob.glob(os.path.join(CASES, "*.log")))
    if not paths:
        tap.skip("cases", "no ../shared/cases/headers: its lines were not "
                 "read")
    for path in paths:
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        found = [(login["ip"], login["user"]) for login in match(lines)]
        tap.equal(found, [("192.0.2.7", "ann")] * len(lines),
                  os.path.basename(path))


# ---- what a stranger writes ----

FAILURE = ("imap-login: Disconnected: Aborted login by logging out (auth "
           "failed, 1 attempts in 2 secs): user=<%s>, method=PLAIN, "
           "rip=192.0.2.9, lip=198.51.100.1, session=<JZ8aG8Fg2ZR/AABX>")
SUCCESS = ("imap-login: Login: user=<root>, method=PLAIN, rip=6.6.6.6, "
           "lip=198.51.100.1, session=<AbCd+/12>")
OWN_SUCCESS = SUCCESS.replace("imap-login: ", "imap-login: Info: ")


def forged_headers():
    """Each header, with a success, where a user name is."""
    inner = [write(form, "dovecot", SUCCESS, pid)
             for form in HEADERS.values() for pid in ("", "77")]
    inner.append("Nov 21 02:01:00 " + OWN_SUCCESS)
    for name, form in HEADERS.items():
        lines = [write(form, "dovecot", FAILURE % text, "77")
                 for text in inner]
        # A program that logs what a stranger sends, from the first byte.
        lines += [write(form, "webmail", text, "77") for text in inner]
        found = match(lines)
        tap.ok(not found, "%s: no header inside counts" % name,
               *[lines[login["line"] - 1] for login in found])


def named_zones():
    """A stamp under the name of a zone counts if local clocks had it then."""
    for zone, name, stamp, want in (
            ("Europe/Berlin", "CET", "2026-11-21 02:01:00", WHEN - 3600),
            ("Europe/Berlin", "CEST", "2026-10-25 02:30:00", 1792888200),
            ("Europe/Berlin", "CET", "2026-10-25 02:30:00", 1792891800),
            ("Europe/Berlin", "UTC", "2026-11-21 02:01:00", WHEN),
            ("America/New_York", "EST", "2026-11-21 02:01:00", WHEN + 18000),
            ("UTC", "CET", "2026-11-21 02:01:00", None),
            ("America/New_York", "CET", "2026-11-21 02:01:00", None),
            ("Europe/Berlin", "CEST", "2026-11-21 02:01:00", None)):
        found = match(["Sat %s%s %s mx dovecot[77]: %s" % (
            stamp, fraction, name, SUCCESS)
            for fraction in ("", ".123456")], zone)
        tap.equal([login["time"] for login in found], [want] * 2,
                  "%s %s in %s" % (stamp, name, zone))


def dovecots_zone():
    """log_timestamp with %Z or %z in Dovecot's own log."""
    for zone, stamp, want in (
            ("Europe/Berlin", "2026-11-21 02:01:00 CET", WHEN - 3600),
            ("Europe/Berlin", "2026-11-21 02:01:00 UTC", WHEN),
            ("Europe/Berlin", "Oct 25 02:30:00 CEST", 1792888200),
            ("Europe/Berlin", "Oct 25 02:30:00 CET", 1792891800),
            ("Europe/Berlin", "2026-11-21 02:01:00 +0530", WHEN - 19800),
            ("America/New_York", "2026-11-21 02:01:00 CET", None),
            ("America/New_York", "Nov 21 02:01:00 CET", None),
            ("Europe/Berlin", "Nov 21 02:01:00 MSK", None),
            ("Europe/Berlin", "Nov 21 02:01:00 WITA", None),
            ("Asia/Makassar", "Nov 21 10:01:00 WITA", WHEN),
            ("Pacific/Guam", "Nov 21 12:01:00 ChST", WHEN),
            ("Europe/Moscow", "Nov 21 05:01:00 MSK", WHEN),
            # These are hosts.
            *(("Europe/Berlin", "Nov 21 02:01:00 " + host, WHEN - 3600)
              for host in ("MAIL", "MAILT", "HOST", "PORT", "EXIT", "TEST",
                           "NET", "VPST", "CES", "ET", "MAIL-T")),
            ("Europe/Berlin", "2026-11-21 02:01:00 Mx", WHEN - 3600),
            ("Europe/Berlin", "2026-11-21 02:01:00 MAILT", WHEN - 3600)):
        tap.equal([login["time"] for login in match(
            [stamp + " " + OWN_SUCCESS], zone)], [want],
            "Dovecot's own log, %s in %s" % (stamp, zone))


# Dovecot's own stamp with a zone apart from it, in Europe/Berlin.
ZONED = ("2026-11-21 02:01:00 UTC", "2026-11-21 03:01:00 CET",
         "Nov 21 03:01:00 CET", "2026 Nov 21 02:01:00 UTC",
         "2026-11-21 03:01:00 +0100", "2026-11-21 03:01:00.123 +01",
         "2026-11-21 03:01:00 CEST", "Nov 21 09:31:00 IST")


def zones_after_another_stamp():
    """What has the time in UTC counts, whatever zone a stamp inside it has."""
    for name in STAMPED:
        for stamp in ZONED:
            text = stamp + " " + OWN_SUCCESS
            tap.equal([login["time"] for login in match(
                [ENVELOPES[name](text)], "Europe/Berlin")], [WHEN],
                "%s, %s" % (name, stamp))
    for outer in (UTC, TAI, "%d" % WHEN, "%d.123456" % WHEN,
                  "2026-11-21T03:01:00+0100", "2026-11-21 03:01:00 +0100",
                  "2026-11-21_02:01:00.12345"):
        for zone in ("UTC", "CET", "CEST", "IST"):
            tap.equal([login["time"] for login in match(
                ["%s %s %s" % (outer, zone, OWN_SUCCESS)], "Europe/Berlin")],
                [WHEN], "%s before %s" % (outer, zone))
    for outer in (UTC, TAI, "2026-11-21T02:01:00+00:00",
                  "2026-11-21_02:01:00.12345"):
        for stamp in ZONED:
            tap.equal([login["time"] for login in match(
                ["%s %s %s" % (outer, stamp, OWN_SUCCESS)],
                "Europe/Berlin")], [WHEN], "%s before %s" % (outer, stamp))
    for stamp in ZONED[:-2]:
        tap.equal([login["time"] for login in match(
            ["2026-11-21 01:01:00.123456789  %s %s" % (stamp, OWN_SUCCESS)],
            "Europe/Berlin")], [WHEN], "s6-log T before " + stamp)


def words_before_the_tag():
    """No word is skipped, and none but a program with rules is a bare tag."""
    lines = [stamp + " " + words + " " + SUCCESS
             for stamp in (TRADITIONAL, ISO)
             for words in ("mx word dovecot:", "mx word dovecot[77]:",
                           "mx word dovecot", "mx webmail[77] dovecot:",
                           "relay mx dovecot:", "relay mx dovecot",
                           "mx webmail dovecot:", "mx INFO dovecot:",
                           "mx post.info dovecot:", "<post.info> mx dovecot:",
                           "mx 2 %s mx dovecot 77 - -" % ISO,
                           "mx mx2 dovecot:", "mx.a mx.b dovecot[77]:",
                           "mx2 mx dovecot:", "mx mx. x dovecot:",
                           "(mx dovecot[77]", "auth(x dovecot[77]",
                           "imap-login: dovecot[77]", "[web mail] dovecot:",
                           "198.51.100.2 192.0.2.1 mx dovecot:",
                           "mx mail:inf dovecot:", "mx mail: info dovecot:",
                           "mx word mail:info dovecot:",
                           "Message forwarded from mx dovecot:",
                           "Message forwarded from : dovecot:",
                           "Message forwarded from mx: word dovecot:",
                           "message forwarded from mx: dovecot:",
                           "mx Message forwarded from mx: dovecot:",
                           "mx dovecot[77] <info>:", "mx dovecot[77] <Info>",
                           "mx dovecot[77] [Info]:", "mx dovecot[] <Info>:",
                           "mx dovecot <Info>:", "mx a dovecot[77] <Info>:",
                           "mx dovecot[77] <Infos>:",
                           "[1795226460.123] mx dovecot:",
                           "mx [1795226460.123] mail.info dovecot:",
                           "[1795226460.123] mail.info a mx dovecot:")]
    lines += [form % SUCCESS for form in (
        "8,2,Nov 21 02:01:00,mx,dovecot:, %s",
        "6,24,Nov 21 02:01:00,mx,dovecot:, %s",
        "6,2,Nov 21 02:01:00,mx dovecot:, %s",
        "6,2,Nov 21 02:01:00,mx,,dovecot:, %s",
        "6,2,Nov 21 02:01:00,,dovecot:, %s",
        "6,2,Nov 21 02:01:00,mx,dovecot,%s",
        "6,2,Nov 21 02:01:00,mx,x,dovecot:, %s",
        "6,2,now,mx,dovecot:, %s",
        "mail.info<192>: Nov 21 02:01:00 mx dovecot: %s",
        "mail.info<22> Nov 21 02:01:00 mx dovecot: %s",
        "post.info<22>: Nov 21 02:01:00 mx dovecot: %s",
        "Sat Nov 21 02:01:00 2026 [1795226460.123] post.info dovecot: %s",
        "Sat Nov 21 02:01:00 2026 [5643.123456] mail.info dovecot: %s",
        "[ 5643.123456] mx dovecot[77]: %s",
        "[ 5643.123456 <    0.000100 >] mx dovecot[77]: %s")]
    lines.append("imap: Nov 21 02:01:00 Info: Login: root [6.6.6.6]")
    found = match(lines)
    tap.ok(not found, "%d lines with a word too many" % len(lines),
           *[lines[login["line"] - 1] for login in found])


def lines_in_lines():
    """Dovecot's own line as the text: only under a tag that names Dovecot."""
    line = "Nov 21 02:01:00 " + OWN_SUCCESS
    for form in ("Nov 21 02:01:00 mx %s[77]: ", ISO + " mx %s[77]: ",
                 "2026-11-21T02:01:00+0000 mx %s[77]: "):
        for tag in ("dovecot", "mailcow-dovecot-mailcow-1", "docker/dovecot"):
            tap.equal(len(match([form % tag + line])), 1,
                      form % tag + "takes a line of Dovecot's")
        for tag in ("webmail", "dovecotish", "nodovecot", "logger"):
            tap.equal(match([form % tag + line]), [],
                      form % tag + "takes none")


# ---- envelopes ----

UTC = "2026-11-21T02:01:00.123456789Z"


def docker(text, stream="stderr", end="\n", **more):
    return json.dumps({"log": text + end, "stream": stream, **more,
                       "time": UTC}, separators=(",", ":"))


def cri(text, stream="stderr", tag="F"):
    return "%s %s %s %s" % (UTC, stream, tag, text)


def entry(program, text, pid, **more):
    """An entry as journalctl -o json writes it."""
    fields = {"__CURSOR": "s=1;i=2", "_BOOT_ID": "0123", "PRIORITY": "6",
              "__REALTIME_TIMESTAMP": "%d123456" % WHEN, "_HOSTNAME": "mx",
              "_UID": "0", "SYSLOG_IDENTIFIER": program, "_PID": pid or "1",
              "MESSAGE": text, "_SYSTEMD_UNIT": "mail.service", **more}
    return json.dumps(fields)


# Around a line of a container's standard output, which has its own stamp (that
# of another time zone, where the envelope has one) or none.
ENVELOPES = {
    "json-file": docker,
    "json-file, attrs": lambda text: docker(
        text, attrs={"tag": "mail", "labels": {"a": ["b", 1, None]}}),
    "json-file, a terminal": lambda text: docker(text, end="\r\n"),
    "CRI": cri,
    "CRI, stdout": lambda text: cri(text, "stdout"),
    "compose": lambda text: "dovecot-mailcow-1  | " + text,
    "compose, timestamps": lambda text: "mailu_imap_1 | %s %s" % (UTC, text),
    "CRI, tags": lambda text: cri(text, "stdout", "F:a:b"),
    "docker service logs": lambda text:
        "mail.1.hmwxvjvsiyea@node-1    | " + text,
    "docker service logs, timestamps": lambda text:
        UTC + " my.mail.12.hmwxvjvsiyeaxsmytl8oqaqvg@n.example.org     | "
        + text,
    "docker service logs --no-task-ids": lambda text:
        "mail.1@node-1    | " + text,
    "kubectl logs --prefix": lambda text: "[pod/mail-0/dovecot] " + text,
    "kubectl logs --prefix --timestamps": lambda text:
        "[pod/mail-7d9c.x/dovecot] 2026-11-21T03:01:00.123456789+01:00 "
        + text,
    "compose, colors": lambda text: "\33[36mmail-1  | \33[0m" + text,
    "docker-compose, colors, timestamps": lambda text:
        "\33[36;1mmail_1  |\33[0m %s %s" % (UTC, text),
    "nerdctl compose logs": lambda text: "dovecot_1    |" + text,
    "nerdctl compose logs, timestamps": lambda text:
        "dovecot_1 |%s %s" % (UTC, text),
    "podman logs --names --timestamps": lambda text:
        "mail 2026-11-21T03:01:00.123456789+01:00 " + text,
    "podman logs --timestamps, two containers": lambda text:
        "0123456789ab %s %s" % (UTC, text),
    "stern --timestamps": lambda text: "mail-0 dovecot %s %s" % (UTC, text),
    "stern --timestamps, two namespaces": lambda text:
        "mail mail-7d9c-x2 dovecot %s %s" % (UTC, text),
    "podman-compose": lambda text: "\33[1;32m[dovecot]   |\33[0m " + text,
    "podman-compose, Podman with colors": lambda text:
        "\33[1;32m[dovecot]  |\33[0m \33[37m%s\33[0m" % text,
    "podman-compose, Podman with colors, timestamps": lambda text:
        "\33[1;32m[dovecot]  |\33[0m \33[37m%s %s\33[0m" % (UTC, text),
    "podman-compose --no-color, timestamps": lambda text:
        "\33[0m[dovecot_1] |\33[0m 2026-11-21T03:01:00+01:00 " + text,
}
STAMPED = [name for name in ENVELOPES
           if name.startswith(("json", "CRI")) or "timestamps" in name]


def every_envelope():
    known = list(samples())
    for name, wrap in ENVELOPES.items():
        forms = ["Nov 21 02:01:00 mx {t}: {m}", ISO + " mx {t}: {m}",
                 "<22>Nov 21 02:01:00 mx {t}: {m}",
                 "Nov 21 02:01:00 <mail.info> mx {t}: {m}"]
        if name in STAMPED:
            forms += ["Nov 21 09:31:00 mx {t}: {m}", "{t}: {m}"]
        for form in forms:
            check_envelope(name + ", " + form, known, lambda program, text:
                           wrap(write(form, program, text, "77")))
    check_envelope("journalctl -o json", known,
                   lambda program, text: entry(program, text, "77"))
    check_envelope("journalctl -o json, bytes", known, lambda program, text:
                   entry(program, list(text.encode()), "77"))


def every_header_in_envelopes():
    """Each shape of a header in each envelope, with one stamp after the
    other."""
    stamps, all_known = list(STAMPS.items()), list(samples())
    for i, (name, wrap) in enumerate(ENVELOPES.items()):
        for j, (shape, form) in enumerate(SHAPES.items()):
            stamp, text = stamps[(i + j) % len(stamps)]
            if shape == "metalog":
                stamp, text = "RFC 3339", ISO
            # After a bracket, its text looks like a header of its own.
            known = [one for one in all_known if one[1] != "smartermail"
                     or shape not in ("metalog", "logread -t")]
            check_envelope("%s, %s, %s" % (name, shape, stamp), known,
                           lambda program, message: wrap(write(
                               form.replace("{s}", text), program, message,
                               "77")))


def check_envelope(name, known, wrap):
    lines = [wrap(program, text) for _, program, text, _, _ in known]
    found = {login["line"] - 1: login for login in match(lines)}
    wrong = [line for i, (line, (rule, _, _, ip, user))
             in enumerate(zip(lines, known))
             if i not in found or found[i]["ip"] != ip
             or found[i]["time"] != WHEN
             or user not in (None, found[i]["user"])]
    tap.ok(not wrong, "%s: %d samples" % (name, len(lines)), *wrong)


def logins(lines):
    return [login["ip"] for login in match(lines)]


LINE = "Nov 21 02:01:00 imap-login: Info: Login: user=<ann>, method=PLAIN, " \
    "rip=192.0.2.7, lip=198.51.100.1, session=<AbCd+/12>"
FORGED = "Nov 21 02:01:00 " + OWN_SUCCESS


def parts():
    def in_parts(text, size, wrap, last, stream):
        cut = [text[i:i + size] for i in range(0, len(text), size)]
        return [wrap(part, stream) for part in cut[:-1]] + [
            last(cut[-1], stream)]

    kinds = {"json-file": (lambda text, stream: docker(text, stream, ""),
                           docker),
             "CRI": (lambda text, stream: cri(text, stream, "P"), cri)}
    long = LINE.replace("ann", "a" * 30000)
    for name, (wrap, last) in kinds.items():
        cut = in_parts(LINE, 16, wrap, last, "stderr")
        tap.equal(logins(cut), ["192.0.2.7"], name + ": parts are joined")
        other = in_parts("x" * 200 + FORGED, 16, wrap, last, "stdout")
        mixed = [line for pair in zip(cut, other) for line in pair]
        mixed += cut[len(other):] + other[len(cut):]
        tap.equal(logins(mixed), ["192.0.2.7"],
                  name + ": each stream's to each other")
        tap.equal(logins(in_parts(long, 16384, wrap, last, "stderr")),
                  ["192.0.2.7"], name + ": parts of 16 KiB")
        tap.equal(logins([wrap("x" * 16384, "stderr"),
                          last(FORGED, "stderr")]), [],
                  name + ": a later part begins no line")
        tap.equal(logins([wrap("x" * 16384, "stderr")] * 9 +
                         [wrap(FORGED, "stderr"), last(FORGED, "stderr"),
                          last(LINE, "stderr")]), ["192.0.2.7"],
                  name + ": nothing of a line that is too long")
        tap.equal(logins([wrap("x" * 70000, "stderr"),
                          last(FORGED, "stderr"), last(LINE, "stderr")]),
                  ["192.0.2.7"], name + ": nor of one whose part is")


def torn_in_envelopes():
    """A stranger's failure directly behind the beginning of a success, in a
    text whose stamp the envelope replaces."""
    begin = SUCCESS.split("oot>")[0]
    heads = [stamp + tag for stamp in [*STAMPS.values(), TAI]
             for tag in (" mx dovecot: ", " dovecot[77]: ")]
    heads += [TRADITIONAL + " mx dovecot ", STAMPS["unix"] + " mx dovecot[7] "]
    for name, wrap in ENVELOPES.items():
        whole = [wrap(head + SUCCESS) for head in heads]
        tap.equal(len(logins(whole)), len(heads), name + ": whole lines")
        torn = [wrap(head + begin + head + FAILURE % "bob") for head in heads]
        tap.equal(logins(torn), [], name + ": torn ones")


def words_in_envelopes():
    """A text without a time has its tag first: a stranger may have written what
    follows another word."""
    texts = [form % SUCCESS for form in (
        "mx dovecot: %s", "mx dovecot[77]: %s", "mx dovecot %s",
        "mx dovecot[77] %s", "mx dovecot 77 - - %s", "info mx dovecot: %s",
        "mail.info dovecot: %s", "mx mail.info dovecot: %s", "mx mx dovecot: %s",
        "198.51.100.2 mx dovecot: %s", "mx mail:info dovecot: %s",
        "Message forwarded from mx: dovecot: %s", "mx dovecot[77] <Info>: %s",
        "auth: dovecot: %s", "<mail.info> mx dovecot: %s")]
    for name in STAMPED:
        wrap = ENVELOPES[name]
        if wrap(SUCCESS).count("|") and "service" not in name or \
                name.startswith("kubectl"):
            continue  # that stamp may be the text's own
        tap.equal(logins([wrap(text) for text in texts]), [],
                  name + ": no word before the tag")
        tap.equal(logins([wrap("dovecot[77]: " + SUCCESS)]), ["6.6.6.6"],
                  name + ": a tag")


def pretended_envelopes():
    """A stream's text that looks like an envelope, or that ends its own."""
    success = "Nov 21 02:01:00 mx dovecot: " + SUCCESS
    inner = [wrap(success) for wrap in ENVELOPES.values()]
    inner += [entry("dovecot", SUCCESS, "77"), docker(docker(success))]
    texts = inner + [success + '","log":"' + success,
                     '\\","log":"' + success + "\\n",
                     "\n" + success, "x\n" + docker(success) + "\n"]
    for name, wrap in ENVELOPES.items():
        lines = [wrap(text) for text in inner if "\n" not in text]
        tap.equal(logins(lines), [], name + ": an envelope inside is text")
        lines = [wrap("Nov 21 02:01:00 mx dovecot: " + FAILURE % text)
                 for text in inner]
        tap.equal(logins(lines), [], name + ": so is one in a user name")
    for wrap in (docker, lambda text: entry("webmail", text, "1")):
        tap.equal(logins([wrap(text) for text in texts]), [],
                  "no text ends its string")
    tap.equal(logins([FORGED and '{"log":"%s","stream":"stderr","time":"%s"}'
                      % (FAILURE % ('","log":"' + FORGED), UTC),
                      docker(LINE) + docker(FORGED), docker(LINE) + "x",
                      docker(LINE)[:-1], "x" + docker(LINE), "{}", "{",
                      '{"log":1,"stream":"stderr","time":"x"}',
                      docker(LINE, "stdin"), "[" + docker(LINE) + "]"]), [],
              "an object is taken whole, its keys once")
    tap.equal(logins(["%s stderr X %s" % (UTC, LINE),
                      "%s stdin F %s" % (UTC, LINE),
                      "x stderr F " + LINE, "a b  | " + LINE, "a || " + LINE,
                      "  | " + LINE, "a[1]  | " + LINE] +
                     [text + LINE for text in (
                         UTC + " stderr F:", UTC + " stderr F: ",
                         UTC + " stderr F:a b ", UTC + " stderr FP ",
                         "mail@node    | ", "mail.x@node    | ",
                         "mail.1.hmwxvjvsiye@node    | ", "mail.1@node  | ",
                         "mail.1.HMWXVJVSIYEA@node    | ", ".1@node    | ",
                         "mail.1@    | ", "mail.1@node    |", "mail.1    |  ",
                         "2026-11-21T02:01:00 mail.1@node    | ",
                         UTC + " mail  | ", "[pod/mail-0] ",
                         "[pod/mail-0/] ", "[pod//dovecot] ",
                         "[pod/mail-0/dovecot/x] ", "[pod/mail-0/dovecot]",
                         "[job/mail-0/dovecot] ", "[pod/mail 0/dovecot] ",
                         " [pod/mail-0/dovecot] ", "[dovecot]  | ",
                         "\33[1;32m[dovecot]  | ", "\33[m[]  |\33[0m ",
                         "\33[1;32m[dovecot]|\33[0m ",
                         "\33[1;32;1;32m[dovecot]  |\33[0m ",
                         "\33[1;32m[dove cot]  |\33[0m ",
                         "\33[xm[dovecot]  |\33[0m ",
                         "\33[1;32m[dovecot]  | \33[0m",
                         "\33[1;32mdovecot]  |\33[0m ",
                         "\33[36mdovecot  |\33[0m", "\33[36m  | \33[0m",
                         "\33[36mdovecot | ", "\33[36mdovecot| \33[0m",
                         "mail ", "mail-0 dovecot ", "0123456789ab ",
                         "mail 2026-11-21T02:01:00Z ",
                         "mail 2026-11-21 02:01:00.123456789Z ",
                         "mail 2026-11-21T02:01:00.123456789 ",
                         "mail 2026-11-21T02:01:00.12345678Z ",
                         "mail  %s " % UTC, "a b c d %s " % UTC,
                         "ma:il %s " % UTC, "mail| ", "mail |  ", "mail ||",
                         "\33[1;32m[dovecot]  |\33[0m \33[37m",
                         "\33[1;32m[dovecot]  |\33[0m \33[37")]), [],
              "a prefix is exact")
    session = {"_UID": "1000", "_SYSTEMD_OWNER_UID": "1000"}
    tap.equal(logins([entry("dovecot", SUCCESS, "7", **session),
                      entry("dovecot:", SUCCESS, "7"),
                      entry("dovecot x", SUCCESS, "7"),
                      entry("dovecot", "x\n" + SUCCESS, "7")]), [],
              "an entry of a user's session, or with a shifted header")


def exported(fields):
    """An entry as journalctl -o export writes it."""
    out = b""
    for name, value in fields.items():
        name, value = name.encode(), value.encode()
        if any(byte < 0x20 and byte != 9 for byte in value):
            out += name + b"\n" + len(value).to_bytes(8, "little") + value
        else:
            out += name + b"=" + value
        out += b"\n"
    return out + b"\n"


def journal_export():
    known = list(samples())
    entries = [json.loads(entry(program, text, "77"))
               for _, program, text, _, _ in known]
    hostile = [json.loads(entry("webmail", text, "1")) for text in (
        "x\n\n__CURSOR=1\n" + exported(entries[0]).decode(),
        "x\n\n" + exported(entries[0]).decode() * 40,
        SUCCESS + "\n", "\x01" * 256, "y" * 70000 + "\n")]
    mixed = b"".join(exported(hostile[i % len(hostile)]) + exported(one)
                     for i, one in enumerate(entries))
    for name, data, want in (("", b"".join(map(exported, entries)),
                              len(known)),
                             (", hostile entries between", mixed, len(known)),
                             (", cut off", mixed[:200], 0)):
        done = subprocess.run(
            [PBSCTL, "match", "--json", "--patterns", PATTERNS], input=data,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        found = [json.loads(text)["ip"]
                 for text in done.stdout.decode().splitlines()]
        tap.equal(found, [ip for _, _, _, ip, _ in known][:want],
                  "journalctl -o export" + name)


def read(entries, write):
    done = subprocess.run(
        [PBSCTL, "match", "--json", "--patterns", PATTERNS],
        input=b"".join(map(write, entries)), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    return [json.loads(text)["line"] for text in done.stdout.splitlines()]


def cut_entries():
    """What journald or a container's driver has cut goes on in a later entry,
    whose text a stranger may have begun."""
    def of(text=SUCCESS, pid="77", **more):
        return json.loads(entry("dovecot", text, pid, **more))

    def stream(text=SUCCESS, pid="77", **more):
        return of(text, pid, _TRANSPORT="stdout", _STREAM_ID="a1", **more)

    def container(text=SUCCESS, name="dovecot", priority="6", **more):
        return of(text, **{"CONTAINER_NAME": name, **more}, PRIORITY=priority)

    part = {"CONTAINER_PARTIAL_MESSAGE": "true"}
    cases = (
        ("a NUL", [stream("x", _LINE_BREAK="nul"), stream(), stream()], [3]),
        ("a long line", [stream("x", _LINE_BREAK="line-max"),
                         stream("y", _LINE_BREAK="line-max"), stream(),
                         stream()], [4]),
        ("the end", [stream(_LINE_BREAK="eof"), stream()], [1, 2]),
        ("another process", [stream("x", _LINE_BREAK="pid-change"),
                             stream(pid="78"), stream(), stream()], [2, 4]),
        ("other streams", [stream("x", _LINE_BREAK="nul"), of(),
                           dict(stream(), _STREAM_ID="b"), stream()], [2, 3]),
        ("an entry that is too long", [
            stream("\x01" * 70000, _LINE_BREAK="line-max"), of(), stream(),
            stream()], [2, 4]),
        ("part of a container's", [
            container("x", **part), container("x", **part),
            container(priority="3"), container(name="b"), container(),
            container()], [3, 4, 6]),
        ("part of one of two containers with one name", [
            container("x", CONTAINER_ID_FULL="a" * 64, **part),
            container(CONTAINER_ID_FULL="b" * 64),
            container(CONTAINER_ID_FULL="a" * 64),
            container(CONTAINER_ID_FULL="a" * 64)], [2, 4]))
    for form, write in (("json", lambda e: json.dumps(e).encode() + b"\n"),
                        ("export", exported)):
        for what, entries, want in cases:
            tap.equal(read(entries, write), want, "journalctl -o %s: what "
                      "follows %s" % (form, what))
        untagged = [dict(of(text), _TRANSPORT="syslog", _COMM="nginx")
                    for text in ("mx dovecot[77]: " + SUCCESS,
                                 ISO + " mx dovecot: " + SUCCESS,
                                 "dovecot: " + SUCCESS, SUCCESS)]
        for one in untagged:
            del one["SYSLOG_IDENTIFIER"]
        tap.equal(read(untagged, write), [1, 2], "journalctl -o %s: a tag that "
                  "journald left in the text" % form)


def nothing_read():
    with tempfile.NamedTemporaryFile() as log:
        log.write(b"what is this?\n" * 18)
        log.flush()
        done = subprocess.run([PBSCTL, "match", log.name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    tap.contains(done.stderr, b"could not read 18 of 18 lines",
                 "match says that it understood nothing")
    for what, lines in (
            ("JSON that lacks a field", b'{"log":"x\\n","stream":"stderr"}\n'),
            ("longer than 64 KiB together", b"".join(
                ISO.encode() + b" stderr " + tag + b" " + b"x" * 40000 + b"\n"
                for tag in (b"P", b"P", b"F"))),
            ("longer than 64 KiB together", b"".join(
                json.dumps({"log": "x" * 40000 + end, "stream": "stderr",
                            "time": ISO}).encode() + b"\n"
                for end in ("", "", "\n"))),
            ("daemon grants nothing", b"Sat 2026-11-28 02:01:00 XYZ mx "
             b"dovecot[7]: " + SUCCESS.encode() + b"\n")):
        done = subprocess.run([PBSCTL, "match"], input=lines,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tap.contains(done.stderr, what.encode(), "match says why: " + what)


tap.main(every_header, shared_cases, forged_headers, named_zones,
         dovecots_zone, zones_after_another_stamp, words_before_the_tag,
         lines_in_lines, every_envelope, every_header_in_envelopes, parts,
         torn_in_envelopes, words_in_envelopes, pretended_envelopes,
         journal_export, cut_entries, nothing_read)
