#!/usr/bin/env python3
# pbsctl recipients: which lines become which keys and rules, as postmap finds
# them; which lists are refused, leaving everything as it was; the output, the
# messages and the exit codes.
"""RECIPIENTS_LISTS=N: so many random lists. RECIPIENTS_SEED=S."""
import fcntl
import json
import os
import random
import re
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
from recipients import SUFFIX, Lists, engines, map_types
from tap import contains, equal, main, ok, skip

COUNT = int(os.environ.get("RECIPIENTS_LISTS", "12"))
SEED = int(os.environ.get("RECIPIENTS_SEED", str(int(time.time()))))
TYPES, ENGINES = map_types(), engines()

EXAMPLE = ("\ufeffUser@Domain.tld\r\n  o'hara@domain.tld \r\n@catch.tld\n"
           "ann\\+.*@domain.tld\nbob.b\\+.*@domain.tld\r\n")
KEYS = {"user@domain.tld", "o'hara@domain.tld", "@catch.tld"}
BLOCK = ("if /@domain\\.tld$/\n/^(ann|bob\\.b)\\+[^@]*@[^@]*$/ ok\nendif\n")
KNOWN = ["user@domain.tld", "USER@domain.tld", "o'hara@domain.tld"]
UNKNOWN = ["userXdomain.tld", "user@domainXtld", "nobody@domain.tld",
           "ann@domain.tld"]
PLUS = ["ann+x@domain.tld", "ann+@domain.tld", "ann+a/b@domain.tld",
        "ANN+X@domain.tld", "bob.b+x@domain.tld", "bob.b+x@DOMAIN.tld"]
NO_PLUS = ["ann@domain.tld", "joann+x@domain.tld", "bobXb+x@domain.tld",
           "ann+x@domainXtld", "ann+x@evil@domain.tld", "ann+x@domain.tld.x",
           "ann+x@xdomain.tld", "user@domain.tld", "user+x@domain.tld"]


def example():
    with Lists() as lists:
        path = lists.put(EXAMPLE)
        code, out, said = lists.run(path)
        equal(out, "@catch.tld\tok\no'hara@domain.tld\tok\nuser@domain.tld\tok"
              "\n---\n" + BLOCK, "without --map both tables are printed")
        equal((code, said), (0, path + ": accepts every recipient: @catch.tld"
                             "\n"), "the catch-all is named")
        for kind in TYPES:
            code, out, said = lists.run("--map", lists.spec(kind), path)
            equal((code, out), (0, ""), kind + ": is written, without a word")
            equal(set(lists.keys(kind)), KEYS, kind + ": all of its keys")
            got = lists.ask(lists.spec(kind), KNOWN + UNKNOWN)
            equal(got, dict.fromkeys(KNOWN, "ok"), kind + ": what is known")
            os.unlink(lists.file(kind))
        with open(lists.plus()) as f:
            equal(f.read(), BLOCK, "the rules")
        for kind in ENGINES:
            got = lists.ask("%s:%s" % (kind, lists.plus()), PLUS + NO_PLUS)
            equal(got, dict.fromkeys(PLUS, "ok"), kind + ": what is known")
    if "pcre" not in ENGINES:
        skip("pcre: what is known", "this Postfix has no pcre tables")


def invalid_lines():
    with Lists() as lists:
        path = lists.put("# a comment\n\nuser@domain.tld ok\nnot an address\n")
        code, out, said = lists.run(path)
        equal((code, out), (1, ""), "a line that is invalid: exit 1, nothing")
        equal(said.splitlines(), [
            path + ':4: no @: "not an address"',
            path + ": refused: invalid lines: 1 "
            "(--max-invalid or --force lets it pass)"],
            "the line, what, why; and the way out")
        for option in ["--max-invalid", "1"], ["--force"]:
            code, out, said = lists.run("--only", "plain", *option, path)
            equal((code, out), (1, "user@domain.tld\tok\n"),
                  "%s: the others, exit 1" % option[0])
        code, out, said = lists.run(lists.put("a@b@c.d\n" * 25 + "a@b.c\n"))
        equal(len(said.splitlines()), 12, "of 25 lines 10 are shown")
        contains(said, "and 15 more such lines", "then a count")


def encodings():
    text = EXAMPLE[1:]
    with Lists() as lists:
        want = lists.run(lists.put(text))[1]
        for name, data in (
                ("UTF-8 with a mark", text.encode("utf-8-sig")),
                ("UTF-16", b"\xff\xfe" + text.encode("utf-16-le")),
                ("UTF-16, big end", b"\xfe\xff" + text.encode("utf-16-be")),
                ("CR LF", text.replace("\r", "").replace(
                    "\n", "\r\n").encode())):
            code, out, said = lists.run(lists.put(data))
            equal((code, out), (0, want), name + ": the same tables")
        code, out, _ = lists.run("-", input=text)
        equal((code, out), (0, want), "standard input")


def hostile():
    names = ["a" * 64 + "@" + "b" * 63 + ".tld", "a}b@c.tld", "$x@c.tld",
             "a`x`@c.tld", "{a@c.tld", "a/b@c.tld", "#@c.tld", "=@c.tld"]
    with Lists() as lists:
        for name, data in (
                ("a line of 10 MB", b"x" * 10000000 + b"@y.tld\n"),
                ("a NUL", b"a\0b@c.tld\n"), ("a mark alone", b"\xef\xbb\xbf"),
                ("UTF-16 without a mark", "a@c.tld\n".encode("utf-16-le")),
                ("a command", b"$(x)@c.tld\n"), ("HTML", b"<html>\n</html>\n"),
                ("a brace in the domain", b"a@c.tld}\n"),
                ("a quoted newline", b'"a\\nb"@c.tld\n'),
                ("only CRs", b"a@c.tld\rb@c.tld\r\n")):
            code, out, said = lists.run(lists.put(data))
            equal((code, out), (1, ""), name + ": is refused")
            ok(all(c.isprintable() or c == "\n" for c in said)
               and len(said) < 700, name + ": and printable", said[:2000])
            equal("UTF-16 without a byte order mark" in said, "UTF-16" in name,
                  name + ": UTF-16 is named, and nothing else is")
        for encoding in "utf-16-le", "utf-16-be":
            text = "ann@a.tld\r\nbob@a.tld\r\n".encode(encoding)
            said = lists.run(lists.put(text))[2]
            equal(said.count("UTF-16 without a byte order mark"),
                  said.count(": \""), encoding + ": in each line")
        path = lists.put("same@domain.tld\nSame@domain.tld\n" * 500000)
        code, out, _ = lists.run("--only", "plain", path)
        equal((code, out), (0, "same@domain.tld\tok\n"), "a million times one")
        path = lists.put("".join("%s\n%s\n" % (
            n, n.replace("@", "\\+.*@")) for n in names if n[0] != "#"))
        for kind in TYPES:
            equal(lists.run("--map", lists.spec(kind), path)[0], 0,
                  kind + ": names with odd characters")
            equal(set(lists.keys(kind)), set(names) - {"#@c.tld"},
                  kind + ": are its keys")
            os.unlink(lists.file(kind))
        tagged = [n.replace("@", "+x@") for n in names if n[0] != "#"]
        for kind in ENGINES:
            equal(sorted(lists.ask("%s:%s" % (kind, lists.plus()),
                                   tagged + names + ["ab+x@c.tld"])),
                  sorted(tagged), kind + ": and their rules")


# ---- random lists against a set ----

ATEXT = "abcXY09!#$%&'*+-/=?^_`{|}~"


def random_list(rng):
    """Lines, and what they mean: (keys, plus users)."""
    domains = ["d%d.%s" % (i, rng.choice(("tld", "co.uk", "x-y.net")))
               for i in range(rng.randrange(1, 8))]
    lines, keys, plus = [], set(), set()
    for _ in range(rng.randrange(1, 400)):
        local = ".".join("".join(rng.choices(ATEXT, k=rng.randrange(1, 5)))
                         for _ in range(rng.randrange(1, 3)))
        domain, kind = rng.choice(domains), rng.random()
        if local.startswith("#"):
            local = "x" + local
        if kind < 0.05:
            local = ""
        if 0.05 < kind < 0.4:
            plus.add((local.lower(), domain))
            entry = "%s\\+.*@%s" % (local, domain)
        else:
            keys.add(("%s@%s" % (local, domain)).lower())
            entry = "%s@%s" % (local, domain)
        entry = rng.choice((str, str.upper, str.lower))(entry)
        lines.append(rng.choice(("", " ", "\t ")) + entry
                     + rng.choice(("", "\r", " \r", "  ok", "\tx y")))
    rng.shuffle(lines)
    return "\n".join(lines) + "\n", keys, plus


def questions(rng, keys, plus):
    """Addresses that are in it, nearly in it, and not in it at all."""
    known = sorted(keys) + ["%s+t@%s" % p for p in sorted(plus)]
    for address in known + ["%s@%s" % p for p in sorted(plus)]:
        yield address
        at = rng.randrange(len(address))
        yield address[:at] + rng.choice("xX.+@\\") + address[at + 1:]
        yield address.upper()
        yield "z" + address
        yield address + "z"


def by_set(plus, address):
    """Whether the rules should know an address."""
    local, _, domain = address.lower().rpartition("@")
    return any(domain == d and local.startswith(u + "+") and "@" not in local
               for u, d in plus)


def oracle():
    rng = random.Random(SEED)
    asked = wrong = 0
    with Lists() as lists:
        for n in range(COUNT):
            text, keys, plus = random_list(rng)
            kind = TYPES[n % len(TYPES)]
            code, _, said = lists.run("--force", "--map", lists.spec(kind),
                                      lists.put(text))
            ask = sorted({q for q in questions(rng, keys, plus)
                          if "\n" not in q})
            got = lists.ask(lists.spec(kind), ask)
            wrong += code != 0 or set(lists.keys(kind)) != keys
            wrong += sum((q in got) != (q.lower() in keys) for q in ask)
            for engine in ENGINES:
                got = lists.ask("%s:%s" % (engine, lists.plus()), ask)
                bad = [q for q in ask if (q in got) != by_set(plus, q)]
                wrong += len(bad)
                ok(not bad, "list %d (seed %d): %s" % (n, SEED, engine),
                   bad[:5])
            asked += len(ask)
    equal(wrong, 0, "%d random lists, %d questions of each table: as a set"
          % (COUNT, asked))


# ---- what is refused ----

def refusals():
    hundred = "".join("u%d@a.tld\n" % i for i in range(100))
    half = "".join("u%d@a.tld\n" % i for i in range(50))
    with Lists() as lists:
        for kind in TYPES:
            spec = ["--map", lists.spec(kind)]
            lists.run(*spec, lists.put(hundred + "x@b.tld\nx\\+.*@b.tld\n"))
            before = lists.state()
            for name, data, way in (
                    ("empty", "", "--force"), ("comments", "#\n\n", "--force"),
                    ("HTML", "<html>\n", "--force"),
                    ("UTF-16 without a mark", hundred.encode("utf-16-be"),
                     "--force"),
                    ("torn", hundred + "x@b.t", "--unterminated"),
                    ("one bad line", hundred + "x@b.tld\nx\n",
                     "--max-invalid"),
                    ("halved", half, "--max-shrink")):
                code, out, said = lists.run(*spec, lists.put(data))
                equal((code, out), (1, ""), "%s, %s: exit 1" % (kind, name))
                lines = [s for s in said.splitlines() if ": refused: " in s]
                ok(len(lines) == 1 and way in lines[0],
                   "%s, %s: a line names %s" % (kind, name, way), said)
                equal(lists.state(), before, "%s, %s: nothing has changed"
                      % (kind, name))
            contains(said, ": no entry is left of b.tld\n",
                     kind + ": the domain that loses all is named")
            for option in ["--max-shrink", "51"], ["--force"]:
                equal(lists.run(*spec, *option, lists.put(half))[0], 0,
                      "%s: %s lets it pass" % (kind, option[0]))
                equal(len(lists.keys(kind)), 50, kind + ": half is left")
                lists.run(*spec, lists.put(hundred + "x@b.tld\nx\\+.*@b.tld\n"))
            os.unlink(lists.file(kind))


def shrink_limits():
    """Exactly as many as allowed may go."""
    with Lists() as lists:
        spec = ["--map", lists.spec(TYPES[0])]
        for percent, left, code in (("30", 7, 0), ("30", 6, 1), ("0", 10, 0),
                                    ("0", 9, 1), ("100", 1, 0)):
            lists.run(*spec, "--force", lists.put(
                "".join("u%d@a.tld\n" % i for i in range(10))))
            got = lists.run(*spec, "--max-shrink", percent, lists.put(
                "".join("u%d@a.tld\n" % i for i in range(left))
                + "new@a.tld\n"))[0]
            equal(got, code, "%d of 10 go with --max-shrink %s"
                  % (10 - left, percent))


def plus_rules():
    """Neither another file nor most of the rules go without a word."""
    with Lists() as lists:
        spec = ["--map", lists.spec(TYPES[0])]
        names = ["u%d@a.tld\n" % i for i in range(10)]
        both = "".join(n + n.replace("@", "\\+.*@") for n in names)
        equal(lists.run(*spec, lists.put(both))[0], 0, "ten users with rules")
        with open(lists.plus()) as f:
            rules = f.read()
        before = lists.state()
        code, _, said = lists.run(*spec, lists.put("".join(names)))
        equal((code, lists.state()), (1, before),
              "a list that has lost all its rules is refused")
        contains(said, "10 of 20 present addresses and users with rules would "
                 "go, over 30 % (--max-shrink or --force lets it pass)",
                 "with the way out")
        equal(lists.run(*spec, "--max-shrink", "50",
                        lists.put("".join(names)))[0], 0, "and let pass")
        with open(lists.plus() + ".previous") as f:
            equal(f.read(), rules, "the rules before are kept")
        with open(lists.plus(), "w") as f:
            f.write("postmaster: root\n")
        before = lists.state()
        code, _, said = lists.run(*spec, lists.put(both))
        equal((code, lists.state()), (1, before),
              "a file that is no table of ours is not replaced")
        contains(said, "no plus rules of pbsctl (name another file, or "
                 "--force replaces it)", "and named")
        equal(lists.run(*spec, "--force", lists.put(both))[0], 0,
              "but with --force")


def unreadable_map():
    with Lists() as lists:
        for kind in TYPES:
            with open(lists.file(kind), "w") as f:
                f.write("")  # what a script that failed has left
            path = lists.put("a@b.tld\n")
            code, _, said = lists.run("--map", lists.spec(kind), path)
            equal(code, 1, kind + ": a map that cannot be read is refused")
            contains(said, "--force", kind + ": with the way out")
            equal(lists.run("--force", "--map", lists.spec(kind), path)[0], 0,
                  kind + ": and written with --force")
            equal(lists.keys(kind), ["a@b.tld"], kind + ": then it is right")


# ---- what is written ----

def unchanged():
    with Lists() as lists:
        for kind in TYPES:
            spec = ["--map", lists.spec(kind)]
            lists.run(*spec, lists.put(EXAMPLE))
            before = lists.state()
            equal(lists.run(*spec, lists.put(EXAMPLE + EXAMPLE[1:])),
                  (0, "", ""), kind + ": nothing new: silence")
            equal(lists.state(), before, kind + ": and nothing written")
            equal(lists.run(*spec, lists.put(
                EXAMPLE + "carl\\+.*@domain.tld\n"))[0], 0, kind + ": a rule")
            after = lists.state()
            table = os.path.basename(lists.file(kind))
            ok(after["recipients.plus"] != before["recipients.plus"]
               and after[table][0] != before[table][0],
               kind + ": only the text changed: the map is written, too")
            ok(after["recipients.plus"][1] <= after[table][1],
               kind + ": the text first")
            os.utime(lists.plus())
            lists.run(*spec, lists.put(EXAMPLE + "carl\\+.*@domain.tld\n"))
            ok(lists.state()[table][0] != after[table][0],
               kind + ": a text that is younger than the map: killed between")
            mode = stat.S_IMODE(os.stat(lists.file(kind)).st_mode)
            equal(mode, 0o644, kind + ": Postfix may read it")
            os.unlink(lists.file(kind))
            os.unlink(lists.plus())


def previous():
    for kind in TYPES:
        with Lists() as lists:
            spec = ["--map", lists.spec(kind)]
            lists.run(*spec, lists.put("a@b.tld\n"))
            lists.run(*spec, lists.put("a@b.tld\nc@b.tld\n"))
            equal(lists.keys(kind, "recipients.previous"), ["a@b.tld"],
                  kind + ": the table before is kept")
            equal(lists.keys(kind), ["a@b.tld", "c@b.tld"],
                  kind + ": beside the new one")
            restored(lists, kind)


def restored(lists, kind):
    """INSTALL's recipe brings back both tables as they were before a change,
    whichever of them has changed."""
    spec = ["--max-shrink", "100", "--map", lists.spec(kind)]
    first = "a@b.tld\na\\+.*@b.tld\n"
    for second, what in (("c@b.tld\na\\+.*@b.tld\n", "the map"),
                         ("a@b.tld\nc\\+.*@b.tld\n", "the rules"),
                         ("c@b.tld\nc\\+.*@b.tld\n", "both")):
        lists.run(*spec, lists.put("x@b.tld\nx\\+.*@b.tld\n"))
        lists.run(*spec, lists.put(first))
        lists.run(*spec, lists.put(second))
        for command in recipe():
            subprocess.run(["sh", "-c", command.replace(
                ".db", SUFFIX[kind])], check=True, cwd=lists.mapdir)
        with open(lists.plus()) as f:
            rules = f.read()
        equal((lists.keys(kind), "(a)" in rules), (["a@b.tld"], True),
              "%s: restored after a change of %s" % (kind, what), rules)
        inode = os.stat(lists.file(kind)).st_ino
        equal((lists.run(*spec, lists.put(first)),
               os.stat(lists.file(kind)).st_ino), ((0, "", ""), inode),
              "and then nothing has changed")


def recipe():
    with open(os.path.join(pbs.ROOT, "INSTALL")) as f:
        found = [line.strip() for line in f
                 if line.startswith("    cp ") and "previous" in line]
    if len(found) != 2 or "plus" not in found[0]:
        raise RuntimeError("INSTALL does not restore the rules, then the map")
    return found


def differences():
    with Lists() as lists:
        spec = ["--map", lists.spec(TYPES[0])]
        lists.run(*spec, lists.put("b@x.tld\nc@x.tld\nb\\+.*@x.tld\n"))
        before = lists.state()
        new = lists.put("a@x.tld\nc@x.tld\nc\\+.*@x.tld\n@y.tld\n")
        code, out, said = lists.run(*spec, "--diff", new)
        equal((code, out), (1, "+ @y.tld\n+ a@x.tld\n- b@x.tld\n"
                            "- b\\+.*@x.tld\n+ c\\+.*@x.tld\n"),
              "--diff: what comes and goes, sorted")
        equal((lists.state(), said), (before, ""), "and nothing else")
        equal(lists.run(*spec, "--diff", "-",
                        input="c@x.tld\nb@x.tld\nb\\+.*@x.tld\n"),
              (0, "", ""), "the same: 0")
        code, out, _ = lists.run(*spec, "--diff", "--json", new)
        got = json.loads(out)
        equal((got["add"], got["remove"]), (
            ["@y.tld", "a@x.tld", "c\\+.*@x.tld"],
            ["b@x.tld", "b\\+.*@x.tld"]), "--json: as lists")


def as_json():
    with Lists() as lists:
        path = lists.put('a@b.tld\n"\n@c.tld\nb\\+.*@b.tld\n')
        code, out, said = lists.run("--json", path)
        got = json.loads(out)
        equal((code, got["status"], got["refused"], got["invalid"]),
              (1, 1, True, 1), "--json: a refusal")
        equal(got["messages"], said.splitlines(), "with its messages")
        got = json.loads(lists.run("--json", "--force", path)[1])
        equal((got["recipients"], got["plus"], got["catchalls"]),
              (["@c.tld", "a@b.tld"], ["b\\+.*@b.tld"], ["c.tld"]),
              "without a map: the entries")
        spec = ["--json", "--map", lists.spec(TYPES[0])]
        got = json.loads(lists.run(*spec, "--force", path)[1])
        equal((got["written"], got["present"], got["added"]), (True, 0, 2),
              "with a map: what was done")
        got = json.loads(lists.run(*spec, "--force", path)[1])
        equal((got["written"], got["present"], got["added"]), (False, 2, 0),
              "or not done")


def one_table():
    with Lists() as lists:
        path, kind = lists.put(EXAMPLE), TYPES[0]
        equal(lists.run("--only", "plus", path)[1], BLOCK, "--only plus")
        ok("---" not in lists.run("--only", "plain", path)[1], "--only plain")
        code, _, said = lists.run("--plus", "none", "--map", lists.spec(kind),
                                  path)
        equal((code, sorted(lists.state())), (0, [
            os.path.basename(lists.file(kind))]), "--plus none: no rules")
        contains(said, "recipient_delimiter = +", "and a word about that")
        lists.run("--only", "plus", "--map", lists.spec(kind, "other"), path)
        equal(sorted(n for n in lists.state() if "other" in n),
              ["other.plus"], "--only plus: no map")
        code, _, said = lists.run(
            "--plus", "regexp:" + lists.name("third"), "--map",
            lists.spec(kind), path)
        equal(code, 0, "--plus TYPE:NAME")
        contains(said, "regexp:" + lists.name("third"), "with its type")
        ok(os.path.exists(lists.name("third")), "and its name")


def nobody():
    """The file of the rules is there for main.cf, even if it has none."""
    with Lists() as lists:
        equal(lists.run("--map", lists.spec(TYPES[0]), lists.put("a@b.tld\n"))
              [0], 0, "nobody has plus addressing")
        equal(os.path.getsize(lists.plus()), 0, "an empty file of rules")
        for kind in ENGINES:
            equal(lists.ask("%s:%s" % (kind, lists.plus()), ["a+b@b.tld"]),
                  {}, kind + ": that can be asked")


# ---- what is said ----

def main_cf():
    kind = TYPES[0]
    with Lists() as lists:
        path = lists.put(EXAMPLE)
        _, _, said = lists.run("--map", lists.spec(kind), path)
        best = "pcre" if "pcre" in ENGINES else "regexp"
        equal(said.splitlines()[1:], [
            "main.cf needs:", "relay_domains = catch.tld, domain.tld",
            "relay_recipient_maps = %s, %s:%s" % (lists.spec(kind), best,
                                                  lists.plus())],
            "what main.cf needs")
    for settings, missing in (
            ("relay_domains = domain.tld, catch.tld\n", "relay_recipient_maps"),
            ("relay_domains = tld\n", "relay_recipient_maps"),
            ("relay_domains = domain.tld\n", "relay_domains"),
            ("relay_domains = Domain.tld .catch.tld\nrelay_recipient_maps = "
             "proxy:{map} regexp:{plus}\n", None),
            ("relay_domains = domain.tld, catch.tld\nrelay_recipient_maps = "
             "{map}, pcre:{plus}\nunknown_relay_recipient_reject_code = 450\n",
             "unknown_relay_recipient_reject_code")):
        with Lists() as lists:
            with open(lists.path("postfix/main.cf"), "a") as f:
                f.write(settings.format(map=lists.spec(kind),
                                        plus=lists.plus()))
            os.utime(f.name, (0, 0))
            _, _, said = lists.run("--map", lists.spec(kind),
                                   lists.put(EXAMPLE))
            told = re.findall(r"^(\w+) = ", said, re.M)
            equal(told[:1], [missing] if missing else [],
                  "with %r" % settings.split("\n")[0])
    with Lists("relay_domains = hash:/x\n") as lists:
        _, _, said = lists.run("--map", lists.spec(kind), lists.put(EXAMPLE))
        contains(said, "includes the 2 domains", "a table is not compared")
    with Lists("relay_domains = domain.tld catch.tld other.tld\n") as lists:
        _, _, said = lists.run("--map", lists.spec(kind), lists.put(EXAMPLE))
        contains(said, "without any entry in the list: other.tld\n",
                 "a domain that the list does not know is named")


def reloads():
    kind = TYPES[0]
    with Lists() as lists:
        os.mkdir(lists.path("bin"))
        lists.write("bin/postfix", "#!/bin/sh\necho \"$@\" >>%s\nexit ${FAIL:-0}"
                    "\n" % lists.path("reloads"))
        os.chmod(lists.path("bin/postfix"), 0o755)
        env = {"PATH": lists.path("bin") + ":" + os.environ["PATH"]}
        spec = ["--map", lists.spec(kind)]

        def reloaded(*words, text, **more):
            code, _, said = lists.run(*spec, *words, lists.put(text),
                                      env=dict(env, **more))
            count = 0
            if os.path.exists(lists.path("reloads")):
                with open(lists.path("reloads")) as f:
                    count = len(f.readlines())
                os.unlink(f.name)
            return code, count, said
        equal(reloaded(text=EXAMPLE)[:2], (0, 0), "without --reload: none")
        equal(reloaded("--reload", text=EXAMPLE)[:2], (0, 0),
              "nothing changed: none")
        equal(reloaded("--reload", text=EXAMPLE + "x@domain.tld\n")[:2],
              (0, 0), "the map alone changed: none")
        code, count, said = reloaded(text=EXAMPLE + "x\\+.*@domain.tld\n")
        contains(said, "--reload", "the text changed: a word about it")
        equal(reloaded("--reload", text=EXAMPLE + "y\\+.*@domain.tld\n")[:2],
              (0, 1), "with --reload: one")
        code, count, said = reloaded("--reload", text=EXAMPLE + "z\\+.*@a.tld\n",
                                     FAIL="1")
        equal((code, count), (71, 1), "it fails: 71")
        contains(said, "postfix reload", "and is said")


def two_runs():
    """The second waits for the lock, and then compares with what the first
    has written."""
    with Lists() as lists:
        spec, path = ["--map", lists.spec("hash")], lists.put("a@b.tld\n")
        lists.run(*spec, path)
        with open(lists.name(".recipients.db.lock"), "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            second = lists.start(*spec, lists.put("b@b.tld\na@b.tld\n"))
            pbs.until("it waits", pbs.DEADLINE, lambda: waits(second.pid),
                      lambda left: None)
            equal(lists.keys("hash"), ["a@b.tld"], "nothing is written yet")
            equal(lists.run(*spec, "--diff", "-", input="a@b.tld\n")[0], 0,
                  "--diff need not wait")
        second.communicate(timeout=60)
        equal((second.returncode, lists.keys("hash")),
              (0, ["a@b.tld", "b@b.tld"]), "then it continues")


def waits(pid):
    """Whether it is blocked on a lock."""
    with open("/proc/locks") as f:
        return any("->" in line and " %d " % pid in line for line in f)


def odd_names(lists, path):
    """What main.cf cannot name, or is not what was meant."""
    os.mkdir(lists.name("directory"))
    for name, why in (("", "is not TYPE:/NAME"), ("/", "names a directory"),
                      (lists.name(".."), "names a directory"),
                      (lists.name("directory"), "names a directory"),
                      (lists.name("x") + "/", "names a directory"),
                      (lists.name("x.db"), "adds '.db' to the name itself"),
                      (lists.name("x\ny"), "main.cf cannot name it"),
                      (lists.name("x y"), "main.cf cannot name it"),
                      (lists.name("x,y"), "main.cf cannot name it"),
                      (lists.name("$x"), "main.cf cannot name it"),
                      (lists.name("{x}"), "main.cf cannot name it")):
        before = lists.state()
        code, _, said = lists.run("--map", "hash:" + name, path)
        equal((code, len(said.splitlines()), lists.state()), (64, 1, before),
              "--map hash:%r: 64, in one line" % name[-12:])
        contains(said, why, "and why")
    for plus in (lists.name("x\ny"), lists.name("directory"),
                 lists.file("hash")):
        code, _, said = lists.run("--map", lists.spec("hash"),
                                  "--plus", "regexp:" + plus, path)
        equal((code, lists.state()), (64, before),
              "--plus regexp:%r: 64" % plus[-12:])
        ok(said.startswith("pbsctl: recipients: --plus"), "and why", said)
    os.rmdir(lists.name("directory"))


def fifo():
    """A list that is written when it is read: waited for, which is logged."""
    with Lists() as lists:
        os.mkfifo(lists.path("fifo"))
        run = lists.start("--only", "plain", "fifo")
        contains(run.stderr.readline(), "fifo: waiting for somebody to write",
                 "a FIFO that nobody writes to")
        with open(lists.path("fifo"), "w") as f:
            f.write("a@b.tld\n")
        out, said = run.communicate(timeout=pbs.DEADLINE)
        equal((run.returncode, out, said), (0, "a@b.tld\tok\n", ""),
              "and is read when somebody does")
        watch = lists.start("--map", lists.spec("hash"), "--settle", "1s",
                            "--watch", "fifo")
        contains(watch.stderr.readline(), "--watch needs a regular file",
                 "--watch does not wait for it")
        watch.terminate()
        watch.communicate(timeout=pbs.DEADLINE)
        equal(watch.returncode, 0, "and ends as usual")


def errors():
    with Lists() as lists:
        path, spec = lists.put("a@b.tld\n"), lists.spec("hash")
        for words in ([], [path, path], ["--map", "hash:x", path],
                      ["--map", "btree:/x", path], ["--map", "/x", path],
                      ["--only", "all", path], ["--diff", path],
                      ["--reload", path], ["--watch", path], ["--bogus", path],
                      ["--plus", "pcre:/x", path],
                      ["--map", spec, "--plus", "hash:/x", path],
                      ["--map", spec, "--plus", "none", "--only", "plus", path],
                      ["--map", spec, "--watch", "-"],
                      ["--map", spec, "--watch", "--diff", path],
                      ["--max-shrink", "101", path], ["--settle", "x", path],
                      ["--max-invalid", "-1", path], ["--map"]):
            code, out, said = lists.run(*words)
            equal((code, out), (64, ""), "64: " + " ".join(words)[:60])
            ok(said.startswith("pbsctl: recipients: "), "and a message", said)
        odd_names(lists, path)
        equal(lists.run(lists.path("none"))[0], 66, "66: no file")
        equal(lists.run(lists.dir)[0], 66, "66: a directory")
        with open("/dev/full", "w") as full:
            done = subprocess.run(lists.command(path), env=lists.env,
                                  stdout=full, stderr=subprocess.PIPE)
        equal(done.returncode, 74, "74: standard output is full")


def unwritable():
    with Lists() as lists:
        spec, path = ["--map", lists.spec("hash")], lists.put("a@b.tld\n")
        os.chmod(lists.mapdir, 0o775)
        code, _, said = lists.run(*spec, path)
        equal((code, os.listdir(lists.mapdir)), (73, []),
              "73: a directory that a group can write to")
        contains(said, "writable by others", "it is named")
        os.chmod(lists.mapdir, 0o755)
        for name in "recipients.db", "recipients.plus":
            os.symlink(path, lists.name(name))
            code, _, said = lists.run(*spec, path)
            equal((code, os.path.islink(lists.name(name))), (73, True),
                  "73: %s is a symbolic link" % name)
            contains(said, "symbolic link", "it is named")
            os.unlink(lists.name(name))
        code, _, said = lists.run("--map", "hash:/nonexistent/x", path)
        equal(code, 73, "73: no directory")
        with open(path) as f:
            equal(f.read(), "a@b.tld\n", "what a link pointed to is as it was")


print("# seed %d" % SEED)
main(example, invalid_lines, encodings, hostile, oracle, refusals,
     shrink_limits, plus_rules,
     unreadable_map, unchanged, previous, differences, as_json,
     one_table, nobody, main_cf, reloads, two_runs, fifo, errors,
     unwritable)
