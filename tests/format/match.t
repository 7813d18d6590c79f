#!/usr/bin/env python3
# match: `pbsctl match' as users meet it: output, exit codes, odd input.
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import tap  # noqa: E402

PBSCTL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "pbsctl")
LOGIN = (b"2026-11-21T02:11:07+00:00 mail dovecot: imap-login: Login: "
         b"user=<%s>, method=PLAIN, rip=%s, lip=198.51.100.1, mpid=7, "
         b"session=<WaXuGMFgvad/AAAC>\n")
FAILURE = (b"2026-11-21T02:11:08+00:00 mail dovecot: imap-login: "
           b"Disconnected: Aborted login by logging out (auth failed, 1 "
           b"attempts in 2 secs): user=<ann>, method=PLAIN, rip=192.0.2.9, "
           b"lip=198.51.100.1, session=<JZ8aG8Fg2ZR/AABX>\n")


def run(*arguments, data=b"", env=None):
    return subprocess.run([PBSCTL, *arguments], input=data, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, TZ="UTC", **(env or {})))


def objects(done):
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def json_output():
    done = run("match", "--json",
               data=FAILURE + LOGIN % (b"ann", b"::ffff:192.0.2.7"))
    tap.equal(done.stdout,
              b'{"line": 2, "rule": "dovecot-login", "ip": "192.0.2.7", '
              b'"user": "ann", "time": 1795227067}\n', "one login, as JSON")
    tap.equal(done.stderr, b"", "nothing is said besides")
    tap.equal(done.returncode, 0, "exit 0: something matched")
    done = run("match", "--json", data=FAILURE)
    tap.equal((done.returncode, done.stdout), (1, b""),
              "exit 1 and no output: nothing matched")
    tap.equal(run("match", "--json").returncode, 1, "no input matches nothing")


# Successes; after each, a login that was refused in the same log.
TORN = [
    (LOGIN % (b"alice", b"192.0.2.7"), FAILURE),
    (b"Nov 30 23:59:59 mail pop3d: LOGIN, user=alice, ip=[::ffff:192.0.2.7]\n",
     b"Dec  1 00:00:00 mail pop3d: LOGIN FAILED, user=x, "
     b"ip=[::ffff:192.0.2.9]\n"),
    (b"Nov 21 02:01:00 mail teapop[7]: Successful login for alice [192.0.2.1] "
     b"from h [192.0.2.7]\n",
     b"Nov 21 02:01:01 mail teapop[8]: Failed login for x [192.0.2.1] from h "
     b"[192.0.2.9]\n"),
    (b"Nov 21 02:48:38 pop3-login: Info: Login: user=<alice>, method=PLAIN, "
     b"rip=192.0.2.7, lip=192.0.2.1\n",
     b"Nov 21 02:48:39 pop3-login: Info: Aborted login: user=<x>, "
     b"method=PLAIN, rip=192.0.2.9, lip=192.0.2.1\n"),
]


def torn():
    """A success cut at each byte, and the refused one directly after it."""
    for success, failure in TORN:
        tap.equal([o["ip"] for o in objects(run("match", "--json",
                                                data=success + failure))],
                  ["192.0.2.7"], "whole lines: one login")
        lines = b"".join(success[:n] + failure for n in range(len(success)))
        tap.equal([o for o in objects(run("match", "--json", data=lines))
                   if o["ip"] == "192.0.2.9"], [],
                  "two lines torn into one grant a stranger nothing")


def repeated():
    """rsyslog's reduction of equal lines: as one of them, at its own time."""
    head = b"2026-11-21T02:11:09+00:00 mail dovecot: message repeated 2 times: "
    text = (LOGIN % (b"ann", b"192.0.2.7")).split(b"dovecot:")[1].strip()
    failed = FAILURE.split(b"dovecot:")[1].strip()
    lines = [head + b"[ " + text + b"]", head + b"[ " + failed + b"]",
             head + b"[ " + text, head + text + b"]",
             head.replace(b"2", b"x") + b"[ " + text + b"]"]
    tap.equal([(o["line"], o["time"]) for o in objects(
        run("match", "--json", data=b"\n".join(lines) + b"\n"))],
        [(1, 1795227069)], "message repeated 2 times: [ a login]")


def odd_bytes():
    user = b'"\\\xf8\xc3\xb6\xed\xa0\x80\xff'
    done = run("match", "--json", data=LOGIN % (user, b"192.0.2.7"))
    tap.equal(objects(done)[0]["user"],
              '"\\\u00f8\u00f6\u00ed\u00a0\u0080\u00ff',
              "UTF-8 stays, other bytes become \\u00XX")
    tap.contains(done.stdout, b'\\u00f8\xc3\xb6\\u00ed\\u00a0\\u0080\\u00ff',
                 "written so")
    for byte in (b"\0", b"\x1b", b"\r", b"\x7f"):
        done = run("match", "--json",
                   data=LOGIN % (b"a" + byte + b"b", b"192.0.2.7"))
        tap.equal((done.returncode, done.stdout), (1, b""),
                  "byte %r grants nothing" % byte)
        tap.contains(done.stderr, b"line 1: rule dovecot-login: control bytes",
                     "and is said")


def lines():
    login = LOGIN % (b"ann", b"192.0.2.7")
    numbers = [o["line"] for o in objects(run(
        "match", "--json", data=b"\n" + login[:-1] + b"\r\n"
        + b"x" * 200000 + b"\n" + login + login[:-1]))]
    tap.equal(numbers, [2, 4, 5], "CR LF, an over-long line and a missing last "
              "newline: each is one line")
    done = run("match", "--json",
               data=b"\0" * 70000 + login + b"\0" * 70000 + login + login)
    tap.equal([o["line"] for o in objects(done)], [1, 3],
              "after a hole a file begins with a line, after other NULs none")
    tap.contains(done.stderr, b"line 2: its beginning may be lost", "is said")
    done = run("match", "--json", data=b"\0" * 70144 + login + login)
    tap.equal([o["line"] for o in objects(done)], [2],
              "and if the hole ends with a sector, none")
    long = LOGIN % (b"a" * 30000, b"192.0.2.7")
    tap.equal(len(objects(run("match", "--json", data=long))), 1,
              "a line of 30,000 bytes is a line")


def files():
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, name) for name in "ab"]
        for path in paths:
            with open(path, "wb") as f:
                f.write(FAILURE + LOGIN % (b"ann", b"192.0.2.7"))
        numbers = [o["line"] for o in objects(run("match", "--json", *paths))]
        tap.equal(numbers, [2, 4], "lines are numbered through all files")
        done = run("match", "--json", "-",
                   data=LOGIN % (b"ann", b"192.0.2.7"))
        tap.equal(len(objects(done)), 1, "- is standard input")
        done = run("match", "--json", "/nonexistent/log", paths[0])
        tap.equal((done.returncode, len(objects(done))), (66, 1),
                  "exit 66 if a file does not exist; the others are read")
        tap.equal(done.stderr, b"pbsctl: match: /nonexistent/log: No such "
                  b"file or directory\n", "it says which")
        tap.equal(run("match", directory).returncode, 66,
                  "a directory is no input")
        with gzip.open(paths[0], "wb") as f:
            f.write(LOGIN % (b"ann", b"192.0.2.7"))
        done = run("match", *paths)
        tap.equal((done.returncode, len(done.stdout.splitlines())), (66, 1),
                  "exit 66 if a file is compressed; the others are read")
        tap.contains(done.stderr.decode(), paths[0] + " is compressed; pipe "
                     "the output of zcat(1)", "it says so, and what to do")
        with open(paths[0], "rb") as f:
            done = run("match", data=f.read())
        tap.equal(done.returncode, 66, "a pipe is compressed")
        tap.contains(done.stderr.decode(), "standard input is compressed; "
                     "pipe the output of zcat(1)", "it says so, too")


def text():
    done = run("match", data=LOGIN % (b"ann", b"2001:DB8::7"))
    tap.equal(done.stdout, b"1: dovecot-login 2001:db8::7 "
              b"time=2026-11-21 02:11:07 user=ann\n", "text for people")
    done = run("match", data=b"Nov 21 02:01:00 mail ipop3d[7]: Login "
               b"user=a\xc2\x9b1m\xc3\xa4 host=[192.0.2.7]\n")
    tap.contains(done.stdout, b"user=a\\xc2\\x9b1m\xc3\xa4\n",
                 "no control sequence reaches the terminal")
    done = run("match", data=b"2026-11-21T02:11:07+00:00 mail dovecot: "
               b"submission-login: Login: user=<ann>, method=PLAIN, "
               b"rip=192.0.2.7, lip=198.51.100.1\n")
    tap.contains(done.stdout, b"user=ann (optional)",
                 "optional rules are tried, and said to be so")


def patterns():
    rule = ("server: X\nprogram: xd\nrules:\n"
            "  - name: x-login\n    match: 'in (?<ip>.*)'\n")
    line = b"2026-11-21T02:11:07+00:00 mail xd: in 192.0.2.7\n"
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "x.yaml")
        for text, want in ((rule, 0), (rule.replace("match", "macth"), 78),
                           (rule.replace("<ip>", "<up>"), 78)):
            with open(path, "w") as f:
                f.write(text)
            done = run("match", "--json", "--patterns", directory, data=line)
            tap.equal(done.returncode, want, "own patterns: exit %d" % want)
        tap.contains(done.stderr.decode(), path + ":5: rule 'x-login': match: "
                     "no group (?<ip>...)", "file and line are said")
        with open(path, "w") as f:
            f.write(rule)
        done = run("match", "--json", "--patterns=" + directory, data=line)
        tap.equal(objects(done), [{
            "line": 1, "rule": "x-login", "ip": "192.0.2.7", "user": None,
            "time": 1795227067}], "a user that is not known is null")
    done = run("match", "--patterns", "/nonexistent", data=line)
    tap.equal(done.returncode, 78, "a directory that does not exist")


def usage():
    for arguments, said in (
            ((), "usage: pbsctl VERB"),
            (("mtach",), "unknown verb 'mtach' (did you mean 'match'?)"),
            (("match", "--jsn"),
             "match: unknown option '--jsn' (did you mean '--json'?)"),
            (("match", "--patterns"), "match: --patterns needs a value")):
        done = run(*arguments)
        tap.equal(done.returncode, 64, "exit 64: pbsctl " + " ".join(arguments))
        tap.contains(done.stderr.decode(), said, "it says why")
    done = run("frobnicate")
    tap.contains(done.stderr.decode(), "unknown verb 'frobnicate' (known: "
                 "status, list,", "a verb like no other: all are named")
    tap.equal([s for s in run("--help").stdout.decode().split("\n")
               if s.endswith(" ")], [], "no line of the help ends in a blank")
    for arguments in (("--help",), ("-h",), ("match", "--help"),
                      ("--version",)):
        done = run(*arguments)
        tap.ok(done.returncode == 0 and done.stdout and not done.stderr,
               " ".join(arguments) + " helps")
    for verb in re.findall(r"^  ([a-z][a-z-]*)", run("--help").stdout.decode(),
                           re.M):
        done = run(verb, "--help")
        tap.ok(done.returncode == 0 and b"usage: pbsctl " in done.stdout
               and verb.encode() in done.stdout and not done.stderr,
               "pbsctl %s --help helps" % verb, done.stderr)


def not_read():
    """What cannot be read is reported, with what to do instead."""
    done = run("match", data=b'{"MESSAGE":"hello"}\n' * 3)
    tap.equal(done.returncode, 1, "JSON without the fields of a line: exit 1")
    tap.contains(done.stderr.decode(), "could not read 3 of 3 lines: JSON that "
                 "lacks a field", "it says so")
    other = b"2026-11-21T02:11:07+00:00 mail %s: in from 192.0.2.7\n"
    done = run("match", data=FAILURE + other % b"myd" + other % b"b")
    tap.equal((done.returncode, done.stderr.decode()),
              (1, "pbsctl: match: no login in 3 lines, 1 of which is from "
               "programs with rules; pbsctl explain shows why not, line by "
               "line\n"
               "pbsctl: match: no rule knows the program of 2 of 3 lines; "
               "the first is 'myd'; pbsctl explain tells more of a "
               "line\n"), "programs without rules: it names one")
    for data, said in ((FAILURE * 2, b"no login in 2 lines, 2 of which are from "
                        b"programs with rules; pbsctl explain shows why not, "
                        b"line by line"),
                       (b"", b"no login in 0 lines, 0 of which are from programs "
                        b"with rules")):
        done = run("match", data=data)
        tap.equal((done.returncode, done.stdout, done.stderr),
                  (1, b"", b"pbsctl: match: %s\n" % said),
                  "%d known lines without a login: it says what it read"
                  % data.count(b"\n"))
    done = run("match", data=other % b"b" + LOGIN % (b"ann", b"192.0.2.7"))
    tap.equal(done.stderr, b"", "but not beside a login")
    done = run("match", "/nonexistent")
    tap.equal(done.stderr, b"pbsctl: match: /nonexistent: No such file or "
              b"directory\n", "nor beside a file that cannot be opened")
    done = run("match", data=b"x" * 200000)
    tap.contains(done.stderr.decode(), "could not read 1 of 1 lines: longer "
                 "than 64 KiB", "a file without any newline")
    done = run("match", "journal:")
    tap.equal(done.returncode, 66, "match journal: exit 66")
    tap.contains(done.stderr.decode(), "`journalctl -o short-iso -u dovecot | "
                 "pbsctl match'", "it says how to read the journal")


def closed_output():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PBSCTL, "match", "--json"], stdout=writer,
                          stderr=subprocess.PIPE, timeout=60,
                          input=LOGIN % (b"ann", b"192.0.2.7") * 1000)
    os.close(writer)
    tap.ok(done.returncode != 0 and done.stderr == b"",
           "a reader that went away is not complained about")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PBSCTL, "match"], stdout=full,
                              stderr=subprocess.PIPE, timeout=60,
                              input=LOGIN % (b"ann", b"192.0.2.7"))
    tap.equal(done.returncode, 74, "a full disk is: exit 74")


tap.main(json_output, torn, repeated, odd_bytes, lines, files, text, patterns, usage,
         not_read, closed_output)
