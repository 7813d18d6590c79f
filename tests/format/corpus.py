#!/usr/bin/env python3
# corpus: each labelled line of a real server's log comes out as labelled.
"""Runs all lines through one `pbsctl match --json`.

A login of a server that has rules must be found, with its address, its user
and a time. A line that is none, of whatever server, must grant nothing;
neither must one of a server that has no rules yet: such a server's lines may
fool no other's rules. More lines, which only stay where they are, are taken
from ../shared/corpus where that exists.
"""
import base64
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import tap  # noqa: E402

PBSCTL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "pbsctl")
PATTERNS = os.path.join(ROOT, "patterns")
OWN = os.path.join(ROOT, "tests", "format", "corpus")
SHARED = os.path.join(os.path.dirname(ROOT), "shared", "corpus")
SHIPPED = ("apple-mailserver", "courier", "cucipop", "cyrus", "dbmail",
           "dovecot", "exchange", "gnu-pop3d", "gromox", "hmailserver",
           "imapproxy", "kopano", "nginx-mail", "perdition", "popa3d",
           "qpopper", "solid-pop3d", "stalwart", "teapop", "tpop3d",
           "uw-imap", "vm-pop3d", "vpopmail", "xmail", "zimbra")


class Line:
    def __init__(self, path, number, record):
        self.where = "%s:%d" % (os.path.basename(path), number)
        self.server = record.get("server",
                                 os.path.basename(path)[:-len(".jsonl")])
        self.expect = record["expect"]
        self.bytes = (record["line"].encode() if "line" in record
                      else base64.b64decode(record["line_b64"]))

    def wants_login(self):
        return self.expect is not None and self.server in SHIPPED

    def right(self, found):
        if not self.wants_login():
            return found is None
        return (found is not None and found["ip"] == self.expect["ip"]
                and found["user"] == self.expect.get("user", found["user"])
                and isinstance(found["time"], int))


def read(directory):
    lines = []
    for path in sorted(glob.glob(os.path.join(directory, "*.jsonl"))):
        if os.path.basename(path).startswith("optional-"):
            continue
        with open(path, encoding="utf-8") as f:
            for number, text in enumerate(f, 1):
                record = json.loads(text)
                if "lines" not in record:
                    lines.append(Line(path, number, record))
    # A line with a newline in it is several to any reader of logs.
    return [line for line in lines if b"\n" not in line.bytes]


# After the first part of a message that a newline may have cut, nothing counts
# for as long as a message may be. These lines of the corpus do not come from one
# log, so each is followed by as many bytes of another program.
FILLER = (b"Nov 21 02:00:00 mail cron[1]: " + b"x" * 1000 + b"\n") * 70
STEP = 1 + FILLER.count(b"\n")


def match(lines):
    """{index: object} of the lines that are logins."""
    done = subprocess.run(
        [PBSCTL, "match", "--json", "--patterns", PATTERNS],
        input=b"".join(line.bytes + b"\n" + FILLER for line in lines),
        stdout=subprocess.PIPE, check=True)
    found = [json.loads(text) for text in done.stdout.decode().splitlines()]
    return {(login["line"] - 1) // STEP: login for login in found}


def sequences(directory):
    """Lines that are a login together: each sequence in a log of its own."""
    found = []
    for path in sorted(glob.glob(os.path.join(directory, "*.jsonl"))):
        with open(path, encoding="utf-8") as f:
            found += [record for record in map(json.loads, f)
                      if "lines" in record]
    return found


def judge_sequences(records, name):
    for record in records:
        done = subprocess.run(
            [PBSCTL, "match", "--json", "--patterns", PATTERNS],
            input="".join(line + "\n" for line in record["lines"]).encode(),
            stdout=subprocess.PIPE)
        found = [(login["ip"], login["user"]) for login in map(
            json.loads, done.stdout.decode().splitlines())]
        want = record["expect"]
        tap.equal(found, [(want["ip"], want["user"])] if want else [],
                  "%s %s: %s" % (name, record["server"], record["lines"][1]))


def judge(lines, name):
    found = match(lines)
    by_server = {}
    for i, line in enumerate(lines):
        by_server.setdefault(line.server, []).append((line, found.get(i)))
    for server, pairs in sorted(by_server.items()):
        wrong = [(line, login) for line, login in pairs
                 if not line.right(login)]
        logins = sum(line.wants_login() for line, _ in pairs)
        tap.ok(not wrong, "%s %s: %d logins, %d others" %
               (name, server, logins, len(pairs) - logins),
               *["%s: got %r, want %r: %r" % (line.where, login, line.expect,
                                              line.bytes)
                 for line, login in wrong])


def own():
    lines = read(OWN)
    tap.ok(len(lines) > 1000, "there are %d lines" % len(lines))
    judge(lines, "corpus")


def shared():
    lines = read(SHARED)
    if lines:
        judge(lines, "shared corpus")
        judge_sequences(sequences(SHARED), "shared sequence")
    else:
        print("# no ../shared/corpus: its public samples were not read")


tap.main(own, shared)
