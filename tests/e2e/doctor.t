#!/usr/bin/env python3
# pbsctl doctor finds nothing on a healthy host, and finds each seeded fault,
# alone, with a remedy that works: against a real Postfix in a temporary
# directory and a running daemon.
# tests/run: root timeout=900
import functools
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from servers import SMTP_PORT
from tap import contains, equal, main, ok, skip, skip_all

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
HOST = socket.gethostname().split(".")[0]
GUEST = "192.0.2.7"
WATCHED = {"WATCHDOG_USEC": "60000000"}
SETFACL = any(os.path.exists(d + "/setfacl") for d in ("/usr/bin", "/bin"))


def may_pass(user, directory):
    return ("setfacl -m u:%s:x %s" if SETFACL
            else "chmod o+x %.0s%s") % (user, directory)


def line(text, skew=0, host=HOST):
    stamp = time.strftime("%b %e %H:%M:%S", time.localtime(time.time() + skew))
    return "%s %s %s\n" % (stamp, host, text)


def login(ip=GUEST, user="ann", skew=0, host=HOST):
    return line(pbs.login(ip, user), skew, host)


def watched(site, *flags):
    """A daemon with a watchdog, whose reports somebody reads."""
    daemon = site.start(*flags, env=WATCHED)

    def read():
        try:
            daemon.notify.settimeout(None)
            while daemon.notify.recv(4096):
                pass
        except OSError:
            pass
    threading.Thread(target=read, daemon=True).start()
    return daemon


class Host:
    """A healthy host: Postfix, the daemon, and a log with a login."""

    def __init__(self, site):
        self.site = site
        self.map = "hash:" + site.map
        self.postfix = servers.Postfix(
            site.dir, self.map, permit="permit_mynetworks, check_client_access "
            + self.map)
        self.etc = self.postfix.etc
        self.dirs = 0
        self.daemon = None
        site.write("mail.log", login())
        self.settings = self.yaml("pbs.yaml")
        self.main = self.read("main.cf")
        self.master = self.read("master.cf")

    def read(self, name):
        with open(os.path.join(self.etc, name)) as f:
            return f.read()

    def yaml(self, name, **changes):
        """A file of settings, older than the daemon's start."""
        keys = dict(logfile=self.site.logfile, dbfile=self.map,
                    patterns=os.path.join(pbs.ROOT, "patterns"),
                    checkpoint=self.site.map + ".state", mynetworks="no")
        keys.update(changes)
        path = self.site.write(name, "".join(
            "%s: %s\n" % item for item in keys.items() if item[1]))
        os.utime(path, (0, 0))
        return path

    def start(self):
        self.daemon = watched(self.site)
        self.postfix.start()

    def stop(self):
        self.postfix.stop()

    def etc_with(self, main=None, master=None, append=""):
        """A directory of settings like the running one's, but changed."""
        self.dirs += 1
        etc = self.site.path("etc.%d" % self.dirs)
        os.mkdir(etc)
        text = self.main
        for name, value in (main or {}).items():
            text, count = re.subn(r"(?m)^%s =.*\n" % name,
                                  lambda m: "%s = %s\n" % (name, value)
                                  if value is not None else "", text)
            if not count and value is not None:
                text += "%s = %s\n" % (name, value)
        for name, content in (("main.cf", text + append),
                              ("master.cf", master or self.master)):
            with open(os.path.join(etc, name), "w") as f:
                f.write(content)
            os.utime(f.name, (0, 0))
        return etc

    def doctor(self, etc=None, settings=None, words=(), env=None, wrap=()):
        done = subprocess.run(
            [*wrap, PBSCTL, "doctor", "--json", "--config",
             settings or self.settings, "--postfix", etc or self.etc, *words],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=60, env=dict(self.site.env, **(env or {})))
        if done.stderr:
            raise RuntimeError(done.stderr)
        return done.returncode, [json.loads(row)
                                 for row in done.stdout.splitlines()]

    def found(self, **how):
        return [row for row in self.doctor(**how)[1] if "id" in row]

    def healthy(self, name, **how):
        code, rows = self.doctor(**how)
        equal((code, rows), (0, []), name)

    def finds(self, fault, remedy, name, cures=False, **how):
        """This fault alone, with this in its remedy, which may have to cure
        it."""
        code, rows = self.doctor(**how)
        remedy = remedy.format(self.daemon.pid)
        told = rows[0].get("remedy", "") if rows else ""
        of_others = re.search(r"\bpost(conf|fix|map) (?!-c )(-|check|reload)", told)
        told = re.sub(r"\b(post(?:conf|fix)) -c \S+", r"\1", told)
        ok(code == 1 and [row.get("id") for row in rows] == [fault]
           and remedy in told and not of_others,
           "%s: %s" % (fault, name), "exit %d" % code,
           *(json.dumps(row) for row in rows))
        if cures and rows:
            command = re.sub(r" && postfix -c \S+ reload", "",
                             rows[0]["remedy"])
            env = {key: self.site.env[key] for key in self.site.env
                   if key != "MAIL_CONFIG"}
            subprocess.run(["sh", "-c", command], check=True, env=env)
            for name in ("main.cf", "master.cf"):
                os.utime(os.path.join(how["etc"], name), (0, 0))
            self.healthy("%s: its remedy cures it" % name, **how)


# --- Postfix: lists of restrictions -----------------------------------------

def lists(host):
    relay, other = "smtpd_relay_restrictions", "smtpd_recipient_restrictions"
    ours = "check_client_access " + host.map
    plain = "permit_mynetworks, reject_unauth_destination"

    def seed(fault, remedy, name, append="", cures=True, master=None,
             **settings):
        host.finds(fault, remedy, name, cures,
                   etc=host.etc_with(settings, master, append))

    seed("postfix-not-named", ours, "in no list", **{relay: plain})
    seed("postfix-not-named", "don'\\''t", "in a long list, with a quote",
         **{relay: "%s, check_client_access inline:{{192.0.2.9=REJECT don't}}%s"
            % (plain, "".join(", reject_rbl_client list%d.example.net" % n
                              for n in range(60)))})
    seed("postfix-not-named", other, "the old list decides",
         **{relay: "", other: plain})
    seed("postfix-too-late", "%s, reject_un" % ours, "after the refusal",
         **{relay: plain + ", " + ours})
    seed("postfix-too-late", ours, "after reject",
         **{relay: "permit_mynetworks, reject, " + ours})
    seed("postfix-too-late", ours, "in a class that comes late",
         **{relay: "permit_mynetworks, defer_unauth_destination, pop",
            "smtpd_restriction_classes": "pop", "pop": ours}, cures=False)
    for name in ("smtpd_client_restrictions", "smtpd_sender_restrictions",
                 other):
        seed("postfix-wrong-list", ours, "only in " + name,
             **{relay: plain, name: ours})
    seed("postfix-other-list", ours, "two lists, and one refuses",
         **{other: plain})
    seed("postfix-other-list", ours, "a list that rejects all",
         smtpd_sender_restrictions="reject")
    seed("postfix-wrong-check", ours, "asked for the sender",
         **{relay: "permit_mynetworks, check_sender_access %s, reject"
            % host.map})
    seed("postfix-wrong-check", ours, "a table alone",
         **{relay: "permit_mynetworks, %s, reject" % host.map})
    default = "permit_mynetworks, permit_sasl_authenticated, %s" % ours
    seed("postfix-not-named", default, "Postfix's default", **{
        relay: None, "compatibility_level": "3.6"})
    seed("postfix-wrong-list", default, "Postfix's default decides", **{
        relay: None, "compatibility_level": "3.6",
        "smtpd_client_restrictions": ours})
    seed("postfix-too-late", "= permit_mynetworks, %s, reject_un" % ours,
         "after an expression",
         **{relay: "${mail_version ? {%s} : {}}, %s" % (plain, ours)})
    seed("postfix-not-named", "= $pop, %s, reject_un" % ours,
         "after a setting that refuses nobody",
         **{relay: "$pop, reject_unauth_destination",
            "pop": "permit_mynetworks"})
    for value in ("$pop", "${pop}, reject"):
        seed("postfix-not-named", "setting of main.cf that %s names" % relay,
             "a setting refuses: " + value, cures=False,
             **{relay: value, "pop": plain})
    seed("postfix-not-named", "setting of main.cf that %s names" % relay,
         "a class refuses", cures=False, **{
             relay: "pop", "smtpd_restriction_classes": "pop", "pop": plain})
    for name, wrong in (("a letter too few", host.map[:-1]),
                        (".db written out", host.map + ".db"),
                        ("another type",
                         host.map.replace("hash:", "texthash:")),
                        ("another directory", host.map.replace(
                            "/map/", "/maps/"))):
        seed("postfix-nearly-named", host.map, name,
             **{relay: "permit_mynetworks, check_client_access %s, reject"
                % wrong})
    seed("postfix-proxy", "= permit_mynetworks, %s, reject" % ours,
         "through proxymap", **{relay: "permit_mynetworks, check_client_access proxy:%s, reject"
            % host.map})
    for name, settings in (
            ("in mynetworks", {"mynetworks": "127.0.0.0/8, " + host.map,
                               relay: plain}),
            ("as $name", {"pop": host.map, relay: "check_client_access $pop, "
                          "reject"}),
            ("in a class", {relay: "pop, reject", "pop": ours,
                            "smtpd_restriction_classes": "pop"}),
            ("in braces", {relay: "{ %s }, reject" % ours}),
            ("after warn_if_reject", {relay: "warn_if_reject reject, %s, "
                                      "reject" % ours})):
        host.healthy("the map is found " + name, etc=host.etc_with(settings))


def unclosed(host):
    """No list refuses strangers: what doctor says is what smtpd does."""
    relay, other = "smtpd_relay_restrictions", "smtpd_recipient_restrictions"
    ours = "check_client_access " + host.map
    main_cf = os.path.join(host.etc, "main.cf")

    def seed(fault, name, starts, **settings):
        etc = host.etc_with(settings)
        host.finds(fault, ours + ", reject_unauth", name, True, etc=etc)
        shown = host.etc_with(settings)
        with open(os.path.join(shown, "main.cf")) as f:
            text = f.read()
        with open(main_cf, "w") as f:
            f.write(text)
        os.utime(main_cf, (0, 0))
        before = refusals(host)
        restart(host)
        equal((bool(greeting()), refusals(host) > before),
              (starts, not starts), "%s: %s" % (
                  name, "smtpd answers" if starts
                  else "smtpd does not, and says why"))

    opened = {"smtpd_restriction_classes": "all", "all": "permit"}
    seed("postfix-open-relay", "permit in a class", True, **opened,
         **{relay: "%s, all, reject_unauth_destination" % ours, other: ""})
    seed("postfix-open-relay", "a table for everybody", True,
         **{relay: "%s, check_client_access static:OK, reject" % ours,
            other: ""})
    seed("postfix-no-refusal", "permit first", False,
         **{relay: "permit, %s, reject_unauth_destination" % ours, other: ""})
    seed("postfix-no-refusal", "nothing refuses", False,
         **{relay: "permit_mynetworks, " + ours, other: "permit"})
    host.healthy("the other list refuses", etc=host.etc_with(
        {relay: ours + ", permit", other: ours + ", reject"}))
    with open(main_cf, "w") as f:
        f.write(host.main)
    os.utime(main_cf, (0, 0))
    restart(host)
    ok(greeting(), "smtpd answers again")


def restart(host):
    """A new master, which has not seen an smtpd that could not start: the old
    one would wait before it starts the next."""
    host.postfix.stop()
    host.postfix.start()


def refusals(host):
    """How many smtpds have ended since no list refuses strangers."""
    with open(host.postfix.log) as f:
        return f.read().count("specify at least one working instance of")


def greeting():
    """What smtpd greets a client with; b"": it ends."""
    with socket.create_connection(("127.0.0.1", SMTP_PORT), 20) as client:
        try:
            client.settimeout(5)
            return client.recv(400)
        except OSError:
            return b""


def overrides(host):
    plain = "permit_mynetworks,reject_unauth_destination"
    smtp = "%d inet n - n - 20 smtpd\n" % SMTP_PORT
    ours = "check_client_access," + host.map

    def master(options, name=SMTP_PORT):
        if name != SMTP_PORT:
            return host.master + "%s inet n - n - - smtpd\n%s" % (name, options)
        return host.master.replace(smtp, smtp + options)

    for setting, value in (("smtpd_relay_restrictions", plain),
                           ("smtpd_client_restrictions", "reject")):
        host.finds("postfix-override", "postconf -PX '%d/inet/%s'"
                   % (SMTP_PORT, setting), "-o " + setting, True,
                   etc=host.etc_with(master=master(
                       "  -o %s=%s\n" % (setting, value))))
    host.finds("postfix-override", "postconf -PX", "a port that wants no "
               "password", etc=host.etc_with(master=master(
                   "  -o smtpd_relay_restrictions=reject\n", "submission")))
    host.healthy("a port that wants passwords may have other rules",
                 etc=host.etc_with(master=master(
                     "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_relay_"
                     "restrictions=permit_sasl_authenticated,reject\n",
                     "submission")))
    host.healthy("so may one that only this machine reaches",
                 etc=host.etc_with(master=master(
                     "  -o smtpd_relay_restrictions=permit_mynetworks,reject\n",
                     "127.0.0.1:10025")))
    host.healthy("an override that names the map",
                 etc=host.etc_with(master=master(
                     "  -o { smtpd_relay_restrictions = %s, reject }\n"
                     % ours)))


# --- Postfix: other settings ------------------------------------------------

def settings(host):
    relay = "smtpd_relay_restrictions"
    good = "permit_mynetworks, check_client_access %s, reject" % host.map

    etc = host.etc_with({relay: "permit_mynetworks, reject"},
                        append="%s = %s\n" % (relay, good))
    host.finds("postfix-second-line", "delete one", "set twice", etc=etc)
    host.finds("postfix-unused-setting", "postconf -e '%s = permit" % relay,
               "misspelt", etc=host.etc_with(
                   append="smtpd_relay_restriction = permit\n"))
    host.finds("postfix-warning", "postfix check", "a setting of nobody",
               etc=host.etc_with(append="quite_unknown = 1\n"))
    for name, text in (("no setting", "word\n"),
                       ("a setting of postconf -m", "setgid_group =\n")):
        host.finds("postfix-settings", "correct the settings of Postfix, then: "
                   "postfix check", name, etc=host.etc_with(append=text))
    host.finds("postfix-settings", "name the directory that has main.cf: "
               + host.site.path("map"), "no main.cf",
               etc=host.site.path("map"))
    host.finds("postfix-old-type", "lmdb:", "a Postfix that drops hash",
               etc=host.etc_with({"mail_version": "3.11.1"}))
    for name, net in (("IPv4", "192.0.0.0/12"), ("all", "0.0.0.0/0"),
                      ("IPv6", "[2001:d00::]/24")):
        host.finds("postfix-wide-network", "mynetworks", name, True,
                   etc=host.etc_with({"mynetworks": "127.0.0.0/8 " + net}))
    # As many addresses as a /16 has, in networks that have no neighbours.
    many = ["198.%d.%d.0/24" % (n // 256, n % 256) for n in range(0, 512, 2)]
    for name, nets in (("IPv4 together", many + ["203.0.113.0/24"]),
                       ("IPv6 together", ["[2001:d00::]/32",
                                          "[2001:d02::]/33"])):
        host.finds("postfix-wide-network", "mynetworks", name, True,
                   etc=host.etc_with({"mynetworks": " ".join(nets)}))
    host.healthy("a /16 of many networks is no fault", etc=host.etc_with(
        {"mynetworks": " ".join(many + many[:9] + ["[2001:d00::]/32"])}))
    host.healthy("wide private networks are no fault", etc=host.etc_with(
        {"mynetworks": "10.0.0.0/8 172.16.0.0/12 [fd00::]/8 198.51.100.0/24"}))


def unknown_type(host):
    """lmdb lies in a package of its own, which this one has not."""
    name = host.site.path("map/other")
    etc = host.etc_with({
        "meta_directory": host.site.dir, "shlib_directory": host.site.dir,
        "smtpd_relay_restrictions":
            "check_client_access lmdb:%s, reject" % name})
    types = subprocess.run(["postconf", "-c", etc, "-m"], text=True,
                           stdout=subprocess.PIPE).stdout.split()
    if "lmdb" in types:
        skip("postfix-map-type", "Postfix has lmdb built in")
        return
    path = host.yaml("lmdb.yaml", dbfile="lmdb:" + name)
    host.site.write("map/other.lmdb", "")
    host.finds("postfix-map-type", "postfix-lmdb", "no lmdb here", etc=etc,
               settings=path)
    # Pasted, it would stop all mail.
    relay = "permit_mynetworks, %sreject_unauth_destination"
    for what, value in (
            ("is named by another type", relay
             % ("check_client_access hash:%s, " % name)),
            ("is not named", relay % ""), ("comes late", relay
             % "" + ", check_client_access lmdb:" + name),
            ("is not named, and all may relay", "permit")):
        with open(os.path.join(etc, "main.cf"), "a") as f:
            f.write("smtpd_relay_restrictions = %s\n"
                    "smtpd_recipient_restrictions =\n" % value)
        os.utime(f.name, (0, 0))
        rows = host.found(etc=etc, settings=path)
        ok("postfix-map-type" in [row["id"] for row in rows] and not [
            row for row in rows if row["id"] != "postfix-map-type"
            and "lmdb:" in row["remedy"]],
           "no remedy puts it into main.cf: it " + what,
           *map(json.dumps, rows))
    both = host.yaml("both.yaml", dbfile="[lmdb:%s, %s]" % (name, host.map))
    rows = host.found(etc=etc, settings=both)
    ok([row for row in rows if "check_client_access %s, reject" % host.map
        in row["remedy"]], "but a second map that Postfix reads",
       *map(json.dumps, rows))


# --- Postfix: sockets and processes -----------------------------------------

def sockets(host):
    outside = host.site.path("socket")
    chrooted = host.master.replace("inet n - n", "inet n - y")

    def seed(fault, remedy, name, dbfile, access, master=chrooted):
        path = host.yaml("socket.yaml", dbfile=dbfile)
        etc = host.etc_with({"smtpd_relay_restrictions": "permit_mynetworks, "
                             "%s, reject" % access}, master)
        if fault:
            host.finds(fault, remedy, name, etc=etc, settings=path)
        else:
            host.healthy(name, etc=etc, settings=path)

    seed("postfix-chroot", "leading slash", "a socketmap out of reach",
         "socketmap:unix:" + outside,
         "check_client_access socketmap:unix:%s:pbs" % outside)
    seed("postfix-chroot", "leading slash", "a policy service out of reach",
         "policy:unix:" + outside, "check_policy_service { unix:%s, "
         "default_action=DUNNO }" % outside)
    spool = os.path.join(host.postfix.dir, "spool", "pbs")
    os.mkdir(spool, 0o755)
    seed(None, None, "a socket in the queue directory",
         "socketmap:unix:%s/socket" % spool,
         "check_client_access socketmap:unix:pbs/socket:pbs")
    seed(None, None, "a policy service in the queue directory",
         "policy:unix:%s/socket" % spool,
         "check_policy_service { unix:pbs/socket, default_action=DUNNO }")
    os.chmod(spool, 0o700)
    seed("postfix-shut-directory", may_pass("postfix", spool),
         "user postfix cannot enter", "socketmap:unix:%s/socket" % spool,
         "check_client_access socketmap:unix:pbs/socket:pbs")


def stoppable(host):
    """While the daemon is stopped, mail for this host's own domains must come
    in: INSTALL, part 6."""
    relay, other = "smtpd_relay_restrictions", "smtpd_recipient_restrictions"
    plain = "permit_mynetworks, reject_unauth_destination"
    spool = os.path.join(host.postfix.dir, "spool", "asked")
    os.mkdir(spool, 0o755)
    policy = host.yaml("policy.yaml", dbfile="policy:unix:%s/socket" % spool)
    table = host.yaml("table.yaml", dbfile="socketmap:unix:%s/socket" % spool)

    def seed(fault, remedy, name, settings, cures=True, **lists):
        remedy = remedy.replace("{", "{{").replace("}", "}}")
        host.finds(fault, remedy, name, cures, settings=settings,
                   etc=host.etc_with(lists))

    ours = ("check_policy_service { unix:asked/socket, default_action=DUNNO, "
            "timeout=5s }")
    seed("postfix-not-named", ours + ", reject_un", "a policy service", policy,
         **{relay: plain})
    seed("postfix-no-refusal", ours, "a policy service, and no refusal",
         policy, **{relay: "permit", other: ""})
    for name, wrong in (("none", "unix:asked/socket"),
                        ("only a timeout", "{ unix:asked/socket, timeout=5s }"),
                        ("one of another service", "unix:asked/socket, "
                         "check_policy_service { unix:x, default_action=OK }")):
        seed("postfix-policy-default", "default_action=DUNNO",
             "default_action: " + name, policy, **{
                 relay: "permit_mynetworks, check_policy_service %s, "
                 "reject_unauth_destination" % wrong})
    host.healthy("a policy service that own mail does not need",
                 settings=policy, etc=host.etc_with({
                     relay: "permit_auth_destination, check_policy_service "
                     "unix:asked/socket, reject"}))
    ours = "check_client_access socketmap:unix:asked/socket:pbs"
    seed("postfix-not-named", "permit_auth_destination, " + ours,
         "a socketmap", table, **{relay: plain})
    seed("postfix-not-named", "permit_auth_destination, " + ours + ", reject'",
         "a socketmap, with the order already there", table,
         **{relay: "permit_mynetworks, permit_auth_destination, reject"})
    for name, value in (("more checks", plain + ", reject_rbl_client a.example"),
                        ("a refusal of all", "permit_mynetworks, reject")):
        seed("postfix-not-named", "INSTALL, part 6", "a socketmap, and " + name,
             table, False, **{relay: value})
    order = "postfix-socketmap-order"
    for name, value in (
            ("not permitted before", "permit_mynetworks, %s, "
             "reject_unauth_destination"),
            ("permitted after it", "permit_mynetworks, %s, "
             "permit_auth_destination, reject"),
            ("in braces", "{ %s }, defer_unauth_destination")):
        seed(order, "permit_auth_destination, " + ours, "own mail is " + name,
             table, **{relay: value % ours})
    seed(order, "INSTALL, part 6", "more checks follow", table, False, **{
        relay: "%s, reject_unauth_destination, reject_rbl_client a.example"
        % ours})
    seed(order, "INSTALL, part 6", "another list asks", table, False, **{
        relay: "permit_auth_destination, %s, reject" % ours, other: ours})
    seed(order, "put permit_auth_destination before socketmap:", "in a class",
         table, False, **{
             relay: "pop", "smtpd_restriction_classes": "pop",
             "pop": "permit_mynetworks, %s, reject_unauth_destination" % ours})
    host.healthy("own mail is refused anyway", settings=table,
                 etc=host.etc_with({relay: "permit_mynetworks, %s, reject"
                                    % ours}))


def running(host):
    path = os.path.join(host.etc, "main.cf")
    soon = time.time() + 60
    os.utime(path, (soon, soon))
    host.finds("postfix-reload-missing", "postfix reload", "main.cf is newer")
    os.utime(path, (0, 0))
    path = os.path.join(host.etc, "master.cf")
    os.utime(path, (soon, soon))
    host.finds("postfix-reload-missing", "postfix reload", "master.cf is newer")
    os.utime(path, (0, 0))
    etc = host.etc_with({"queue_directory": host.site.dir})
    host.finds("postfix-stopped", "postfix start", "no master",
               etc=etc)
    name = host.site.path("map/absent")
    host.finds("postfix-map-missing", "kill {}; then, if nothing starts", "no such file",
               etc=host.etc_with({
                   "smtpd_relay_restrictions": "permit_mynetworks, "
                   "check_client_access hash:%s, reject" % name}),
               settings=host.yaml("absent.yaml", dbfile="hash:" + name))


def greet():
    """A session in which smtpd looks into its maps."""
    with socket.create_connection(("127.0.0.1", SMTP_PORT), 20) as client:
        stream = client.makefile("rw", newline="\r\n")
        stream.readline()
        for word in ("EHLO client.example.com", "MAIL FROM:<ann@example.org>",
                     "RCPT TO:<someone@foreign.example>", "QUIT"):
            stream.write(word + "\n")
            stream.flush()
            while stream.readline()[3:4] == "-":
                pass


def late(host):
    """smtpd was started before the map was there."""
    name = host.site.path("map/late")
    settings = host.yaml("late.yaml", dbfile="hash:" + name)
    host.site.write("map/late", "")
    etc = os.path.join(host.etc, "main.cf")
    with open(etc, "w") as f:
        f.write(host.main.replace(host.map, "hash:" + name)
                .replace("permit_mynetworks, check", "check"))
    os.utime(etc, (0, 0))
    host.postfix.reload()

    def misses():
        greet()  # by an smtpd from before the reload, perhaps
        with open(host.postfix.log) as f:
            return "open database %s.db" % name in f.read()
    pbs.until("smtpd misses the map", pbs.DEADLINE, misses,
              lambda left: time.sleep(0.05))
    subprocess.run(["postmap", "hash:" + name], env=host.site.env, check=True)
    host.finds("postfix-map-late", "postfix reload",
               "451 from a running smtpd", settings=settings)
    host.postfix.reload()
    greet()
    host.healthy("after the reload all is well", settings=settings)
    with open(etc, "w") as f:
        f.write(host.main)
    os.utime(etc, (0, 0))
    host.postfix.reload()


# --- logs -------------------------------------------------------------------

def logs(host):
    site = host.site

    def seed(fault, remedy, name, path, cures=False, text=None, **changes):
        if text is not None:
            site.write(path, text)
        settings = host.yaml("log.yaml", logfile=site.path(path), **changes)
        host.finds(fault, remedy, name, cures, settings=settings,
                   etc=host.etc_with())

    os.mkdir(site.path("logs"))
    seed("log-missing", "mail.log'", "a near name", "maill.log")
    seed("log-missing", "logfile:", "nothing near", "logs/quite-else")
    seed("log-missing", "logfile:", "nothing matches", "logs/mail*.log")
    seed("log-directory-missing", "logfile:", "no directory",
         "nowhere/mail.log")
    os.symlink("nothing", site.path("logs/mail.log"))
    seed("log-dangling", "logfile:", "a dangling link", "logs/mail.log")
    os.unlink(site.path("logs/mail.log"))
    seed("log-kind", "logfile:", "a directory", "logs")
    seed("log-packed", site.path("logs/mail.log"), "a .gz",
         "logs/mail.log.1.gz", text="x")
    site.write("logs/mail.log", login())
    os.chmod(site.path("logs/mail.log"), 0o666)
    seed("log-writable", "chmod o-w", "all may write", "logs/mail.log", True)
    os.chmod(site.path("logs/mail.log"), 0o640)
    seed("log-unreadable", "setfacl -m u:nobody:r" if SETFACL
         else 'chgrp "$(id -gn nobody)"', "nobody may read", "logs/mail.log",
         True, user="nobody")
    os.chown(site.path("logs/mail.log"), 0, 4)
    seed("log-unreadable", "usermod -a -G adm nobody", "a group may read",
         "logs/mail.log", user="nobody")
    os.chmod(site.path("logs/mail.log"), 0o644)
    os.chmod(site.path("logs"), 0o700)
    seed("log-unreadable", may_pass("nobody", site.path("logs")),
         "the directory is closed", "logs/mail.log", True, user="nobody")
    os.chmod(site.path("logs"), 0o755)


def content(host):
    site = host.site
    noise = line("postfix/smtpd[7]: connect from unknown[192.0.2.9]") * 9
    os.mkdir(site.path("lines"))

    def seed(fault, remedy, name, text, env=None, **changes):
        path = site.write("lines/mail.log", text)
        found = dict(env=env, settings=host.yaml("lines.yaml", logfile=path, **changes))
        if fault:
            host.finds(fault, remedy, name, **found)
        else:
            host.healthy(name, **found)

    seed("log-form", "pbsctl explain", "lines of no known form",
         "an unknown form\n" * 20 + login())
    seed("log-optional", "enable: [dovecot-submission-login]",
         "an optional rule",
         noise + line("dovecot: submission-login: Login: user=<ann>, "
                      "method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=1, "
                      "TLS, session=<a>"))
    seed("log-optional", "add dovecot-submission-login to enable: in ",
         "an optional rule, and others",
         noise + line("dovecot: submission-login: Login: user=<ann>, "
                      "method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=1, "
                      "TLS, session=<a>"),
         enable="[dovecot-managesieve-login]")
    seed("log-no-rule", "pbsctl explain", "a login of no rule",
         noise + line("dovecot: imap-login: Login: who=ann from=192.0.2.7"))
    seed("log-no-rule", "'\\''; rm x #", "a stranger's quote stays quoted",
         line("dovecot: imap-login: Login: who='; rm x # from=192.0.2.7"))
    seed("log-ahead", "time zone", "an hour ahead", login(skew=3600))
    seed("log-late", "time zone", "two hours late", login(skew=-7200))
    seed(None, None, "a quiet log", noise)
    seed(None, None, "failed logins only", noise + line(
        "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 "
        "secs): user=<ann>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, "
        "session=<a>"))
    site.write("lines/dovecot.log", login())
    seed("log-other", site.path("lines/dovecot.log"),
         "the logins are in another log", noise)
    host.healthy("logins in one of the logs that are followed",
                 settings=host.yaml("both.yaml", logfile="[%s, %s]" % (
                     site.path("lines/mail.log"),
                     site.path("lines/dovecot.log"))))
    logs = [site.write("lines/mail.log", noise),
            site.write("lines/quiet.txt", noise)]
    rows = [row["remedy"] for row in host.found(settings=host.yaml(
        "both.yaml", logfile="[%s, %s]" % tuple(logs)))]
    equal([row.partition(" in logfile: of ")[0] for row in rows],
          ["write %s in the place of %s" % (site.path("lines/dovecot.log"), log)
           for log in logs], "log-other: of two logs, the other stays", *rows)
    os.unlink(site.path("lines/dovecot.log"))
    seed(None, None, "Dovecot logs to its service manager", noise,
         env=fake_doveconf(host, "", "/dev/stderr"))
    elsewhere = site.write("elsewhere.log", login())
    for name, values in (("log_path", ("", elsewhere)),
                         ("info_log_path", (elsewhere, "syslog"))):
        seed("log-dovecot", "logfile: " + elsewhere, "Dovecot's " + name,
             noise, env=fake_doveconf(host, *values))
    seed(None, None, "with logins in a log it is no fault", login(),
         env=fake_doveconf(host, "", elsewhere))
    seed(None, None, "nor if Dovecot's log is the one that is followed", noise,
         env=fake_doveconf(host, "", site.path("lines/mail.log")))
    settings = host.yaml("lines.yaml", logfile='"journal:%s"'
                         % site.path("lines"))
    ok("log-dovecot" in [row["id"] for row in host.found(
        settings=settings, env=fake_doveconf(host, "", elsewhere))],
       "log-dovecot: the journal is followed, and Dovecot logs to a file")
    if unsynchronised():
        seed("clock", "NTP", "a log of two hosts", login() + login(
            host="another"))


def fake_doveconf(host, info, plain=""):
    """An environment in which Dovecot has these paths of logs."""
    place = host.site.path("dovecot")
    os.makedirs(place, exist_ok=True)
    host.site.write("dovecot/doveconf", """#!/bin/sh
case $2 in
info_log_path) echo '%s' ;;
log_path) echo '%s' ;;
*) echo ;;
esac
""" % (info, plain))
    os.chmod(place + "/doveconf", 0o755)
    return {"PATH": place + ":" + os.environ["PATH"]}


def unsynchronised():
    import ctypes
    buffer = ctypes.create_string_buffer(512)
    return ctypes.CDLL(None).adjtimex(buffer) == 5


def journal(host):
    host.finds("journal-missing", "journald", "no such journal",
               settings=host.yaml("journal.yaml",
                                  logfile='"journal:%s"'
                                  % host.site.path("journal")))


# --- what starts services ---------------------------------------------------

USUAL = 4242  # the uid of pop-before-smtp


def machine(*marks, first=""):
    """Runs a command on a machine with these files in /run and /etc, after
    this one."""
    makes = "".join("mkdir -p $(dirname %s) && : >%s && chmod 755 %s && "
                    % (path, path, path) for path in marks)
    return ("unshare", "-m", "-C", "sh", "-c",
            "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /etc/init.d && "
            + makes + first + 'exec "$@"', "sh")


BARE = machine()
BOOTED = machine("/run/systemd/system/.mark")
SHOW = """#!/bin/sh
test "$1" = show && echo "LoadState={}
UnitFileState={}
MainPID={}"
"""


# --- the daemon -------------------------------------------------------------

def daemon_settings(host):
    broken = host.site.write("broken.yaml", "grase: 30m\n")
    host.finds("settings", "pop-before-smtp --check --config=" + broken,
               "a broken file", settings=broken)
    absent = host.site.path("never.yaml")
    host.finds("settings", "pop-before-smtp --check --config=" + absent,
               "a file that is not there", settings=absent)
    host.finds("daemon-grace", "grace: 30m", "grace of a month",
               settings=host.yaml("grace.yaml", grace="30d"))
    host.finds("daemon-sandbox", "sandbox", "but with the sandbox on",
               settings=host.yaml("sandbox.yaml", sandbox="off")) \
        if not seccomp(host.daemon.worker()) else None
    net = host.yaml("exclude.yaml", exclude="[192.0.2.0/24]")
    host.finds("daemon-excluded", "kill -HUP {}", "exclude: was not reloaded",
               settings=net)
    host.finds("daemon-all-excluded", "widest", "all of IPv4 in two halves",
               settings=host.yaml("all.yaml", exclude="[0.0.0.0/1, 128.0.0.0/1]"
                                  ))
    writers(host)
    bad_pattern(host)
    changed = host.yaml("pbs.yaml")
    soon = time.time() + 60
    os.utime(changed, (soon, soon))
    host.finds("daemon-old-settings", "kill -HUP {}", "changed since")
    os.utime(changed, (0, 0))


def bad_pattern(host):
    """What is printed tests it as the daemon reads it, whoever that is."""
    where = host.site.path("owned")
    os.mkdir(where)
    shutil.chown(where, "nobody")
    os.mkdir(host.site.path("own"))
    pattern = host.site.write("own/own.yaml", "rules: [\n")
    dbfile = "hash:" + os.path.join(where, "pbs")
    settings = host.yaml("pattern.yaml", dbfile=dbfile, checkpoint="",
                         patterns='[%s, %s]' % (os.path.join(
                             pbs.ROOT, "patterns"), host.site.path("own")))
    rows = host.found(settings=settings, etc=host.etc_with(
        {"smtpd_relay_restrictions": "permit_mynetworks, check_client_access "
         "%s, reject" % dbfile}))
    told = [row["remedy"] for row in rows if row["id"] == "settings"]
    equal(told, ["correct that, then: pop-before-smtp --check --config=%s "
                 "--user=nobody" % settings], "a bad pattern, and another user")
    os.unlink(pattern)
    os.chmod(host.site.logfile, 0o644)
    done = subprocess.run(["sh", "-c", told[0].partition(": ")[2]], env=dict(
        host.site.env, PATH=pbs.BUILD + ":" + os.environ["PATH"]), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    equal(done.returncode, 0, "the command then finds nothing", done.stdout)


def writers(host):
    """Somebody else can write what Postfix trusts."""
    above = host.site.path("above")
    where = os.path.join(above, "map")
    os.makedirs(where, 0o755)
    path = os.path.join(where, "pbs")
    host.site.write("above/map/pbs.db", "")
    settings = host.yaml("writers.yaml", dbfile="hash:" + path,
                         checkpoint="")
    etc = host.etc_with({"smtpd_relay_restrictions": "permit_mynetworks, "
                         "check_client_access hash:%s, reject" % path})
    for what, mode in ((where, 0o777), (where, 0o775), (above, 0o777),
                       (path + ".db", 0o666)):
        before = stat.S_IMODE(os.stat(what).st_mode)
        os.chmod(what, mode)
        rows = host.found(settings=settings, etc=etc)
        rows = [row for row in rows if row["id"] == "daemon-map-writable"]
        equal([row["remedy"] for row in rows], ["chmod go-w '%s'" % what],
              "daemon-map-writable: mode %o of %s" % (
                  mode, os.path.basename(what)))
        os.chmod(what, before)
    os.chmod(where, 0o1777)
    equal([row["remedy"] for row in host.found(settings=settings, etc=etc)
           if row["id"] == "daemon-map-writable"],
          ["set dbfile: to a name in a directory that nobody else can write"],
          "a directory for everybody, as /tmp is, stays one")
    os.chmod(where, 0o755)
    for what, mode in ((above, 0o1777), (above, 0o775), (where, 0o755)):
        os.chmod(what, mode)
        ok("daemon-map-writable" not in [row["id"] for row in host.found(
            settings=settings, etc=etc)], "mode %o of %s is no fault" % (
                mode, os.path.basename(what)))


def seccomp(pid):
    with open("/proc/%d/status" % pid) as f:
        return "Seccomp:\t2" in f.read()


def addresses(host):
    host.site.raw("".join(login("198.51.100.9", "user%d" % i)
                          for i in range(21)))
    host.site.wait_key("198.51.100.9")
    host.finds("daemon-shared", "exclude: [198.51.100.9/32]",
               "21 users of one address")
    pbsctl(host, "remove", "198.51.100.9")
    host.site.raw(login("fd00::1"))
    host.daemon.wait_message("granted fd00::1")
    host.finds("daemon-inexpressible", "socketmap", "a short IPv6 address")
    pbsctl(host, "remove", "fd00::1")
    crowd(host)
    fake = host.site.path("bin")
    os.mkdir(fake)
    host.site.write("bin/doveconf", "#!/bin/sh\necho 192.0.2.0/28\necho\n")
    os.chmod(os.path.join(fake, "doveconf"), 0o755)
    host.finds("daemon-proxy-host", "exclude: [%s/32]" % GUEST,
               "a trusted proxy", env={
                   "PATH": fake + ":" + os.environ["PATH"]})
    host.healthy("without them the daemon is healthy again")


def crowd(host):
    """Two addresses of many users; a key that is there is not set again."""
    for n in (10, 11):
        host.site.raw("".join(login("198.51.100.%d" % n, "user%d" % i)
                              for i in range(21)))
        host.site.wait_key("198.51.100.%d" % n)
    there = host.yaml("there.yaml", exclude="[203.0.113.0/24]")
    for name, path, want in (
            ("without exclude:", host.settings,
             ["set `exclude: [198.51.100.%d/32]'",
              "add 198.51.100.%d/32 to exclude:"]),
            ("with", there, ["add 198.51.100.%d/32 to exclude:"] * 2)):
        rows = [row["remedy"] for row in host.found(settings=path)]
        numbers = [re.search(r"198\.51\.100\.(\d+)/32", row)[1]
                   for row in rows]
        equal((sorted(numbers), [row.split(" in /")[0] for row in rows]),
              (["10", "11"], [w % int(n) for w, n in zip(want, numbers)]),
              "daemon-shared: " + name, *rows)
    for n in (10, 11):
        pbsctl(host, "remove", "198.51.100.%d" % n)


def edited(host):
    """dbfile: is edited, but the daemon is only reloaded."""
    site = host.site
    site.write("other.log", login())
    old, new = ("hash:" + site.path("map/" + name) for name in ("old", "new"))

    def write(dbfile):
        return host.yaml("edited.yaml", dbfile=dbfile, checkpoint="",
                         logfile=site.path("other.log"))

    settings = write(old)
    etc = host.etc_with({"smtpd_relay_restrictions": "permit_mynetworks, "
                         "check_client_access %s, reject" % old})
    daemon = pbs.Daemon(site, [pbs.DAEMON, "--config=" + settings],
                        dict(site.env, **WATCHED))
    site.daemons.append(daemon)
    daemon.wait_state()
    host.healthy("before the edit", etc=etc, settings=settings)
    write(new)
    for name in ("edited", "edited, then reloaded"):
        host.finds("daemon-old-dbfile", "kill %d; then, if nothing starts it "
                   "again: %s --config=%s" % (daemon.pid, pbs.DAEMON, settings),
                   name, etc=etc, settings=settings)
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
    rows = host.found(settings=write("none"), etc=etc)
    contains(rows[0]["how"], "dbfile is none; the daemon has " + old,
             "daemon-old-dbfile: no map")
    write(new)
    for name, lists in (("the map is nowhere", "permit_mynetworks, reject"),
                        ("the new map is there already",
                         "check_client_access %s, reject" % new)):
        rows = host.found(settings=settings, etc=host.etc_with(
            {"smtpd_relay_restrictions": lists}))
        ids = [row["id"] for row in rows]
        ok("daemon-old-dbfile" in ids and "daemon-stopped" not in ids
           and not any(new in row["remedy"] for row in rows),
           "no remedy names a map that does not exist: " + name,
           *map(json.dumps, rows))
    daemon.stop()
    rows = host.found(settings=settings, etc=host.etc_with(
        {"smtpd_relay_restrictions": "permit_mynetworks, reject"}))
    ok({row["id"] for row in rows} == {"postfix-not-named", "daemon-stopped"}
       and not any("postconf" in row["remedy"] for row in rows),
       "nor when the daemon has not yet run", *map(json.dumps, rows))


def hung(host):
    """The keeper is stopped: it takes connections, but answers none."""
    site, dbfile = host.site, "hash:" + host.site.path("hung.map/m")
    os.mkdir(site.path("hung.map"))
    site.write("hung.log", login())
    found = dict(settings=host.yaml(
        "hung.yaml", dbfile=dbfile, checkpoint="",
        logfile=site.path("hung.log")), etc=host.etc_with({
            "smtpd_relay_restrictions": "permit_mynetworks, "
            "check_client_access %s, reject" % dbfile}))
    pidfile = site.path("hung.pid")

    def pid():
        with open(pidfile) as f:
            return int(f.read())

    subprocess.run([pbs.DAEMON, "--config=" + found["settings"],
                    "--daemon=" + pidfile], env=site.env, check=True)
    os.kill(pid(), signal.SIGSTOP)
    began, old = time.monotonic(), pid()
    rows = host.found(wrap=BARE, **found)
    took = time.monotonic() - began
    ok(took < 20, "a daemon that hangs is asked once", "%d s" % took)
    equal([row["id"] for row in rows], ["daemon-silent"], "and found",
          *map(json.dumps, rows))
    remedy = rows[0]["remedy"]
    contains(remedy, "kill -9 %d; " % old, "with a remedy for what hangs")
    code, said = paste(host, remedy)
    equal(code, 0, "which works", said)
    ok(pid() != old, "another daemon runs", pid())
    os.kill(pid(), signal.SIGTERM)


def unwritten(host):
    """The map's directory was given to root while the daemon ran."""
    site, where = host.site, host.site.path("given")
    os.mkdir(where)
    shutil.chown(where, "nobody")
    site.write("given.log", login())
    dbfile = "hash:" + os.path.join(where, "pbs")
    found = dict(
        settings=host.yaml("given.yaml", dbfile=dbfile, checkpoint="",
                           logfile=site.path("given.log"), user="nobody"),
        etc=host.etc_with({"smtpd_relay_restrictions": "permit_mynetworks, "
                           "check_client_access %s, reject" % dbfile}))
    daemon = pbs.Daemon(site, [pbs.DAEMON, "--config=" + found["settings"]],
                        dict(site.env, **WATCHED))
    site.daemons.append(daemon)
    daemon.wait_state()
    host.healthy("its user owns the map's directory", **found)
    os.chown(where, 0, 0)
    site.raw(login("198.51.100.9"), "given.log")
    daemon.wait_message("the old map stays, trying again")
    host.finds("daemon-map-unwritten", "chown nobody %s" % where,
               "the directory is root's", True, **found)
    daemon.stop()


def paste(host, command, wrap=BARE):
    """As root pastes it; what it prints, in case that it fails."""
    env = dict(host.site.env, PATH=pbs.BUILD + ":" + os.environ["PATH"],
               SYSTEMCTL_SKIP_REDIRECT="1")
    with open(host.site.path("pasted"), "w+") as f:
        code = subprocess.run([*wrap, "sh", "-c", command], stdout=f,
                              stderr=f, env=env, timeout=60).returncode
        f.seek(0)
        return code, f.read()


def places(host):
    """What the daemon needs is not there, or is not its own."""
    site = host.site
    plain = "pop-before-smtp --config="

    def seed(name, fault, begins, starts=True, **changes):
        """All remedies are the same, and work: the one of daemon-stopped, too."""
        path = host.yaml("places.yaml", **{"checkpoint": "", **changes})
        rows = [row for row in host.found(settings=path, wrap=BARE)
                if row["id"].startswith("daemon-")]
        equal([row["id"] for row in rows], [fault, "daemon-stopped"],
              "%s: %s" % (fault, name), *map(json.dumps, rows))
        told = {row["remedy"] for row in rows}
        begins += path if begins.endswith("=") else ""
        ok(len(told) == 1 and min(told).startswith(begins),
           name + ": the remedy", *told)
        if starts and len(told) == 1:
            code, said = paste(host, min(told))
            left = [row["id"] for row in host.found(settings=path)]
            ok(code == 0 and fault not in left and "daemon-stopped" not in left,
               name + ": it works", code, said, *left)
            kill(host, path)

    def kill(host, path):
        done = subprocess.run([PBSCTL, "status", "--config", path], text=True,
                              stdout=subprocess.PIPE, env=site.env)
        pid = int((done.stdout.split() + [0, 0])[1])
        if pid:
            os.kill(pid, signal.SIGTERM)
            pbs.until("the daemon ends", pbs.DEADLINE,
                      lambda: not os.path.exists("/proc/%d" % pid),
                      lambda left: time.sleep(0.05))

    os.chmod(site.logfile, 0o644)
    new = site.path("places/new")
    os.makedirs(os.path.dirname(new))
    seed("no directory", "daemon-directory-missing",
         "install -d -m 755 %s && %s" % (new, plain), dbfile="hash:%s/m" % new)
    shutil.rmtree(new)
    seed("another user's", "daemon-directory-missing",
         "install -d -m 755 -o nobody %s && %s" % (new, plain),
         dbfile="hash:%s/m" % new, user="nobody")
    os.chown(new, 0, 0)
    seed("root's own", "daemon-directory-closed",
         "chown nobody %s && %s" % (new, plain),
         dbfile="hash:%s/m" % new, user="nobody")
    os.chmod(new, 0o500)
    seed("not writable", "daemon-directory-closed",
         "chmod u+rwx %s && %s" % (new, plain),
         dbfile="hash:%s/m" % new, user="nobody")
    shutil.rmtree(new)
    ours = "hash:" + site.path("places/m")
    for name, changes in (
            ("logto", {"logto": new + "/log"}),
            ("a checkpoint", {"checkpoint": new + "/state"}),
            ("a second map", {
                "dbfile": "[%s, text:%s/m]" % (ours, new),
                "text": "[{name: %s/m, line: '{address}'}]" % new}),
            ("a socket", {"dbfile": "[%s, socketmap:unix:%s/m]" % (ours, new)})):
        seed("of " + name, "daemon-directory-missing", "install -d %s "
             "%s && " % ("-g postfix -m 750" if name == "a socket"
                         else "-m 755", new), **{"dbfile": ours, **changes})
        shutil.rmtree(new)
    site.write("places/file", "")
    words = "name a place in /var/lib/pop-before-smtp as dbfile: in "
    seed("a file in its place", "daemon-directory-missing", words, False,
         dbfile="hash:%s/m" % site.path("places/file"))
    seed("a directory of others", "daemon-directory-closed", words, False,
         dbfile="hash:%s/m" % site.path("places"), user="nobody")
    locked(host, words)
    relative(host)
    own_log(host)
    missing_user(host)


def locked(host, words):
    """The unit may write only in a few directories."""
    spool = "/var/spool/postfix/pop-before-smtp"
    for name, dbfile, wanted in (
            ("of a map", "hash:%s/m" % host.site.path("places/unit"), words),
            ("of a socket", "socketmap:unix:%s/m" % spool,
             ".*install -d -g postfix -m 750 -o pop-before-smtp %s && systemctl"
             % spool)):
        if os.path.exists(spool):
            continue
        rows = host.found(wrap=BOOTED, env=systemd(host, "loaded", "enabled"),
                          settings=host.yaml("unit.yaml", dbfile=dbfile,
                                             checkpoint=""))
        told = {row["remedy"] for row in rows if row["id"] in (
            "daemon-directory-missing", "daemon-stopped")}
        ok(len(told) == 1 and re.match(wanted, min(told)),
           "under systemd, there is no directory " + name, *told)


def own_log(host):
    """The daemon's user cannot open logto: again."""
    site = host.site
    where, log = site.path("own"), site.path("own/log")
    os.makedirs(where, exist_ok=True)
    dbfile = "hash:" + site.path("owned.map/m")
    os.mkdir(site.path("owned.map"))
    shutil.chown(site.path("owned.map"), "nobody")
    site.write("own.log", login())
    os.chmod(site.path("own.log"), 0o644)
    site.write("own/log", "")
    os.chmod(log, 0o640)
    found = dict(settings=host.yaml(
        "own.yaml", dbfile=dbfile, checkpoint="", user="nobody", logto=log,
        logfile=site.path("own.log")), etc=host.etc_with({
            "smtpd_relay_restrictions": "permit_mynetworks, "
            "check_client_access %s, reject" % dbfile}))
    daemon = pbs.Daemon(site, [pbs.DAEMON, "--config=" + found["settings"]],
                        dict(site.env, **WATCHED))
    site.daemons.append(daemon)
    daemon.wait_state()
    host.finds("daemon-log-closed", "chown nobody " + log, "a file of root's",
               True, **found)
    os.rename(log, log + ".1")
    host.finds("daemon-log-closed", "install -m 640 -o nobody /dev/null %s && "
               "kill -HUP %d" % (log, daemon.pid),
               "rotated into a directory of root's", True, **found)

    def taken():
        with open(log) as f:
            return "reloaded: " in f.read()
    pbs.until("the new log", pbs.DEADLINE, taken, lambda left: time.sleep(0.05))
    ok(True, "and the daemon writes to the new file")
    daemon.stop()


def relative(host):
    for key, value in (("logfile", "mail.log"), ("patterns", "patterns"),
                       ("checkpoint", "state"), ("logfile", "journl:"),
                       ("logto", "log")):
        path = host.yaml("relative.yaml", **dict(
            {"checkpoint": ""}, **{key: '"%s"' % value}))
        rows = [row for row in host.found(settings=path)
                if row["id"] == "settings-relative"]
        where = os.readlink("/proc/%d/cwd" % host.daemon.pid)
        ok(len(rows) == 1 and rows[0]["what"].startswith("%s: %s " % (
            key, value)) and (key == "checkpoint" or where in rows[0]["how"]),
           "settings-relative: %s: %s" % (key, value), *map(json.dumps, rows))


def missing_user(host):
    """The init script starts no daemon of a user that does not exist."""
    place = host.site.path("machine")
    shutil.copytree("/etc", place, symlinks=True, ignore=lambda d, names: [
        name for name in names if name not in (
            "passwd", "group", "shadow", "gshadow", "login.defs", "pam.d",
            "nsswitch.conf", "ld.so.cache", "default") and d == "/etc"])
    for name in ("passwd", "group", "shadow", "gshadow"):
        with open(os.path.join(place, name)) as f:
            rows = [row for row in f if not row.startswith("pop-before-smtp")]
        with open(f.name, "w") as f:
            f.writelines(rows)
    state = host.site.path("machine.state")
    os.makedirs(os.path.join(place, "init.d"))
    os.mkdir(state)
    shutil.copy(os.path.join(pbs.ROOT, "packaging/pop-before-smtp.init"),
                os.path.join(place, "init.d/pop-before-smtp"))
    host.site.write("machine/default/pop-before-smtp", "DAEMON=%s\nOPTIONS="
                    "'--config=%s'\n" % (pbs.DAEMON, host.yaml(
                        "machine.yaml", checkpoint="",
                        dbfile="hash:/var/lib/pop-before-smtp/m")))
    command = """
set -e
mount -t tmpfs tmpfs /run
mount --bind $place /etc
mount --bind $state /var/lib
doctor() { pbsctl doctor --json --config $settings --postfix $postfix |
    grep '"daemon-stopped"' || :; }
row=$(doctor)
echo "$row"
echo "$row" | sed 's/.*"remedy": "//; s/"}$//' >/run/remedy
sh /run/remedy || echo "FAILED $?"
doctor
/etc/init.d/pop-before-smtp stop
"""
    for name, value in (("place", place), ("state", state),
                        ("settings", host.site.path("machine.yaml")),
                        ("postfix", host.etc)):
        command = "%s='%s'\n%s" % (name, value, command)
    code, said = paste(host, command, ("unshare", "-m"))
    rows = said.splitlines()
    ok("; there is no user pop-before-smtp to run it" in rows[0]
       and re.search(r'"remedy": "(systemd-sysusers|useradd .*) && .*/etc/init.d/'
                     'pop-before-smtp start"', rows[0]),
       "daemon-stopped: there is no user", said)
    equal(rows[1:], ["pop-before-smtp: started", "pop-before-smtp: stopped"],
          "its remedy creates the user and starts the daemon", code)


def pbsctl(host, *words):
    subprocess.run([PBSCTL, *words, "--config", host.settings], check=True,
                   env=host.site.env, stdout=subprocess.DEVNULL)


def processes(host):
    other = host.yaml("other.yaml", dbfile="hash:" + host.site.path("map/two"),
                      checkpoint=host.site.path("map/two.state"))
    second = watched(host.site, "--config=" + other, "--dbfile=hash:"
                     + host.site.path("map/two"),
                     "--checkpoint=" + host.site.path("map/two.state"))
    host.finds("daemon-twice", "kill %d" % second.pid, "one log, two daemons")
    second.stop()
    full = host.site.path("full")
    os.mkdir(full)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full],
                   check=True)
    host.finds("disk-full", full, "no room", settings=host.yaml(
        "full.yaml", dbfile="[%s, text:%s/list]" % (host.map, full),
        text="[{name: '%s/list', line: '{address}'}]" % full))


def stopped(host):
    host.site.write("map/pbs", "203.0.113.9 OK\n")
    subprocess.run(["postmap", host.map], env=host.site.env, check=True)
    host.daemon.wait_message("another program has replaced it")
    host.finds("daemon-foreign-map", "pbsctl add", "postmap was run on it")
    host.daemon.kill(signal.SIGSTOP)
    for pid in pbs.children(host.daemon.pid):
        os.kill(pid, signal.SIGKILL)
    host.daemon.kill(signal.SIGKILL)
    host.daemon.wait()
    found = [row["id"] for row in host.found()]
    equal(found, ["daemon-stopped", "daemon-stale-map"]
          if host.site.dump() else ["daemon-stopped"],
          "daemon-stopped: it was killed")
    host.site.run("--clear")
    start = "pop-before-smtp --config=" + host.settings
    host.finds("daemon-stopped", start, "the map is cleared, but nobody "
               "writes it", wrap=BARE)
    managers(host)
    host.site.run("--once")
    rows = host.found()
    equal([row["id"] for row in rows], ["daemon-stopped", "daemon-stale-map"],
          "daemon-stale-map: addresses stay, and nobody removes them")
    subprocess.run(["sh", "-c", rows[1]["remedy"]], check=True,
                   stderr=subprocess.DEVNULL, env=dict(
                       host.site.env, PATH=os.path.dirname(pbs.DAEMON) + ":"
                       + os.environ["PATH"]))
    equal(host.site.dump(), {}, "its remedy empties the map")
    host.site.run("--once")
    rows = host.doctor(etc=host.site.path("map"))[1]
    ok({"unseen": "whether addresses are left in the map (postmap does not read "
        "it)"} in rows, "without main.cf that cannot be seen", *rows)
    host.site.run("--clear")
    watched = host.site.start()
    host.finds("daemon-unwatched", "--daemon", "nobody starts it again")
    watched.stop()


def systemd(host, load, state, main=0):
    """An environment in which systemctl says so of each unit."""
    place = host.site.path("systemd")
    os.makedirs(place, exist_ok=True)
    host.site.write("systemd/systemctl", SHOW.format(load, state, main))
    os.chmod(place + "/systemctl", 0o755)
    return {"PATH": place + ":" + os.environ["PATH"]}


def usual_user(host, there=True):
    """A command before others: with the usual user, or without."""
    with open("/etc/passwd") as f:
        rows = [row for row in f if not row.startswith("pop-before-smtp:")]
    if there:
        rows.append("pop-before-smtp:x:%d:65534::/:/bin/false\n" % USUAL)
    return "mount --bind %s /etc/passwd && " % host.site.write(
        "passwd.%d" % there, "".join(rows))


def managers(host):
    """The daemon is stopped; how it is started depends on the machine."""
    os.chown(host.site.mapdir, USUAL, -1)
    machine = functools.partial(globals()["machine"], first=usual_user(host))
    bare, booted = machine(), machine("/run/systemd/system/.mark")
    hand = "pop-before-smtp --config=%s --" % host.settings
    start = "systemctl start pop-before-smtp"

    def starts(remedy, name, wrap, env=None):
        code, rows = host.doctor(wrap=wrap, env=env)
        text = rows[0]["remedy"] if code == 1 and len(rows) == 1 else rows
        ok(str(text).startswith(remedy), "daemon-stopped: " + name, text)

    starts(hand, "in a container", bare)
    starts(start, "under systemd", booted, systemd(host, "loaded", "enabled"))
    starts("systemctl enable pop-before-smtp && " + start, "disabled", booted,
           systemd(host, "loaded", "disabled"))
    starts("systemctl unmask pop-before-smtp && systemctl enable pop-before-"
           "smtp && " + start, "masked", booted,
           systemd(host, "masked", "masked"))
    starts(hand, "under systemd without the unit", booted,
           systemd(host, "not-found", ""))
    starts("rc-service pop-before-smtp start", "under OpenRC", machine(
        "/run/openrc/softlevel", "/etc/init.d/pop-before-smtp"))
    shutil.copy(shutil.which("sleep"), host.site.path("runsvdir"))
    runit = subprocess.Popen([host.site.path("runsvdir"), "600"])
    wrap = machine("/var/service/pop-before-smtp/run")
    starts("sv up pop-before-smtp", "under runit", (*wrap[:5], wrap[5].replace(
        "/etc/init.d", "/var"), "sh"))
    runit.kill()
    runit.wait()
    script = machine("/etc/init.d/pop-before-smtp")
    code, rows = host.doctor(wrap=script)
    ok(rows[0]["remedy"].endswith("/etc/init.d/pop-before-smtp start"),
       "daemon-stopped: by an init script", *rows)
    os.chown(host.site.mapdir, 0, -1)


def at_boot(host):
    """The daemon runs, but a boot does not start it."""
    pid = host.daemon.pid
    for state, remedy in (("disabled", "systemctl enable"),
                          ("enabled-runtime", "systemctl enable"),
                          ("masked", "systemctl unmask")):
        host.finds("daemon-not-at-boot", remedy + " pop-before-smtp",
                   "its unit is " + state, wrap=BOOTED,
                   env=systemd(host, "loaded", state, pid))
    host.healthy("its unit is enabled", wrap=BOOTED,
                 env=systemd(host, "loaded", "enabled", pid))
    host.healthy("another unit wants its own", wrap=BOOTED,
                 env=systemd(host, "loaded", "static", pid))
    host.finds("daemon-excluded", "systemctl reload pop-before-smtp",
               "systemd started it", wrap=BOOTED,
               settings=host.yaml("exclude.yaml", exclude="[192.0.2.0/24]"),
               env=systemd(host, "loaded", "enabled", pid))
    usual_postfix(host)


def usual_postfix(host):
    """Postfix with the settings in /etc/postfix."""
    wrap = machine("/run/systemd/system/.mark")
    wrap = (*wrap[:5], wrap[5].replace("exec", "mount --bind %s /etc/postfix "
                                       "&& exec" % host.etc), "sh")
    env = dict(host.site.env, **systemd(host, "loaded", "disabled",
                                        host.daemon.pid))
    del env["MAIL_CONFIG"]
    done = subprocess.run(
        [*wrap, PBSCTL, "doctor", "--json", "--config", host.settings],
        text=True, stdout=subprocess.PIPE, env=env)
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    equal([(row["id"], row["remedy"]) for row in rows],
          [("postfix-not-at-boot", "systemctl enable postfix"),
           ("daemon-not-at-boot", "systemctl enable pop-before-smtp")],
          "postfix-not-at-boot: its unit is disabled")


# --- what it prints ---------------------------------------------------------

def output(host):
    def run(*words, **how):
        return subprocess.run(
            [PBSCTL, "doctor", "--config", host.settings, "--postfix",
             how.pop("etc", host.etc), *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=host.site.env,
            **how)
    started = time.monotonic()
    done = run()
    print("# %.2f s" % (time.monotonic() - started))
    equal((done.returncode, done.stdout), (0, "nothing found\n"),
          "a healthy host, for a person", done.stderr)
    bad = host.etc_with({"smtpd_relay_restrictions": "reject"})
    done = run("--quiet", etc=bad)
    equal((done.returncode, done.stdout, done.stderr), (1, "", ""),
          "--quiet: the exit code alone")
    done = run(etc=bad)
    ok(re.match(r"postfix-not-named: .*\n    how it shows: .*\n    remedy: "
                r"postconf -c %s -e .* && postfix -c %s reload\n1 found\n$"
                % (bad, bad), done.stdout),
       "a fault, for a person", done.stdout)
    done = run(etc=os.path.relpath(bad, "/"), cwd="/")
    contains(done.stdout, "postconf -c %s -e " % bad, "a relative directory: "
             "the commands, which change to another one, have the whole path")
    before = snapshot(host.etc), snapshot(host.site.mapdir)
    run()
    equal((snapshot(host.etc), snapshot(host.site.mapdir)), before,
          "it changes no file")
    os.chmod(host.site.dir, 0o755)
    code, rows = host.doctor(wrap=("setpriv", "--reuid=nobody", "--regid=nogroup",
                                   "--clear-groups"))
    ok(code == 0 and rows and all("unseen" in row for row in rows),
       "without root: what it could not see, and no fault",
       code, *map(json.dumps, rows))


def snapshot(directory):
    return sorted((e.name, e.stat().st_mtime_ns, e.stat().st_size,
                   stat.S_IMODE(e.stat().st_mode))
                  for e in os.scandir(directory)
                  if not stat.S_ISSOCK(e.stat().st_mode))


def everything():
    with pbs.Site() as site:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        host = Host(site)
        try:
            host.start()
            site.wait_key(GUEST)
            host.healthy("a healthy host: nothing is found")
            for part in PARTS:
                if not os.environ.get("ONLY") or part.__name__ in os.environ[
                        "ONLY"].split(","):
                    part(host)
        finally:
            host.stop()


PARTS = (output, lists, overrides, settings, unknown_type, sockets, stoppable, running,
         late, logs, content, journal, daemon_settings, addresses, edited,
         hung, unwritten, places, processes, at_boot, unclosed, stopped)

if servers.missing():
    skip_all(servers.missing())
if len(sys.argv) == 1:
    namespaces = servers.unshare()
    if namespaces is None:
        skip_all("may not make a network namespace here")
    os.execvp(namespaces[0], namespaces + [
        sys.executable, os.path.abspath(__file__), "inside"])
main(everything)
