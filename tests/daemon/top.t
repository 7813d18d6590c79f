#!/usr/bin/env python3
# pbsctl top on a real terminal, that of tmux: it shows a login within a second,
# obeys its keys and any size, and leaves the terminal as it was, however it
# ends. If it cannot run there, it says why.
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip_all
from tmux import PROMPT, Terminal

PBSCTL = os.path.abspath(os.path.join(pbs.BUILD, "pbsctl"))
RUNS = itertools.count()
GUEST, OTHER, SIX = "198.51.100.1", "198.51.100.2", "2001:db8:1:2::7"


def top(terminal, site, before="", after=""):
    """Types the command; when the test goes on, it runs or has failed. Returns
    what is printed before its exit code."""
    mark = "ended%d=" % next(RUNS)
    terminal.type("clear; %s %s top --socket=%s.ctl%s; echo %s$?\n" % (
        before, PBSCTL, site.map, after, mark))
    terminal.until("top", lambda lines: any(
        "authorized" in line or re.match(mark + "[0-9]", line)
        for line in lines))
    return mark


def settings(terminal):
    """What stty knows of the terminal, while the shell waits for a line."""
    path = subprocess.run(
        ["stty", "-a", "-F", terminal.get("pane_tty")],
        stdout=subprocess.PIPE, text=True)
    return path.stdout


def seconds_until_shown(terminal, site, address):
    """From the write to the log until the address is on the screen."""
    began = pbs.time.monotonic()
    site.log(login(address))
    terminal.wait(address)
    return pbs.time.monotonic() - began


def shows():
    with pbs.Site() as site:
        site.start("--grace=1800", "--exclude=203.0.113.0/24")
        with Terminal(site.dir) as terminal:
            top(terminal, site)
            terminal.wait("no address is authorized")
            took = [seconds_until_shown(terminal, site, "198.51.100.%d" % n)
                    for n in (11, 12, 13)]
            ok(sorted(took)[1] < 1, "a login is shown within a second", took)
            site.log(login("203.0.113.4", "ev\xe8il"))
            line = terminal.wait("refused 203.0.113.4")
            contains(line, "ev\xe8il", "a refusal, with the user")
            contains(line, "excluded 203.0.113.0/24", "and why")
            contains(terminal.lines()[1], "(1)", "and how many")
            contains(terminal.lines()[2], "maps ok", "the maps are well")
            subprocess.run([PBSCTL, "add", SIX, "--user=\033]0;x\007y",
                            "--socket=%s.ctl" % site.map], check=True,
                           stdout=subprocess.DEVNULL)
            line = terminal.wait(SIX)
            contains(line, "\\x1B]0;x\\x07y", "hostile names are harmless")
            ok(b"\033]0;x" not in terminal.output(), "to the last byte")


def obeys():
    with pbs.Site() as site:
        site.start("--grace=1800")
        site.log(login(GUEST, "ann"), login(OTHER, "bob"), login(OTHER, "cy"))
        site.wait_key(OTHER)
        with Terminal(site.dir) as terminal:
            top(terminal, site)
            terminal.wait(GUEST)
            terminal.press("u")
            terminal.until("users first", lambda lines: any(
                "*USERS" in line for line in lines))
            contains(terminal.lines()[4], OTHER, "sorted by users")
            terminal.press("/")
            terminal.type("ANN")
            terminal.press("Enter")
            terminal.wait("1 shown")
            contains(terminal.lines()[4], GUEST, "filtered by a name")
            equal(terminal.lines()[5], "", "nothing else is shown")
            terminal.press("Escape")
            terminal.wait(OTHER)
            terminal.press("Down", "r")
            terminal.wait("remove %s? y/n" % GUEST)
            terminal.press("n")
            terminal.wait("nothing was removed")
            ok(site.query(GUEST), "no: the address stays")
            terminal.press("r")
            terminal.wait("remove %s? y/n" % GUEST)
            terminal.press("y")
            terminal.wait("removed " + GUEST)
            ok(site.wait_gone(GUEST), "yes: it is removed from the map")
            terminal.wait("1 authorized")
            ok(not any(line.startswith(GUEST) for line in terminal.lines()),
               "and from the list")


def fits():
    with pbs.Site() as site:
        site.start("--grace=1800")
        site.log(*[login("198.51.100.%d" % n) for n in range(1, 31)])
        site.wait_key("198.51.100.30")
        with Terminal(site.dir) as terminal:
            top(terminal, site)
            terminal.wait("NEWEST GRANTS")
            equal(len(terminal.lines()), 24, "24 rows")
            terminal.resize(40, 10)
            terminal.wait_gone("NEWEST GRANTS")
            lines = terminal.lines()
            ok(len(lines) == 10 and max(map(len, lines)) <= 40, "40 x 10",
               *lines)
            contains(lines[0], "30 authorized", "the count is there")
            contains(lines[3], "EXPIRES  WHO", "the table is narrower")
            contains(lines[9], "q quit", "the keys are there")
            terminal.press("Tab", "Tab")
            terminal.wait("NEWEST GRANTS")
            terminal.press("Tab")
            terminal.resize(1, 1)
            terminal.resize(100, 30)
            terminal.wait("NEWEST GRANTS")
            contains(terminal.lines()[0], "30 authorized", "and large again")


def child_of(terminal):
    return pbs.children(int(terminal.get("pane_pid")), "pbsctl")[0]


def leaves_clean():
    ends = [("^C", lambda t: t.press("C-c"), 128 + signal.SIGINT),
            ("q", lambda t: t.press("q"), 0),
            ("SIGTERM", lambda t: os.kill(child_of(t), signal.SIGTERM),
             128 + signal.SIGTERM),
            ("^\\", lambda t: t.press("C-\\"), 128 + signal.SIGQUIT)]
    with pbs.Site() as site:
        daemon = site.start("--grace=1800")
        with Terminal(site.dir) as terminal:
            before = settings(terminal)
            for name, end, code in ends:
                mark = top(terminal, site)
                terminal.wait("no address is authorized")
                equal(terminal.get("cursor_flag"), "0", name + ": it runs")
                end(terminal)
                # At ^C the shell drops the rest of its line.
                terminal.until("exit %d" % code, lambda lines: any(
                    line in (mark + str(code), "%d%s" % (code, PROMPT))
                    for line in lines))
                equal(settings(terminal), before,
                      name + ": the terminal's settings are as before")
                equal((terminal.get("alternate_on"),
                       terminal.get("cursor_flag")), ("0", "1"),
                      name + ": so are its screen and its cursor")
            while_it_hangs(terminal, site, daemon)
            top(terminal, site)
            terminal.press("C-z")
            terminal.wait(PROMPT)
            equal(terminal.get("cursor_flag"), "1", "^Z: the shell is back")
            terminal.type("fg\n")
            terminal.wait("no address is authorized")
            pid = child_of(terminal)
            hung_up(terminal, pid)


def while_it_hangs(terminal, site, daemon):
    top(terminal, site)
    worker = daemon.worker()
    os.kill(worker, signal.SIGSTOP)
    for _ in range(2):  # it asks after it has drawn
        clock = terminal.lines()[0][:8]
        terminal.until("a clock that goes on",
                       lambda lines: lines[0][:8] != clock)
    terminal.press("C-c")
    terminal.wait("130" + PROMPT, 5)
    ok(True, "^C ends it, though the daemon hangs")
    os.kill(worker, signal.SIGCONT)


def hung_up(terminal, pid):
    pidfd = os.pidfd_open(pid)
    terminal.hang_up()
    ok(pbs.select.select([pidfd], [], [], pbs.DEADLINE)[0],
       "a lost terminal ends it")
    os.close(pidfd)


def colours():
    with pbs.Site() as site:
        site.start("--grace=1800")
        with Terminal(site.dir) as terminal:
            mark = top(terminal, site)
            contains(terminal.colours(), "\033[32mmaps ok", "coloured")
            terminal.press("q")
            terminal.wait(mark + "0")
            top(terminal, site, before="NO_COLOR=1")
            ok("\033[3" not in terminal.colours().replace("\033[39m", ""),
               "NO_COLOR", terminal.colours())


def says_why_not():
    with pbs.Site() as site:
        daemon = site.start("--grace=1800")
        # ncurses leaks what it allocates for a terminal that it does not know.
        leaks = "ASAN_OPTIONS=detect_leaks=0"
        with Terminal(site.dir) as terminal:
            for before, why in (
                    ("TERM=dumb", "TERM=dumb, cannot move its cursor"),
                    (leaks + " TERM=nosuch", "does not know this terminal, "
                                             "TERM=nosuch"),
                    ("TERM=", "TERM is not set")):
                mark = top(terminal, site, before)
                text = "".join(terminal.lines())
                contains(text, why, before)
                contains(text, mark + "69", before + ": exit 69")
            top(terminal, site, after=" | cat")
            contains("".join(terminal.lines()), "must be a terminal",
                     "no terminal")
            top(terminal, site)
            terminal.wait("no address is authorized")
            daemon.stop()
            contains(terminal.wait("no process listens"), ".ctl",
                     "the daemon has gone")
            site.start("--grace=1800")
            site.log(login(GUEST))
            terminal.wait(GUEST)
            ok(True, "and is back")
        daemon = site.path("nobody")
    done = subprocess.run([PBSCTL, "top", "--socket=" + daemon], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal((done.returncode, done.stdout), (69, ""), "no daemon: 69")
    contains(done.stderr, "no daemon is running", "and a message says so")


if shutil.which("tmux") is None:
    skip_all("no tmux")
main(shows, obeys, fits, leaves_clean, colours, says_why_not, jobs=2)
