#!/usr/bin/env python3
# After the installation, pbsctl setup --write is all that a host with Postfix,
# Dovecot and a journal, but no mail log, needs for the first client to relay.
# It changes nothing without --write, and nothing if it is run again; a main.cf
# that it cannot edit safely stays as it is; a failed step is reported, with the
# commands that undo the steps before it.
# tests/run: root
import concurrent.futures
import contextlib
import glob
import grp
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import journald
import pbs
import servers
from tap import contains, equal, main, ok, skip_all

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
RELAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.t")
STATE, SETTINGS = "/var/lib/pop-before-smtp", "/etc/pop-before-smtp"
RUN = "/run/pop-before-smtp"
YAML = SETTINGS + "/pop-before-smtp.yaml"
SCRIPT = "/etc/init.d/pop-before-smtp"
DEBIAN = "permit_mynetworks permit_sasl_authenticated defer_unauth_destination"
POP3 = 110


# --- a machine of our own ---------------------------------------------------

def mount(*words):
    subprocess.run(["mount", *words], check=True)


def packaged(name):
    return os.path.join(pbs.ROOT, "packaging", name)


def fresh_machine(site):
    """As after `make install', with nothing else of ours."""
    copy = site.path("etc")
    mount("-t", "proc", "proc", "/proc")
    subprocess.run(["cp", "-a", "/etc", copy], check=True)
    mount("--bind", copy, "/etc")
    for place in ("/run", "/var/log", "/var/lib"):
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    for name in ("passwd", "group", "shadow", "gshadow"):
        with open("/etc/" + name) as f:
            rows = [row for row in f if not row.startswith("pop-before-smtp")]
        with open("/etc/" + name, "w") as f:
            f.writelines(rows)
    for place in (SETTINGS, "/etc/default", "/etc/sysusers.d", "/etc/init.d",
                  "/var/lib/dovecot"):
        os.makedirs(place, exist_ok=True)
    shutil.copy(packaged("pop-before-smtp.yaml"), YAML)
    shutil.copy(packaged("sysusers.conf"),
                "/etc/sysusers.d/pop-before-smtp.conf")
    shutil.copy(packaged("pop-before-smtp.init"), SCRIPT)
    os.chmod(SCRIPT, 0o755)
    use_daemon(pbs.DAEMON)


def use_daemon(path):
    with open("/etc/default/pop-before-smtp", "w") as f:
        f.write("DAEMON=%s\n" % path)


def start_journal():
    """journald behind /dev/log, for members of systemd-journal."""
    servers.private_dev()
    if not os.listdir("/sys/fs/cgroup"):
        mount("--make-rprivate", "/sys")
        mount("-t", "cgroup2", "none", "/sys/fs/cgroup")
    for place in (journald.RUN, journald.LOG):
        os.makedirs(place)
    os.chown(journald.LOG, 0, grp.getgrnam("systemd-journal").gr_gid)
    os.chmod(journald.LOG, 0o2755)
    process = journald.start()
    os.symlink(journald.RUN + "/dev-log", "/dev/log")
    return process


class Machine:
    """Postfix, Dovecot and a journal; a client on another machine."""

    def __init__(self, site):
        self.site = site
        fresh_machine(site)
        self.journal = start_journal()
        self.network = servers.Network()
        servers.POP3_PORT = POP3
        self.dovecot = servers.Dovecot(site.dir).start()
        self.postfix = servers.Postfix(site.dir, "", permit=DEBIAN)
        self.etc = self.postfix.etc
        self.main = self.read("main.cf").replace(
            DEBIAN + ", reject_unauth_destination", DEBIAN)
        self.write("main.cf", self.main)
        self.postfix.start()

    def stop(self):
        self.script("stop")
        self.postfix.stop()
        self.dovecot.stop()
        self.network.close()
        self.journal.terminate()
        self.journal.wait(pbs.DEADLINE)

    def read(self, name):
        with open(os.path.join(self.etc, name)) as f:
            return f.read()

    def write(self, name, text):
        with open(os.path.join(self.etc, name), "w") as f:
            f.write(text)
        os.utime(f.name, (0, 0))  # postfix(1) waits for a fresh file

    def script(self, word):
        # Not by way of systemctl, although there seems to be a systemd.
        return subprocess.run(
            [SCRIPT, word], env=dict(os.environ, SYSTEMCTL_SKIP_REDIRECT="1"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    def setup(self, *words, etc=None, path=None):
        env = dict(os.environ)
        env.pop("MAIL_CONFIG", None)
        if path:
            env["PATH"] = path + ":" + env["PATH"]
        return subprocess.run(
            [PBSCTL, "setup", "--postfix", etc or self.etc, *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100,
            env=env)

    def client(self, *words):
        done = subprocess.run(
            self.network.enter(self.network.client_ns)
            + [sys.executable, RELAY, *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
            env=dict(os.environ, POP3_PORT=str(POP3)))
        return done.stdout.strip() or done.stderr

    def untouched(self, name):
        """Checks at the end that no file has changed, but the checkpoint."""
        return Untouched(self, name)


class Untouched:
    def __init__(self, machine, name):
        self.machine, self.name = machine, name

    def __enter__(self):
        self.since = self.machine.site.write("since", "")

    def __exit__(self, *exc):
        found = subprocess.run(
            ["find", "/etc", "/var/lib", self.machine.etc, "-cnewer",
             self.since, "-type", "f", "!", "-name", "*.state*"], text=True,
            stdout=subprocess.PIPE, check=True)
        equal(found.stdout, "", self.name)


# --- a host that is as Debian installs it -----------------------------------

def shows(machine):
    with machine.untouched("and changes nothing"):
        done = machine.setup()
    equal((done.returncode, done.stderr), (0, ""), "it shows what it would do")
    for text in ("dovecot: POP3 (110)", "  logfile: journal:",
                 "check_client_access", "defer_unauth_destination",
                 "Nothing was changed"):
        contains(done.stdout, text, "it shows " + text)
    nobody = subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
         PBSCTL, "setup", "--write"], text=True, stderr=subprocess.PIPE)
    equal(nobody.returncode, 77, "writing needs root", nobody.stderr)


def contents():
    """Of the files that setup changes, and the links that start the daemon."""
    found = glob.glob("/etc/rc?.d/*pop-before*")
    for path in (YAML, "/etc/passwd", "/etc/group"):
        with open(path) as f:
            found += [row for row in f if "pop-before-smtp:x" in row
                      or path == YAML and not row.startswith("#")]
    return found


def fails(machine):
    """A step fails; the printed commands undo the steps before it."""
    before = contents()
    use_daemon("/bin/false")
    done = machine.setup("--write")
    equal(done.returncode, 70, "a step fails", done.stdout, done.stderr)
    contains(done.stderr, SCRIPT + " start: exit", "it names the step")
    contains(done.stderr, "not done:\n", "and what was not done")
    equal(machine.read("main.cf"), machine.main, "main.cf is as it was")
    undo = done.stderr.partition("to undo it:\n")[2]
    undone = subprocess.run(["sh", "-e"], input=undo, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    use_daemon(pbs.DAEMON)
    equal(contents(), before, "its commands undo the rest", undo,
          undone.stdout)


def does(machine):
    client = machine.network.CLIENTS[4][0]
    server = machine.network.SERVER[4]
    contains(machine.client("relay", server, client), "elay access denied",
             "a stranger may not relay")
    started = time.monotonic()
    done = machine.setup("--write")
    print("# %.1f s" % (time.monotonic() - started))
    equal((done.returncode, done.stderr), (0, ""), "it does it", done.stdout)
    contains(done.stdout, "nothing found\n", "and the doctor finds nothing")
    backup = re.search(r"the old main.cf is (\S+)", done.stdout)
    with open(backup.group(1)) as f:
        equal(f.read(), machine.main, "it names the copy of main.cf")
    ok(machine.client("login", server, client, "secret").startswith("in"),
       "the client reads its mail")
    show = [PBSCTL, "show", client]
    pbs.until("the login counts", pbs.DEADLINE, lambda: subprocess.run(
        show, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        .returncode == 0, lambda left: time.sleep(0.05))
    equal(pbs.until("Postfix sees it", pbs.DEADLINE, lambda: machine.client(
        "relay", server, client)[:3] == "250", lambda left: time.sleep(0.05)),
        True, "and may relay")


def does_once(machine):
    with machine.untouched("and no file changes"):
        done = machine.setup("--write")
    equal(done.returncode, 0, "a second time", done.stderr)
    contains(done.stdout, "nothing to change\n", "there is nothing to do")


# --- with systemd -----------------------------------------------------------

SYSTEMCTL = """#!/bin/sh
export SYSTEMCTL_SKIP_REDIRECT=1 # the script would hand over to systemctl
echo "$*" >>{dir}/calls
case $1 in
is-active) exec {script} status >/dev/null ;;
is-enabled) test -e {dir}/enabled ;;
show) test -e {run} && echo yes || echo no ;;
daemon-reload) test ! -e {dir}/refuse ;;
enable) touch {dir}/enabled; {script} status >/dev/null || exec {script} start ;;
restart) exec {script} restart ;;
esac
"""


def pretend_systemd(machine):
    place = machine.site.path("bin")
    os.mkdir(place)
    os.makedirs("/run/systemd/system")
    with open(place + "/systemctl", "w") as f:
        f.write(SYSTEMCTL.format(dir=place, script=SCRIPT, run=RUN))
    os.chmod(f.name, 0o755)
    return place


def by_systemd(machine):
    """It is asked to start the daemon; the script plays its part."""
    place = pretend_systemd(machine)

    def calls():
        done = machine.setup("--write", path=place)
        with open(place + "/calls") as f:
            words = [line for line in f.read().splitlines()
                     if not line.startswith(("is-", "-p ", "show "))]
        os.unlink(f.name)
        return done.stdout * done.returncode + done.stderr, words

    equal(calls(), ("", ["daemon-reload", "enable --now pop-before-smtp"]),
          "systemd starts the daemon, now and at boot")
    with open(YAML) as f:
        text = f.read()
    with open(YAML, "w") as f:
        f.write(re.sub(r"(?m)^dbfile.*\n", "", text))
    equal(calls(), ("", ["restart pop-before-smtp"]),
          "it restarts one whose settings have changed")
    equal(calls(), ("", []), "and has nothing to do after that")
    os.rename(place + "/enabled", place + "/refuse")
    done = machine.setup("--write", path=place)
    ok("systemctl daemon-reload: exit 1" in done.stderr
       and "undo" not in done.stderr,
       "a first step that fails leaves nothing to undo", done.stderr)
    os.rename(place + "/refuse", place + "/enabled")


def asks(table, address):
    done = subprocess.run(["postmap", "-q", address, table], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stderr


def in_memory(machine):
    """If the unit keeps RUN, a map that is not in use yet is put there."""
    machine.script("stop")
    shutil.copy(packaged("pop-before-smtp.yaml"), YAML)
    machine.write("main.cf", machine.main)
    create = ["systemd-tmpfiles", "--create", packaged("tmpfiles.conf")]
    subprocess.run(create, check=True)  # the directory, as at boot
    done = machine.setup("--write", path=machine.site.path("bin"))
    equal((done.returncode, done.stderr), (0, ""), "with a unit", done.stdout)
    table = re.search(r"(?m)^  dbfile: (.*)$", done.stdout).group(1)
    ok(table.endswith(":" + RUN + "/pop-before-smtp"), "the map is in memory",
       table)
    contains(machine.read("main.cf"), "check_client_access " + table,
             "which main.cf names")
    equal(bool(glob.glob(STATE + "/pop-before-smtp.state*")), True,
          "the checkpoint is on the disk")
    address = machine.network.CLIENTS[4][0]
    subprocess.run([PBSCTL, "add", address], check=True,
                   stdout=subprocess.DEVNULL)
    pbs.until("Postfix sees an address", pbs.DEADLINE,
              lambda: asks(table, address) == (0, ""),
              lambda left: time.sleep(0.05))
    machine.script("stop")
    equal(asks(table, address), (1, ""), "no address outlives the daemon")
    shutil.rmtree(RUN)
    subprocess.run(create, check=True)
    equal(asks(table, address), (1, ""), "a boot puts an empty map there")
    with open(glob.glob(RUN + "/pop-before-smtp.*")[0], "a") as f:
        f.write("changed")
    subprocess.run(create, check=True)
    with open(f.name, "rb") as f:
        ok(f.read().endswith(b"changed"), "but not in the place of another")


def before_first_start(machine):
    """A package may be set up before Postfix and the servers ever run."""
    systemd = machine.site.path("bin")
    machine.script("stop")
    machine.postfix.stop()
    machine.write("main.cf", machine.main)
    for place in (journald.RUN, journald.LOG):
        os.rename(place, place + ".away")
    shutil.copy(packaged("pop-before-smtp.yaml"), YAML)
    for name in "the first time", "again":
        done = machine.setup("--write", path=systemd)
        equal((done.returncode, done.stderr), (0, ""), "without Postfix and a "
              "log, " + name, done.stdout)
        for text in ("note: Postfix is not running: start it", "postfix-stopped: ",
                     "log-missing: ", "\n2 found\nThis is no fault before Postfix "
                     "and the servers are started.\n"):
            contains(done.stdout, text, "it says " + text.strip())
    with open(YAML, "a") as f:
        f.write("logfile: /var/log/mial.log\n")
    done = machine.setup("--write", path=systemd)
    equal(done.returncode, 1, "a log that was named, and is not there, is a "
          "fault", done.stdout, done.stderr)
    for place in (journald.RUN, journald.LOG):
        os.rename(place + ".away", place)


def no_main_cf(machine):
    """Debian's package leaves none if it is so told, or in a container."""
    for name in glob.glob("/etc/postfix/main.cf"):  # of the copy of /etc
        os.unlink(name)
    env = dict(os.environ)
    env.pop("MAIL_CONFIG", None)
    for words, code in (["setup"], 78), (["doctor"], 1):
        done = subprocess.run([PBSCTL, *words], text=True, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        equal(done.returncode, code, " ".join(words) + " without main.cf",
              done.stdout)
        contains(done.stdout, "remedy: Postfix was not set up; on Debian: "
                 "dpkg-reconfigure postfix; ", "it says what to do")


def broken(machine):
    """Even if the settings cannot be read, what tests them is told the user."""
    check = "pop-before-smtp --check --config=%s" % YAML
    for line, wanted in (("grase: 30m\n", check + " --user=pop-before-smtp\n"),
                         ("grase: 30m\nuser: nobody\n", check + "\n")):
        with open(YAML, "w") as f:
            f.write(line)
        done = subprocess.run([PBSCTL, "doctor"], text=True,
                              stdout=subprocess.PIPE)
        contains(done.stdout, "remedy: correct that, then: " + wanted,
                 "a mistake in the settings" + (
                     ", which name the user" if "user" in line else ""))


# --- main.cf ----------------------------------------------------------------

class Lists:
    """Copies of main.cf with other lists, and how setup edits them."""

    def __init__(self, machine):
        self.machine, self.count = machine, 0
        with open(YAML) as f:
            self.table = re.search(r"(?m)^dbfile: (.*)$", f.read()).group(1)
        self.ours = "check_client_access " + self.table
        self.pool = concurrent.futures.ThreadPoolExecutor(4)
        self.checks = []

    def copy(self, relay, recipient="", more="", master=""):
        self.count += 1
        etc = self.machine.site.path("lists.%d" % self.count)
        os.mkdir(etc)
        text = re.sub(r"(?m)^smtpd_re(lay|cipient)_restrictions.*\n", "",
                      self.machine.main)
        for name, value in (("relay", relay), ("recipient", recipient)):
            if value is not None:
                text += "smtpd_%s_restrictions = %s\n" % (name, value)
        for name, content in (("main.cf", text + more),
                              ("master.cf", self.machine.read("master.cf")
                               + master)):
            with open(os.path.join(etc, name), "w") as f:
                f.write(content)
            os.utime(f.name, (0, 0))
        return etc

    def later(self, check, name, wanted, etc, *words):
        self.checks.append((check, name, wanted, self.pool.submit(
            self.setup, *words, etc=etc)))

    def setup(self, *words, etc):
        """What it prints; each command must name this directory, and not that
        of the trial."""
        done = self.machine.setup(*words, etc=etc)
        for text in done.stdout, done.stderr:
            commands = re.findall(r"\b(?:post(?:conf|map)(?= -)|postfix(?= (?:-|"
                                  r"check|reload)))(?! -c %s ).*"
                                  % re.escape(etc), text)
            others = [c for c in commands
                      if not re.match(r"postconf -(P|x|m|e would)", c)]
            if others or "pbsctl-setup." in text:
                raise RuntimeError("of another directory: %s\n%s"
                                   % (others, text))
        return done

    def edits(self, name, wanted, *lists, **how):
        """The lines that it would set."""
        self.later(self.edited, name, [line.replace("OURS", self.ours)
                                       for line in wanted],
                   self.copy(*lists, **how))

    def refuses(self, name, reason, *lists, now=None, **how):
        """now: the list of the relay as it is, if not lists[0]."""
        self.later(self.refused_list, name, (reason, now or lists[0]),
                   self.copy(*lists, **how), "--write")

    def edited(self, name, wanted, done):
        found = re.findall(r"(?m)^  smtpd_re(?:lay|cipient)_restrictions = "
                           r"(.*)$", done.stdout)
        equal((done.returncode, found), (0, wanted), name, done.stdout,
              done.stderr)

    def shows(self, name, text, done):
        contains(done.stdout, text, name)

    def refused_list(self, name, wanted, done):
        """It shows the list as it is, and no edit that would not work."""
        reason, present = wanted
        self.refused(name, reason, done)
        found = re.findall(r"(?m)^  smtpd_relay_restrictions = (.*)$",
                           done.stdout)
        equal(found, [present], name + ": the list is shown as it is")

    def refused(self, name, reason, done):
        ok(done.returncode == 78 and reason in done.stderr
           and "nothing was changed\n" in done.stderr,
           name + " is refused, with the reason", done.returncode,
           done.stdout, done.stderr)

    def finish(self):
        for check, name, wanted, future in self.checks:
            check(name, wanted, future.result())


def edits(machine):
    with machine.untouched("nothing has changed"):
        try_lists(Lists(machine))


def try_lists(lists):
    plain = "permit_mynetworks, reject_unauth_destination"
    put = "permit_mynetworks, OURS, reject_unauth_destination"

    lists.edits("an old list of recipients", [put], "", plain)
    lists.edits("both lists; a $name that refuses nobody stays",
                ["$friends, OURS, reject_unauth_destination", put],
                "$friends, reject_unauth_destination", plain,
                more="friends = permit_mynetworks\n")
    lists.edits("a list that refuses nobody stays", [put], plain,
                "reject_unknown_recipient_domain, permit")
    lists.edits("Postfix's default", ["permit_mynetworks, "
                "permit_sasl_authenticated, OURS, defer_unauth_destination"],
                None, None)
    lists.edits("an expression", ["permit_mynetworks, OURS, "
                "reject_unauth_destination"], "${mail_version ? {%s} : {}}, "
                "%s" % (plain, lists.ours))
    maps = lists.machine.site.write("maps.yaml", "logfile: /x\ndbfile: "
                                    "[text:/a/clients, hash:/a/map]\n")
    lists.later(lists.shows, "of several maps, the one for smtpd",
                " -q 127.0.0.1 hash:/a/map\n", lists.copy(plain),
                "--config", maps)
    # Postfix does not find the library that reads it.
    maps = lists.machine.site.write("lmdb.yaml",
                                    "logfile: /x\ndbfile: lmdb:/a/map\n")
    etc = lists.copy(plain, more="meta_directory = /nonexistent\n"
                     "shlib_directory = /nonexistent\n")
    if "lmdb" not in subprocess.run(
            ["postconf", "-c", etc, "-m"], text=True, check=True,
            stdout=subprocess.PIPE).stdout.split():
        lists.later(lists.refused, "a type of map that Postfix cannot read",
                    "set another dbfile:, or install postfix-lmdb", etc,
                    "--config", maps, "--write")
    lists.refuses("a $name that decides", "a setting that it names",
                  "$mine", more="mine = %s\n" % plain)
    lists.refuses("a $name that refuses before the map", "setting that it names",
                  "$mine, reject_unauth_destination",
                  more="mine = permit_mynetworks, reject\n")
    lists.refuses("an override in master.cf", " -PX '2626/inet",
                  plain, master="2626 inet n - n - - smtpd\n"
                  "  -o smtpd_relay_restrictions=permit_mynetworks,reject\n")
    lists.refuses("a list that is set twice", "sets it twice", plain,
                  now="reject", more="smtpd_relay_restrictions = reject\n")
    lists.refuses("a map that is nearly ours", "nearly ours",
                  "permit_mynetworks, check_client_access %s.db, reject"
                  % lists.table)
    lists.refuses("another list that rejects all", "smtpd_sender_restrictions",
                  plain, more="smtpd_sender_restrictions = reject\n")
    etc = lists.copy(plain)
    os.rename(etc + "/main.cf", etc + "/real.cf")
    os.symlink("real.cf", etc + "/main.cf")
    lists.later(lists.refused, "a link", "not a regular file", etc, "--write")
    lists.later(lists.refused, "what cannot be read", "Postfix's settings",
                "/nonexistent", "--write")
    lists.finish()


def all_of_it():
    with pbs.Site() as site, contextlib.ExitStack() as stack:
        os.chmod(site.dir, 0o755)
        machine = Machine(site)
        stack.callback(machine.stop)
        for part in (shows, fails, does, does_once, by_systemd, edits,
                     in_memory, before_first_start, no_main_cf, broken):
            part(machine)


if not os.path.exists(journald.PROGRAM):
    skip_all("no systemd-journald here")
if len(sys.argv) == 1:
    # Its processes, which detach themselves, end with it.
    namespaces = servers.namespaces() + ["--pid", "--fork", "--kill-child"]
    os.execvp(namespaces[0], namespaces + [
        sys.executable, os.path.abspath(__file__), "inside"])
main(all_of_it)
