#!/usr/bin/env python3
# `make install' puts each file in its documented place, and `make uninstall'
# removes all but the user's own files; the unit and the init script match what
# was installed.
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tap import contains, equal, main, ok, skip

CONFIG = "etc/pop-before-smtp/pop-before-smtp.yaml"
RECIPIENTS = "usr/lib/systemd/system/pop-before-smtp-recipients@.service"


def make(*words, cwd=ROOT):
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    build = os.environ.get("BUILD", "build")
    done = subprocess.run(["make", "-s", "BUILD=" + build, *words], cwd=cwd,
                          env=env, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def files(top):
    return sorted(os.path.relpath(os.path.join(d, n), top)
                  for d, _, names in os.walk(top) for n in names)


def objects(tree):
    top = os.path.join(tree, os.environ.get("BUILD", "build"))
    return {name: os.stat(os.path.join(top, name)).st_mtime_ns
            for name in files(top) if name.endswith(".o")}


def read(*path):
    with open(os.path.join(*path)) as f:
        return f.read()


def module(tree):
    """What is there only with the libraries for several hosts."""
    without = "WITHOUT_PEERS" in read(
        tree, os.environ.get("BUILD", "build"), "config.mk")
    return [] if without else ["usr/lib/pop-before-smtp/pbs-tls.so"]


def installs():
    """From a copy: other tests run the programs that another prefix would
    build again."""
    # A blank in the name parts no path, least of all before `rm -rf'.
    with tempfile.TemporaryDirectory(suffix=" x") as top, \
            tempfile.TemporaryDirectory() as other:
        tree = shutil.copytree(ROOT, os.path.join(other, "tree"), symlinks=True,
                               ignore=shutil.ignore_patterns(
                                   ".git", "promtool", "wide"))
        where = "DESTDIR=" + top, "prefix=/usr"
        before = objects(tree)
        equal(make("install", *where, cwd=tree), (0, ""), "make install")
        anew = {name for name, when in objects(tree).items()
                if before.get(name) != when}
        ok("daemon/conf/conf_defaults.o" in anew and "base/addr.o" not in anew,
           "only files that know a place are compiled again", *sorted(anew))
        there = files(top)
        script = "usr/libexec/pop-before-smtp/import-perl"
        ok(os.access(os.path.join(top, script), os.X_OK), script + " can run")
        for name in ("usr/sbin/pop-before-smtp", "usr/bin/pbsctl",
                     *module(tree),
                     "usr/share/pop-before-smtp/patterns/dovecot.yaml",
                     "usr/share/man/man8/pop-before-smtp.8",
                     "usr/share/man/man8/pbsctl.8",
                     "usr/share/man/man5/pop-before-smtp.yaml.5",
                     "usr/share/man/man5/pop-before-smtp.patterns.5",
                     "usr/lib/systemd/system/pop-before-smtp.service",
                     RECIPIENTS,
                     "usr/lib/sysusers.d/pop-before-smtp.conf",
                     "usr/lib/tmpfiles.d/pop-before-smtp.conf",
                     "usr/share/bash-completion/completions/pbsctl",
                     "usr/share/zsh/site-functions/_pop-before-smtp",
                     "usr/share/fish/vendor_completions.d/pbsctl.fish",
                     "etc/logrotate.d/pop-before-smtp",
                     "usr/share/pop-before-smtp/grafana/pop-before-smtp.json",
                     "usr/share/pop-before-smtp/prometheus/"
                     "pop-before-smtp.rules.yml",
                     "usr/share/doc/pop-before-smtp/INSTALL", CONFIG):
            ok(name in there, name, *there)
        equal([name for name in there if not in_rpm(name)],
              ["etc/init.d/pop-before-smtp"],
              "the RPM takes all but the init script")
        unit = read(top, "usr/lib/systemd/system/pop-before-smtp.service")
        contains(unit, "ExecStart=/usr/sbin/pop-before-smtp\n",
                 "the unit starts what was installed")
        filled_in(unit)
        unit = read(top, RECIPIENTS)
        contains(unit, "ExecStart=/usr/bin/pbsctl recipients --watch ",
                 "and so does the one for recipients")
        filled_in(unit)
        init = "etc/init.d/pop-before-smtp"
        contains(read(top, init), "\nDAEMON=/usr/sbin/pop-before-smtp\n",
                 "and so does the init script")
        ok(os.access(os.path.join(top, init), os.X_OK), init + " can run")
        for name in (CONFIG, "usr/share/man/man8/pop-before-smtp.8"):
            text = read(top, name)
            ok("/usr/share/pop-before-smtp/patterns" in text and
               "/usr/local" not in text, name + " names what was installed")
        keeps_what_is_the_users(top, tree, where)


def in_rpm(name):
    """Whether %files of the spec has the file."""
    spec = read(ROOT, "packaging", "pop-before-smtp.spec")
    macros = {"name": "pop-before-smtp", "_prefix": "usr",
              "_sbindir": "usr/sbin",
              "_bindir": "usr/bin", "_libexecdir": "usr/libexec",
              "_libdir": "usr/lib",
              "_datadir": "usr/share", "_mandir": "usr/share/man",
              "_docdir": "usr/share/doc", "_sysconfdir": "etc",
              "_localstatedir": "var"}
    macros.update(re.findall(r"^%\{!\?\w+:%global (\w+) (.*)\}$", spec, re.M))
    macros.update(re.findall(r"^%global (\w+) (.*)$", spec, re.M))

    def expand(text):
        while "%{" in text:
            text = re.sub(r"%\{(\w+)\}", lambda m: macros[m[1]], text)
        return text.lstrip("/")

    listed = spec.split("\n%files\n")[1].split("\n\n")[0]
    return any(fnmatch.fnmatch(name, pattern)
               or name.startswith(pattern + "/") for pattern in
               (expand(row.split()[-1]) for row in listed.split("\n")
                if row and row[0] != "#" and not row.startswith("%dir")))


def filled_in(unit):
    for own in "@system-service", "@privileged", "@resources", "postfix@-":
        unit = unit.replace(own, "")
    ok("@" not in unit,
       "nothing in it was left to be filled in")


def keeps_what_is_the_users(top, tree, where):
    with open(os.path.join(top, CONFIG), "w") as f:
        f.write("grace: 1h\n")
    equal(make("install", *where, cwd=tree)[0], 0, "once more")
    equal(read(top, CONFIG), "grace: 1h\n", "the configuration has stayed")
    equal(make("uninstall", *where, cwd=tree), (0, ""), "make uninstall")
    equal(files(top), [CONFIG], "nothing else is left")


class Machine:
    """Its own directories and main.cf, and an update-rc.d that takes notes."""

    def __init__(self, top, value):
        self.top = top
        self.notes = os.path.join(top, "notes")
        self.where = ["%s=%s/%s" % (name, top, name) for name in
                      ("prefix", "sysconfdir", "localstatedir", "runstatedir")]
        self.main_cf = os.path.join(top, "main.cf")
        self.script = os.path.join(top, "sysconfdir/init.d/pop-before-smtp")
        for path, text in ((self.main_cf, "compatibility_level = 3.6\n"
                            "# hash:/run/pop-before-smtp/old\n" + value),
                           (os.path.join(top, "master.cf"), ""),
                           (os.path.join(top, "update-rc.d"),
                            "#!/bin/sh\necho $* >>%s\n" % self.notes),
                           (self.script, "")):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        os.chmod(os.path.join(top, "update-rc.d"), 0o755)

    def environment(self):
        return dict(os.environ, MAIL_CONFIG=self.top,
                    PATH=self.top + ":" + os.environ["PATH"] + ":/usr/sbin")

    def uninstall(self):
        done = subprocess.run(["make", "-s", "BUILD=" + os.path.abspath(
            os.path.join(ROOT, os.environ.get("BUILD", "build"))),
            "uninstall", *self.where], cwd=ROOT, text=True,
            env={k: v for k, v in self.environment().items()
                 if not k.startswith("MAKE") and k != "MFLAGS"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def maintainer(self, name, action):
        """Runs one as dpkg does, with its directories in this one."""
        text = read(ROOT, "packaging", "debian", name + ".in")
        text = text.replace("#MAP_IN_USE#",
                            read(ROOT, "packaging", "map-in-use"))
        text = re.sub("(?<=rm -rf )/var/lib/pop-before-smtp "
                      "/run/pop-before-smtp", self.kept(), text)
        done = subprocess.run(["sh", "-c", text, name, action], text=True,
                              env=self.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def kept(self):
        path = os.path.join(self.top, "kept")
        os.makedirs(path, exist_ok=True)
        return path


IN_USE = """smtpd_relay_restrictions = permit_mynetworks,
    $pbs, reject_unauth_destination
pbs = check_client_access hash:/run/pop-before-smtp/pop-before-smtp
"""


def still_in_use():
    """Postfix names the map: whoever removes the program is told where."""
    if shutil.which("postconf", path=os.environ["PATH"] + ":/usr/sbin") is None:
        return skip("a removal warns", "no postconf")
    with tempfile.TemporaryDirectory(prefix="pbs-install.") as top:
        m = Machine(top, IN_USE)
        for what, done in (("make uninstall", m.uninstall()),
                           ("prerm", m.maintainer("prerm", "remove")),
                           ("postrm", m.maintainer("postrm", "purge"))):
            equal(done[0], 0, what + ": no failure")
            contains(done[1], "%s:5:pbs = check_client_access" % m.main_cf,
                     what + ": names the line that names the map")
            contains(done[1], "    postfix check && postfix reload\n",
                     what + ": and the commands")
            ok(":2:" not in done[1], what + ": no comment counts", done[1])
        ok(os.path.isdir(m.kept()), "purge keeps the map that Postfix reads")
        equal(read(m.notes), "-f pop-before-smtp remove\n",
              "the links of the script are removed")
        equal(m.maintainer("prerm", "upgrade"), (0, ""), "upgrade: no word")
        equal(m.uninstall()[0], 0, "uninstall once more")
        equal(read(m.notes), "-f pop-before-smtp remove\n",
              "without a script there are no links to remove")
    with tempfile.TemporaryDirectory(prefix="pbs-install.") as top:
        m = Machine(top, "smtpd_relay_restrictions = reject\n")
        for what, done in (("make uninstall", m.uninstall()),
                           ("prerm", m.maintainer("prerm", "remove")),
                           ("postrm", m.maintainer("postrm", "purge"))):
            equal(done, (0, ""), what + ": no map, no word")
        ok(not os.path.exists(os.path.join(top, "kept")),
           "purge removes the map")


def next_step():
    for words, told in ((), True), (("DESTDIR=/tmp/x",), False):
        code, out = make("-n", "install", *words)
        equal(("Installed. Next: pbsctl setup" in out, code),
              (told, 0), "make install names the next step, but not to those "
              "who make a package" if words else "make install")


def another_prefix():
    """The directories are compiled in: none is to be left from before."""
    with tempfile.TemporaryDirectory() as top:
        for prefix in ("/usr", "/opt/pbs"):
            for source, place in (
                    ("patterns/match/patterndir", "/share/pop-before-smtp"),
                    ("daemon/link/tls", "/lib/pop-before-smtp/pbs-tls.so")):
                name = "%s/%s.o" % (top, source)
                make("BUILD=" + top, "prefix=" + prefix, name)
                with open(name, "rb") as f:
                    ok(os.fsencode(prefix + place) in f.read(),
                       "make prefix=%s compiles %s in" % (prefix, place))


def without_libraries():
    """What is optional goes missing in silence else."""
    with tempfile.TemporaryDirectory() as top:
        for header in ("lmdb.h", "seccomp.h", "cdb.h", "bzlib.h", "lzma.h",
                       "zstd.h", "ncurses.h"):
            with open(os.path.join(top, header), "w") as f:
                f.write("#error not here\n")
        equal(make("BUILD=" + top, "CPPFLAGS=-I" + top, top + "/config.mk"),
              (0, "".join("without %s: INSTALL, part 1, says what for\n" % lib
                          for lib in ("LMDB", "CDB", "BZIP2", "XZ", "ZSTD",
                                      "SECCOMP", "NCURSES"))),
              "make says which libraries it goes without")
        flags = read(top, "config.mk")
        ok("-DWITHOUT_CDB" in flags and "OMIT += maps/map_cdb.c" in flags
           and "-lcdb" not in flags, "and leaves out their files", flags)


def run_make(*words, cwd=ROOT, **env):
    kept = {k: v for k, v in os.environ.items()
            if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "BUILD")}
    done = subprocess.run(["make", *words], cwd=cwd, env={**kept, **env},
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.stdout if done.returncode == 0 else "failed: " + done.stdout


def flags_and_output():
    with tempfile.TemporaryDirectory() as top:
        name = top + "/base/addr.o"
        equal(run_make("BUILD=" + top, name).splitlines()[-1:],
              ["CC base/addr.c"], "make tells what it does, in a word")
        os.remove(name)
        said = run_make("BUILD=" + top, "V=1", name, CFLAGS="-O1 -g0",
                        CPPFLAGS="-DFROM_THERE", CC="cc -pipe")
        ok("cc -pipe -I." in said and "-DFROM_THERE" in said
           and "-O1 -g0" in said, "V=1 shows the commands, with the flags of "
           "the environment", said)


def elsewhere():
    with tempfile.TemporaryDirectory() as top:
        name = top + "/build/base/addr.o"
        run_make("-f", ROOT + "/Makefile", name, cwd=top)
        ok(os.path.exists(name), "make -f DIR/Makefile builds where it is run")


def same_bytes():
    """Nothing of where, when and in which order it was built."""
    built = []
    with tempfile.TemporaryDirectory() as top:
        for where in ("here", "somewhere/else"):
            tree = os.path.join(top, where)
            for part in ("base", "packaging"):
                shutil.copytree(os.path.join(ROOT, part),
                                os.path.join(tree, part))
            shutil.copy(os.path.join(ROOT, "Makefile"), tree)
            run_make("build/libbase.a", cwd=tree)
            with open(os.path.join(tree, "build/libbase.a"), "rb") as f:
                built.append(f.read())
    ok(built[0] == built[1], "two directories build the same bytes")


def boot():
    unit = read(ROOT, "packaging/pop-before-smtp.service")
    for line in ("Type=notify", "Restart=on-failure", "WatchdogSec=",
                 "ExecStopPost=@sbindir@/pop-before-smtp --clear",
                 "User=pop-before-smtp", "NoNewPrivileges=yes",
                 "ProtectSystem=strict"):
        contains(unit, "\n" + line, "the unit says " + line)
    init = os.path.join(ROOT, "packaging", "pop-before-smtp.init")
    equal(subprocess.run(["sh", "-n", init]).returncode, 0,
          "the init script is a shell script")
    contains(read(init), "### BEGIN INIT INFO", "with an LSB header")


def exposure():
    """What systemd-analyze thinks of the units; lower is better."""
    if not shutil.which("systemd-analyze"):
        skip("the units' exposure", "there is no systemd-analyze")
        return
    exposure_of("pop-before-smtp.service", "")
    exposure_of("pop-before-smtp-recipients@.service", "a")


def exposure_of(unit, instance):
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, unit.replace("@", "@" + instance))
        with open(path, "w") as f:
            f.write(re.sub("@s?bindir@/[a-z-]+", "/bin/true", read(
                ROOT, "packaging/" + unit)))
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", path],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = re.search(r"exposure level.*: (\d+\.\d+)", done.stdout)
        ok(found and float(found[1]) <= 0.5, unit + ": an exposure of 0.5 at "
           "most", done.stdout[-300:])


main(installs, still_in_use, next_step, another_prefix, without_libraries,
     flags_and_output, elsewhere, same_bytes, boot, exposure)
