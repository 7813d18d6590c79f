#!/usr/bin/env python3
# pbsctl check recognizes which pattern files and configurations are wrong: TAP,
# file and line, exit codes.
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
import tap

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
GOOD = r"""
server: Example POP server
program: exampled
rules:
  - name: example-login
    match: 'login ok, user="(?<user>[^"]++)", from (?<ip>[0-9A-Fa-f:.]++)'
    accept:
      - line: 'Nov 21 02:01:00 mail exampled[7]: login ok, user="ann", from 192.0.2.7'
        ip: 192.0.2.7
        user: ann
    reject:
      - line: 'Nov 21 02:01:00 mail exampled[7]: login failed, user="login ok, user=", from 192.0.2.9'
        why: the user name imitates a success
      - line: 'Nov 21 02:01:00 mail exampled[7]: logout, user="ann", from 192.0.2.9'
        why: logout
      - line: 'Nov 21 02:01:00 mail exampled[7]: connect from 192.0.2.9'
        why: connected only
"""


def check(*arguments):
    return subprocess.run([PBSCTL, "check", *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=120)


def check_text(text, *arguments):
    """Of a directory with but this file; "FILE" in arguments is its path."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "mine.yaml")
        with open(path, "w") as f:
            f.write(text)
        done = check("--patterns", directory, *arguments)
        done.stdout = done.stdout.replace(directory + "/", "")
        return done


def problems(done):
    return [line for line in done.stdout.splitlines()
            if line.startswith("not ok")]


def plan_is_right(done):
    lines = done.stdout.splitlines()
    results = [l for l in lines if l.startswith(("ok ", "not ok "))]
    return lines[-1] == "1..%d" % len(results)


def good():
    done = check_text(GOOD)
    tap.equal(done.returncode, 0, "a good file: exit 0", done.stdout)
    tap.equal(done.stderr, "", "nothing to complain about")
    tap.ok(plan_is_right(done), "TAP with its plan", done.stdout)
    tap.contains(done.stdout, "ok 1 - example-login accepts mine.yaml:8\n",
                 "each sample is a line")


def shipped():
    """100,000 attacks at the least, and no fault, in what ships."""
    done = check("--patterns", os.path.join(pbs.ROOT, "patterns"),
                 "--forgeries", "100000", "--seed", "2")
    tap.equal((done.returncode, problems(done)), (0, []), "what ships is sound",
              *problems(done))
    made = re.search(r"# (\d+) forgeries, 0 granted, seed 2\n", done.stdout)
    tap.ok(made and int(made[1]) >= 100000, "as many forgeries as asked for",
           done.stdout[-200:])
    for server in ("nginx", "UW imapd"):
        tap.ok(re.search(r"# warning: \S+: %s.* newlines as they come" % server,
                         done.stdout), server + ": its newlines are reported")


def wrong_samples():
    for old, new, said in (
            ("ip: 192.0.2.7", "ip: 192.0.2.8",
             "# mine.yaml:8: found 192.0.2.7, expected 192.0.2.8"),
            ("user: ann", "user: bob", "# mine.yaml:8: found user ann, expected bob"),
            ("failed, user=\"login ok, user=\"", "ok, user=\"x\"",
             "# mine.yaml:12: is accepted: the user name imitates a success"),
            ("match: 'login ok", "match: 'login OK",
             "# mine.yaml:8: no rule matches"),
            ("program: exampled", "program: example",
             "# mine.yaml:8: the rule does not name program 'exampled'"),
            ("program: exampled", "program: exampled\nheader: kerio",
             "# mine.yaml:9: its header is syslog, the rule expects kerio")):
        done = check_text(GOOD.replace(old, new))
        tap.equal(done.returncode, 1, "a wrong sample: exit 1")
        tap.contains(done.stdout, said, "it says what is wrong, and where")
        tap.ok(plan_is_right(done), "the plan is right", done.stdout)


def forgeries():
    """Found; printed so that it can be pasted; then rejected, when cured."""
    weak = GOOD.replace(r"from (?<ip>[0-9A-Fa-f:.]++)'",
                        r"from (?<ip>[0-9A-Fa-f:.]++).*'").replace(
                            '[^"]++', ".*?")
    done = check_text(weak)
    tap.equal(done.returncode, 1, "a rule that can be fooled: exit 1")
    tap.contains(done.stdout, "not ok 6 - example-login grants nothing to "
                 "forgers\n# mine.yaml:8: with ", "it says of which sample")
    pasted = "".join(line[1:] + "\n" for line in done.stdout.splitlines()
                     if re.match(r"#      +(- )?(line|lines|why):", line))
    done = check_text(weak + pasted)
    tap.contains(done.stdout, "not ok 5 - example-login rejects mine.yaml:18",
                 "what it prints is a sample", )
    sound = GOOD.replace("match: 'login", "match: '(?!.{190})login")
    done = check_text(sound + pasted)
    tap.equal(done.returncode, 0, "which the sound rule rejects", done.stdout)
    tap.contains(done.stdout, "# 500000 forgeries, 0 granted, seed 1",
                 "they are counted")
    one, two, other = (check_text(weak, "--forgeries=2000", "--seed=%d" % n)
                       for n in (3, 3, 4))
    tap.ok(one.stdout == two.stdout != other.stdout, "the seed decides")
    tap.contains(check_text(GOOD, "--forgeries", "0").stdout, "1..5",
                 "none when none are wanted")


def cut_in_two():
    """A login that is cut behind the user is not told from a failure that is:
    no forgery, in a login of two lines either."""
    line = "'Nov 21 02:01:00 mail exampled[7]: %s'"
    come = line % "connect from 192.0.2.7"
    text = r"""
server: Example POP server
program: exampled
rules:
  - name: example-two-lines
    connect: 'connect from (?<ip>[0-9A-Fa-f:.]++)'
    login: '(?!.{190})user (?<user>[^ ]++) authenticated'
    accept:
      - lines: [%s, %s]
        ip: 192.0.2.7
    reject:
      - lines: [%s, %s]
        why: failed
""" % (come, line % "user ann authenticated", come, line % "user ann rejected")
    done = check_text(text, "--forgeries", "9000")
    tap.contains(done.stdout, "\nok 4 - example-two-lines grants nothing to "
                 "forgers (9000 forgeries)", "sound")
    text = text.replace("authenticated'\n    accept", "auth.*'\n    accept")
    done = check_text(text, "--forgeries", "9000")
    tap.contains(done.stdout, "not ok 4 - example-two-lines grants nothing to "
                 "forgers", "a login whose end is open is still told")


def faults():
    done = check_text(GOOD.replace("'login ok", "'.*login ok"))
    tap.equal(done.returncode, 1, "a fault: exit 1")
    tap.contains(done.stdout, "not ok 5 - example-login has no faults\n"
                 "# mine.yaml:6: example-login: match: '.*' at column 1 "
                 "matches anything before the address", "it says where and why")
    done = check_text(GOOD.replace('[^"]++', ".+"), "--forgeries", "0")
    tap.contains(done.stdout, "# warning: mine.yaml:6: example-login: match: "
                 "'.+' at column 25 matches anything", "a doubt is a warning")
    tap.equal(done.returncode, 0, "and no fault")
    done = check_text(GOOD[:GOOD.index("      - line: 'Nov 21 02:01:00 mail "
                                       "exampled[7]: connect")])
    tap.contains(done.stdout, "2 reject samples, not 3", "too few samples")


def what_the_file_says():
    text = GOOD.replace("program:", "warning: it writes newlines\nprogram:")
    tap.contains(check_text(text).stdout, "# warning: mine.yaml: Example POP "
                 "server: it writes newlines\n", "a file's warning is shown")
    # Nobody can tell where a user ends that may hold any byte.
    text = GOOD.replace('user="(?<user>[^"]++)", from ', '(?<user>[^ :]++):')
    text = text.replace('ok, user="ann", from ', 'ok, ann:')
    text = text.replace("[0-9A-Fa-f:.]++)'", "[0-9A-Fa-f:.]++)'\n    %s")
    tap.equal(check_text(text % "").returncode, 1, "a user may hold anything")
    done = check_text(text % "checked: user")
    tap.equal(done.returncode, 0, "unless the server forbids it", done.stdout)
    done = check_text(text % "checked: ip")
    tap.contains(done.stdout, "mine.yaml:7: 'checked' can only be 'user'",
                 "which is said of users alone")


def unreadable():
    done = check_text(GOOD.replace("match:", "macth:"))
    tap.equal(done.returncode, 1, "a file that is none: exit 1")
    tap.contains(done.stdout, "# mine.yaml:6: unknown key 'macth' in rule (did "
                 "you mean 'match'?)", "it says why")
    with tempfile.TemporaryDirectory() as directory:
        for name in ("mine.yaml", "other.yml"):
            with open(os.path.join(directory, name), "w") as f:
                f.write(GOOD)
        done = check("--patterns", directory)
        tap.contains(done.stdout, "/other.yml: a pattern file ends in .yaml",
                     "a name that would be passed over is said")


def single_files():
    """A file counts beside those that are installed, in place of its like."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "mine.yaml")
        for name, text in (("mine.yaml", GOOD),
                           ("xmail.yaml", GOOD.replace("example-", "xmail-"))):
            path = os.path.join(directory, name)
            with open(path, "w") as f:
                f.write(text)
            done = check(path)
            tap.equal(done.returncode, 0, name + ": exit 0", done.stdout)
            tap.ok("accepts " + path in done.stdout
                   and "dovecot.yaml" not in done.stdout,
                   "only the file's own rules are reported", done.stdout)
        other = os.path.join(directory, "other.yaml")
        with open(other, "w") as f:
            f.write(GOOD.replace("example-login", "uw-login"))
        tap.contains(check(other).stdout, "rule 'uw-login' is already defined at",
                     "a name that is taken")
    done = check("/nonexistent.yaml")
    tap.equal(done.returncode, 1, "a file that does not exist: exit 1")


def configuration():
    with tempfile.TemporaryDirectory() as directory:
        patterns = os.path.join(directory, "patterns")
        os.mkdir(patterns)
        with open(os.path.join(patterns, "mine.yaml"), "w") as f:
            f.write(GOOD)
        config = os.path.join(directory, "config.yaml")
        with open(config, "w") as f:
            f.write("patterns: %s\n" % patterns)
        done = check("--config", config)
        tap.equal(done.returncode, 0, "a good configuration", done.stdout)
        tap.contains(done.stdout, "ok 1 - configuration " + config,
                     "it is named")
        tap.contains(done.stdout, "example-login accepts",
                     "its patterns are the ones that count")
        with open(config, "a") as f:
            f.write("grase: 5\n")
        done = check("--config=" + config)
        tap.equal(done.returncode, 1, "a wrong configuration: exit 1")
        tap.contains(done.stdout, "config.yaml:2: unknown key 'grase' (did you "
                     "mean 'grace'?)", "it says why")


def usage():
    for arguments, said in (
            (("--sede", "1"), "unknown option '--sede' (did you mean '--seed'?)"),
            (("--forgeries", "many"), "--forgeries: 'many' is not a number"),
            (("--seed",), "--seed needs a value")):
        done = check(*arguments)
        tap.equal(done.returncode, 64, "exit 64: " + " ".join(arguments))
        tap.contains(done.stderr, said, "it says why")
    tap.contains(check("--help").stdout, "usage: pbsctl check", "--help helps")


def empty():
    """A wrong name is not a clean bill of health."""
    with tempfile.TemporaryDirectory() as directory:
        done = check("--patterns", os.path.join(pbs.ROOT, "patterns"),
                     "--forgeries", "100", directory)
        tap.equal(done.returncode, 1, "a directory without rules: exit 1")
        tap.contains(done.stdout, "not ok 1 - %s holds rules" % directory,
                     "which is named")
        with open(os.path.join(directory, "mine.yaml"), "w") as f:
            f.write(GOOD)
        done = check("--patterns", os.path.join(pbs.ROOT, "patterns"),
                     "--forgeries", "100", directory + "/")
        tap.equal(done.returncode, 0, "a directory with one: exit 0",
                  done.stdout)
        tap.contains(done.stdout, "example-login grants nothing to forgers "
                     "(100 forgeries)", "which is looked at")


tap.main(good, shipped, wrong_samples, forgeries, cut_in_two, faults, what_the_file_says,
         unreadable, single_files, empty, configuration, usage)
