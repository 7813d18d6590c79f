#!/usr/bin/env python3
# pbsctl import-perl reads a pop-before-smtp-conf.pl as text: what it prints can
# be loaded and matches the same lines, and what is lost is reported with its
# line.
import json
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

# Written for this test, in the ways in which such files are written.
SIMPLE = r"""#!/usr/bin/perl
use strict;
our $grace = 30*60;   # half an hour
$dbfile = '/etc/postfix/pop';
$dbvalue = "ok";
$write = 1; $flock = 0;
%file_tail = (
    name => '/var/log/maillog', # the log
    'interval', 1,
    maxinterval => 2,
);
=pod

$pat = 'this is no code; it isn''t';
sub this { neither

=cut
# $pat = '^[LOGTIME] \S+ commented\[\d+\]: (\S+)';
@mynets = qw(10.0.0.0/8 192.0.2.128/25);
$pat = '^[LOGTIME] \S+ mailthing(?:d|-ssl)?\[\d+\]: ' .
    q(ok \[(\d+\.\d+\.\d+\.\d+)\] it's);
1;
"""
TWO = r"""
$logtime_pat = '(\d+-\d+-\d+T\d+:\d+:\d+\S+)';
$PID_pat = '^[LOGTIME] \S+ twothing\[(\d+)\]: ';
$IP_pat = $PID_pat . 'from (\S+)$';
$OK_pat = "${PID_pat}in";
$FAIL_pat = 'no$';
$OUT_pat = $PID_pat.'out$';
$pat2 = qr/^[LOGTIME] \S+ (?:a|b(?:c|d)?)(?:\[\d+\])?: X from \[(\S+)\]$/i;
$out_pat = '^[LOGTIME] \S+ a\[\d+\]: bye \[(\S+)\]$';
"""


def import_perl(text, *arguments, name="conf.pl"):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, name)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        done = subprocess.run(
            [PBSCTL, "import-perl", *arguments, path], timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        done.stdout = done.stdout.decode(errors="replace").replace(
            directory + "/", "")
        done.stderr = done.stderr.decode(errors="replace").replace(
            directory + "/", "")
        return done


def matches(patterns, *lines):
    """[(ip, rule)] of the lines, by these patterns alone."""
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "imported.yaml"), "w") as f:
            f.write(patterns)
        done = subprocess.run(
            [PBSCTL, "match", "--json", "--patterns", directory], text=True,
            input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60)
        # Of a line that fits none of them, match says so; that is no fault
        # of the patterns, which are named by their file.
        tap.equal([said for said in done.stderr.splitlines()
                   if "imported.yaml" in said], [], "they load")
        tap.ok(done.returncode in (0, 1), "and match has read the lines")
        return [(o["ip"], o["rule"])
                for o in map(json.loads, done.stdout.splitlines())]


def dumped(settings):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(settings)
        f.flush()
        done = subprocess.run(
            [pbs.DAEMON, "--config=" + f.name, "--dumpconfig"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tap.equal((done.returncode, done.stderr), (0, ""),
                  "the daemon takes the settings")
        return done.stdout


def simple():
    done = import_perl(SIMPLE)
    tap.equal(done.returncode, 0, "all is carried over: exit 0", done.stderr)
    patterns, settings = done.stdout.split("---\n")
    shown = dumped(settings)
    for key in ("grace: 1800", "value: 'ok'", "write: yes", "flock: no",
                "logfile:\n  - '/var/log/maillog'",
                "dbfile:\n  - 'hash:/etc/postfix/pop'",
                "exclude:\n  - '10.0.0.0/8'\n  - '192.0.2.128/25'"):
        tap.contains(shown, key, key.split(":")[0])
    tap.contains(done.stderr, "conf.pl:9: %file_tail{interval}: not needed",
                 "what is not needed is said, with its line")
    tap.contains(done.stderr, "conf.pl:4: $dbfile: its directory must belong "
                 "to the daemon's user", "where no map can be is said")
    tap.equal(import_perl("$dbfile = '/var/lib/pop-before-smtp/hosts';").stderr,
              "", "and not where one can be")
    tap.contains(done.stderr, "conf.pl:20: $pat: it could end anywhere",
                 "an end that was open is said")
    line = "Nov 21 02:01:00 mail %s[7]: ok [192.0.2.%d] it's"
    tap.equal(matches(patterns, line % ("mailthing", 1),
                      line % ("mailthingd", 2),
                      line % ("mailthing-ssl", 3) + " and more",
                      line % ("mailthingx", 4),
                      line.replace("ok", "no") % ("mailthing", 5)),
              [("192.0.2.%d" % n, "imported-pat") for n in (1, 2, 3)],
              "the rule takes the lines that it took")
    tap.equal(import_perl(SIMPLE, "--only", "settings").stdout, settings,
              "--only settings")
    tap.equal(import_perl(SIMPLE, "--only=patterns").stdout, patterns,
              "--only patterns")


def two_lines():
    done = import_perl(TWO, "--only=patterns")
    tap.equal(done.returncode, 0, "exit 0", done.stderr)
    for key in ("connect: ", "login: ", "end: ", "logout: ", "match: "):
        tap.contains(done.stdout, "    " + key, key)
    tap.contains(done.stdout, "program: ['a', 'bc', 'bd', 'b']", "programs")
    tap.equal(re.findall(r"(\S+): it could", done.stderr), ["$OK_pat"],
              "which one was open")
    line = "2026-11-21T02:01:0%d+00:00 mail %s: %s"
    tap.equal(matches(
        done.stdout, line % (0, "twothing[7]", "from 192.0.2.7"),
        line % (1, "twothing[8]", "from 192.0.2.8"),
        line % (2, "twothing[7]", "is in"), line % (2, "twothing[7]", "in"),
        line % (3, "twothing[8]", "so no"), line % (4, "twothing[8]", "in"),
        line % (5, "bd[1]", "x FROM [192.0.2.9]"),
        line % (5, "b", "x FROM [192.0.2.10] ")),
        [("192.0.2.7", "imported-two-lines"), ("192.0.2.9", "imported-pat2")],
        "two lines are joined, flags of qr are kept")


def shipped():
    done = import_perl(r"$pat = '^[LOGTIME] \S+ i(map|pop3)d\[\d+\]: Login "
                       r"user=\S+ host=.*\[(\d+\.\d+\.\d+\.\d+)\]';")
    tap.contains(done.stdout, "optional: true", "a server that ships: optional")
    tap.contains(done.stderr, "conf.pl:1: $pat: UW imapd and ipop3d has rules",
                 "and it is said which file knows it")


def hidden():
    """As the Perl program's own file has its blocks: switched off."""
    done = import_perl("""$debug = 1;
=cut #--- one that is off --- START
$grace = 5;
=cut #--- one that is off --- END

$flock = 0;
=cut #--- another --- START
$dbfile = '/etc/mail/popauth';
=cutting is no end of it
$dbvalue = 'RELAYCLIENT';
=cut #--- another --- END
#=cut --- one that is on --- START
$reprocess = 1;
#=cut --- one that is on --- END
""", "--only=settings")
    tap.equal(done.stdout.splitlines()[1:],
              ["debug: yes", "flock: no", "reprocess: yes"],
              "what stands between two =cut is hidden")
    tap.equal((done.returncode, done.stderr), (0, ""), "and not missed")


def lost():
    text = r"""$add_func = sub { my ($ip) = @_; print "}" if /'/; };
sub custom_match { return 1 if $_[0] =~ m{ \} }; } # see }
sub mynet_postfix {
  foreach my $x (split(/['"]/, `postconf`)) { push @n, <<EOT . 'x'; }
} ' "
EOT
}
$ENV{TZ} = 'Europe/Berlin';
$ENV{'PATH'} = "/bin";
if (-f '/x') { $grace = 5 } else { $grace = 6; }
$grace = 'soon';
$dbfile = 'relative';
$grase = 5;
$logto = "$nowhere/x";
$pat = '^[LOGTIME] .* ([unclosed';
$pat3 = 'no time (\d+), for .* from (\S+)$';
$pat4 = '^[LOGTIME] one group only';
$flock = 0 if $debug;
$debug = 1;
"""
    done = import_perl(text)
    tap.equal(done.returncode, 1, "something is lost: exit 1")
    said = done.stderr
    for line, part in (
            (1, "$add_func: code: cannot be carried over: dbfile: keeps"),
            (2, "custom_match(): a subroutine: cannot be carried over: write "
             "a rule"),
            (3, "mynet_postfix(): a subroutine: cannot be carried over: "
             "Postfix is asked"),
            (8, "%ENV{TZ}: set TZ"), (9, "%ENV{PATH}: not needed"),
            (10, "if (-f '/x')"), (11, "$grace: 'soon' is no number"),
            (12, "$dbfile: 'relative' is no absolute path"),
            (13, "$grase: means nothing here"),
            (14, "$logto: the value is not known here of $nowhere"),
            (15, "$pat: cannot be carried over: match: missing"),
            (16, "$pat3: its program cannot be told"),
            (17, "$pat4: no second group"),
            (18, "$flock: a condition or code: cannot be carried over")):
        tap.contains(said, "conf.pl:%d: %s" % (line, part), "line %d" % line)
    lines = [int(n) for n in re.findall(r"^conf.pl:(\d+)", said, re.M)]
    tap.equal(lines, sorted(lines), "in the order of the lines")
    tap.contains(done.stdout, "debug: yes", "the rest is carried over")
    tap.equal(matches(done.stdout.split("---\n")[0],
                      "Nov 21 02:01:00 mail x[7]: from 192.0.2.7"), [],
              "what came of it loads")


def never_run():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "ran")
        import_perl("BEGIN { open(F, '>%s') } $grace = `touch %s`;"
                    " system('touch %s'); 1;" % (path, path, path))
        tap.ok(not os.path.exists(path), "nothing of it is run")


def odd():
    for name, text in (("nothing", b""), ("a NUL", b"$pat = '^\0(a)(b)';"),
                       ("no end", b"$pat = 'abc"), ("only quotes", b"'" * 999),
                       ("braces", b"{" * 9999), ("more", b"sub x {" * 999),
                       ("parentheses", b"$x = " + b"(" * 9999),
                       ("here", b"print <<X"), ("latin-1", b"$logto='\xe9';"),
                       ("growth", b"$a='aaaaaaaa';" + b"$a=$a.$a;" * 40)):
        done = import_perl(text)
        tap.ok(done.returncode in (0, 1), name + ": no harm",
               done.returncode, done.stderr[:500])
    for arguments, code in ((("/nonexistent",), 66), ((), 64),
                            (("--only=x", "y"), 64), (("--onyl",), 64)):
        done = subprocess.run([PBSCTL, "import-perl", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tap.equal(done.returncode, code, "exit %d: %s" % (code, arguments))
        if code == 66:
            tap.contains(done.stderr.decode(), "No such file or directory",
                         "and the reason is said")
    done = subprocess.run([PBSCTL, "import-perl", "-"], input=b"\x1b]0;x\x07 z;",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    tap.contains(done.stderr.decode(), "\\x1b]", "a remark tells the bytes")
    tap.ok(b"\x1b" not in done.stdout + done.stderr,
           "and no control sequence reaches the terminal", done.stderr)


tap.main(simple, two_lines, shipped, hidden, lost, never_run, odd)
