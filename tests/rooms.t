#!/usr/bin/env python3
# The borders between the rooms hold, and the code keeps its shape: includes,
# third-party headers, cycles, tags, exports, clocks, the length of functions,
# headers that compile alone, no hidden state. Each check is shown to fail on a
# tree that breaks it.
import collections
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import ctree
from ctree import code_of, files, lines_matching, room_of, text_of
from smalltree import calls, compiled, function, include, includes, laid
from tap import equal, main, ok, skip

# A room is a folder; what its files may include besides their own room: all of
# another room, or one header. From the ground floor up: a room names only those
# that stand before it.
PATTERNS = "patterns/line patterns/match patterns/check"
TOOLS = "base %s maps daemon/table daemon/conf daemon/pipeline" % PATTERNS
WORKER = """base patterns/line patterns/match maps maps/live daemon/sys
daemon/table daemon/source daemon/ipc daemon/conf daemon/peers daemon/pipeline
daemon/metrics daemon/publish daemon/sandbox"""
MAY_INCLUDE = {room: set(others.split()) for room, others in {
    "base": "",
    "patterns/line": "base",
    "patterns/match": "base patterns/line",
    "patterns/check": "base patterns/line patterns/match",
    "maps": "base",
    "maps/live": "base maps",
    "daemon/sys": "base",
    "daemon/table": "base",
    # journald leaves the header of some datagrams in the text.
    "daemon/journal": "base patterns/line",
    "daemon/unpack": "base",
    "daemon/source": "base daemon/journal daemon/unpack",
    "daemon/ipc": "base maps/map.h",
    # The policy service's settings are settings like all others.
    "daemon/conf": "base patterns/match maps maps/live/policy.h daemon/sys",
    "daemon/pipeline": "base patterns/match daemon/sys daemon/table "
                       "daemon/conf",
    # What hosts tell each other: pure, no socket and no clock.
    "daemon/peers": "base daemon/table daemon/conf",
    # Numbers and text; every room that counts something may use it.
    "daemon/metrics": "base",
    "daemon/publish": "base maps daemon/sys daemon/table daemon/conf "
                      "daemon/metrics",
    "daemon/sandbox": "base daemon/conf",
    # The process that talks to the engine of several hosts.
    "daemon/link": "base daemon/sys daemon/ipc daemon/conf daemon/sandbox",
    "daemon/keeper": "base maps daemon/sys daemon/ipc daemon/conf "
                     "daemon/publish daemon/sandbox daemon/metrics "
                     "daemon/link/link_process.h",
    "daemon/worker": WORKER,
    "daemon": WORKER + " daemon/worker",
    "tools/output": "base",
    "tools": TOOLS + " tools/output",
    "tools/explain": TOOLS + " tools/output tools",
    "tools/check": TOOLS + " tools/output tools",
    "tools/import": TOOLS + " tools/output tools",
    # What the readers of foreign lists have in common.
    # One compares a list with the map that it shall replace.
    "tools/gateway": "base maps",
    # Settings and tables for Postfix, as the imports write them.
    # They guard what they replace as pbsctl recipients guards its map.
    "tools/postfix": "base maps tools tools/gateway",
    "tools/xmail": "base maps tools tools/gateway tools/postfix",
    "tools/smap": "base tools tools/postfix",
    # Asks the daemon as ctl.c does, and draws its answers.
    "tools/top": "base tools",
    # Asks postconf, and reloads Postfix.
    "tools/recipients": "base maps daemon/sys/subprocess.h tools/output tools "
                        "tools/gateway",
    "tools/relaycheck": "base tools/output tools tools/gateway",
    # It looks at what the daemon would find, and runs Postfix's commands.
    # Networks in mynetworks are added up as the imports do it.
    "tools/doctor": TOOLS + " tools/output tools daemon/sys daemon/sandbox "
                    "tools/postfix/netset.h",
    # It reads logs and their rotated files as the daemon does.
    "tools/report": TOOLS + " tools/output tools daemon/source/source.h "
                    "daemon/sys/atomic_file.h",
    # It sees what the doctor sees, and writes files.
    "tools/setup": TOOLS + " tools tools/doctor daemon/sys",
}.items()}
# Single files that may include more than their room may.
MAY_ALSO = {
    # --check; nothing else of the daemon judges rules.
    "daemon/configtest.c": {"patterns/check"},
    # The key of this host is made and read as the daemon reads it.
    "daemon/configtest_peers.c": {"daemon/peers", "daemon/link/credentials.h"},
    # At a reload, in a child process: the worker may not read it any more.
    "daemon/link/link_process.c": {"daemon/peers/sign_file.h"},
    "tools/keygen.c": {"daemon/peers"},
    # pbsctl peers --test; no other tool talks to an engine.
    "tools/peers_probe.c": {"daemon/link/probe.h",
                            "daemon/peers/sign_file.h"},
    # The rest of daemon/peers reads no file; the worker, --check and pbsctl all
    # read this one in the same way.
    "daemon/peers/sign_file.c": {"daemon/sys/secret_file.h"},
    # Starts it; the keeper and the worker never see each other.
    "daemon/main.c": {"daemon/keeper/keeper.h"},
    # The helper's packets are framed as the keeper's are, and so is the socket
    # of each process that has a guardian.
    "daemon/sys/helper.c": {"daemon/ipc"},
    "daemon/sys/guardian.c": {"daemon/ipc"},
    # Standard input may be journalctl's export, which has no lines.
    "daemon/source/source_stdin.c": {"patterns/line"},
}
# How many headers of a room others may include. All of base is made for all.
PUBLIC = {
    "daemon/source": 1, "daemon/keeper": 1,
    "daemon/sandbox": 2, "daemon/pipeline": 2,
    # One for each other process that the worker or the keeper talks to.
    "daemon/ipc": 3,
    # Its third is inlined where lines are skimmed.
    "patterns/line": 3, "patterns/check": 3, "patterns/match": 5,
    "daemon/table": 3, "daemon/publish": 3,
    # The worker asks which addresses a file can hold: entry.h.
    "maps": 5,
    # The doctor and mynetworks ask how Postfix names a map; keys of hosts are
    # read as settings and as files.
    "daemon/conf": 7,
    # A secret is read by the worker, by pbs-link and by --check.
    # The helper has a guardian, and so has pbs-link.
    "daemon/sys": 10,
    # The setup sees what the doctor sees, asks what starts services, and prints
    # the commands of Postfix as the doctor does.
    "tools/doctor": 10,
    # One for each kind of thing that an import writes.
    "tools/postfix": 8,
    "base": sys.maxsize,
}
PUBLIC_ELSEWHERE = 7
ONE_ROOM = {  # third-party and special headers: the only file that may, or files
    "db.h": "maps/map_hash.c",
    "lmdb.h": "maps/map_lmdb.c",
    "cdb.h": "maps/map_cdb.c",
    "pcre2.h": "patterns/match/regex.c",
    "yaml.h": "base/yamltree.c",
    "zlib.h": "daemon/unpack/unpack_gzip.c",
    "bzlib.h": "daemon/unpack/unpack_bzip2.c",
    "lzma.h": "daemon/unpack/unpack_xz.c",
    "zstd.h": "daemon/unpack/unpack_zstd.c",
    "sys/epoll.h": "base/loop.c",
    "sys/signalfd.h": "base/loop.c",
    "sys/timerfd.h": "base/loop.c",
    # The daemon follows logs in it and misses FIFOs, the keeper sees to its
    # maps, the tool waits for a list.
    "sys/inotify.h": ("daemon/keeper/map_watch.c",
                      "daemon/source/source_file.c",
                      "daemon/source/source_stdin.c",
                      "tools/recipients/watch.c"),
    "seccomp.h": "daemon/sandbox/seccomp.c",
    "ncurses.h": "tools/top/terminal.c",
    "sodium.h": "daemon/peers/sign.c",
    "hiredis/hiredis.h": "daemon/link/resp.c",
    # Code is loaded in one place, and OpenSSL is what it loads.
    "dlfcn.h": "daemon/link/tls.c",
    "openssl/err.h": "daemon/link/tls_openssl.c",
    "openssl/ssl.h": "daemon/link/tls_openssl.c",
    "openssl/x509v3.h": "daemon/link/tls_openssl.c",
    # Opening, reading and looking back are three matters; each thread that
    # reads has a journal of its own.
    "systemd/sd-journal.h": ("daemon/source/source_journal.c",
                             "daemon/journal/journal_open.c",
                             "daemon/journal/journal_reader.c",
                             "daemon/journal/journal_past.c",
                             "daemon/journal/journal_ahead.c",
                             "daemon/journal/journal_window.c",
                             # What it does not read by itself.
                             "daemon/journal/journal_history.c"),
    "systemd/sd-id128.h": "daemon/journal/journal_files.c",
}
LOADED = {  # what a module exports: dlsym(3) finds it, no other object names it
    "tls_module": "daemon/link/tls_openssl.c",
}
# C11 and POSIX, and what every Linux has; another header needs a room above.
LIBC = set("""assert ctype errno fcntl fnmatch float getopt glob grp ifaddrs
inttypes limits locale malloc math netdb poll pthread pwd sched setjmp signal
stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
string strings sysexits syslog termios time unistd dirent endian libgen
wchar wctype spawn utime regex search""".split())
LIBC_DIRS = ("sys/", "arpa/", "net/", "netinet/", "linux/")
# What time of day it is; how long a child may take is another matter.
CLOCKS = r"\b(time\s*\(|gettimeofday\b|CLOCK_(?:REALTIME|TAI)\w*)"
CLOCK_ROOMS = {
    "base/loop.c": "reads it once per round, for all",
    "base/log.c": "stamps the lines of its own file",
    "base/hash.c": "a seed where there is no getrandom(2)",
    "tools/check/match.c": "has no loop; asks once, before the first line",
    "tools/check/check.c": "the same",
    "tools/explain/explain.c": "the same",
    "tools/doctor/doctor.c": "the same",
    "tools/report/report.c": "the same",
    "tools/setup/setup.c": "the same",
}
STATE_ROOMS = {
    "base/log.c": "where messages go",
    "maps/map.c": "the names of the types, for who asks; never changes",
}
FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_MAX = 14, 25, 80
FILE_MAX, MAIN_MAX = 540, 120
# What the daemon does today fits into 41,000 lines. The gateway's tools, the
# doctor, the metrics and the peers come on top of that, in files of their own.
# Whoever needs more says why here: the doctor has 3,100 lines, the report 3,700,
# the metrics 900, top 2,600, the setup 1,500; several hosts have some 9,000;
# the reader of archived journals 1,700; reading rules by several threads and
# their trees from blocks 350, and what journald cuts in its JSON 300; a short look
# at the lines of a backlog, while the next are read, 250; that at many lines at
# once 300, and blocks that several threads read 200;
# what the model of following found in a log's life, 300; stamps that name a zone or
# are seconds, and what four more commands print before each line, 1,000; the NULs
# of a crash, and holes of gigabytes, 200; what links that match a `*' lead to, 400;
# files that match it and are written to at the same time, 250, or come while the
# clock is set back, 200; commands of the doctor that work as printed, and a setup
# before the first start, 200; what shred(1) overwrites, 50; FIFOs of which another
# process has read a part, 100; remedies of the doctor that leave Postfix safe while
# the daemon is stopped, 200, and that go into the right place of a list,
# 200; what the daemon needs before it starts, as the doctor finds it, 400, settings
# that are there already, 100, a log of its own that cannot be opened again, 200, and
# what a fresh administrator was told that was not so, 200; logins ahead of the clock
# that nobody saw being written, 200; files of a `*' that were rotated while nothing
# read them, 100, or came beside half a line, 150; parts that wait in several of
# them, 200;
# settings that were taken and could do nothing, named with file and line, 400;
# samples that a start need not parse, 400.
PRODUCT_MAX = 99600
FOLDER_MAX = 20


def bad_rooms(top):
    """Files in no room, and folders with more than can be taken in."""
    for path in files(top):
        if room_of(path) not in MAY_INCLUDE:
            yield "%s: lies in no room" % path
    counts = collections.Counter(map(room_of, files(top, (".c",))))
    for room, count in sorted(counts.items()):
        if count > FOLDER_MAX:
            yield "%s: %d .c files in one folder" % (room, count)


def bad_borders(top):
    """Includes of one room by another that may not know it."""
    for path, n, header in ctree.includes(top):
        room = room_of(path)
        allowed = (MAY_INCLUDE.get(room, set()) | MAY_ALSO.get(path, set())
                   | {room})
        if "/" not in header:
            yield "%s:%d: %s is not written from the root" % (path, n, header)
        elif header not in allowed and room_of(header) not in allowed:
            yield "%s:%d: %s may not include %s" % (path, n, room, header)


def public_headers(top):
    """{room: the headers of it that files outside of it include}"""
    found = collections.defaultdict(set)
    for path, _, header in ctree.includes(top):
        if room_of(path) != room_of(header):
            found[room_of(header)].add(os.path.basename(header))
    return found


def bad_public(top):
    """Rooms that show too much of their inside."""
    for room, headers in sorted(public_headers(top).items()):
        most = PUBLIC.get(room, PUBLIC_ELSEWHERE)
        if len(headers) > most:
            yield "%s: %d public headers, not %d: %s" % (
                room, len(headers), most, " ".join(sorted(headers)))


def bad_circles(top):
    """Files, and folders, that include each other, or do so over others."""
    nouns = collections.defaultdict(set)
    rooms = collections.defaultdict(set)
    for path, _, header in ctree.includes(top):
        nouns[ctree.noun_of(top, path)].add(ctree.noun_of(top, header))
        rooms[room_of(path)].add(room_of(header))
    for edges in nouns, rooms:
        for circle in ctree.circles(edges):
            yield "include each other: " + "; ".join(
                "%s -> %s" % (one, " ".join(sorted(edges[one] & set(circle)
                                                   - {one})))
                for one in circle)


def bad_tags(top):
    """Tags of a header that something else is called by, too."""
    for tag, paths in sorted(ctree.tags(top).items()):
        if len(paths) > 1 and any(p.endswith(".h") for p in paths):
            yield "%s is defined in %s" % (tag, " ".join(paths))


def homes_of(header):
    home = ONE_ROOM.get(header, ())
    return (home,) if isinstance(home, str) else home


def bad_headers(top):
    """Third-party headers outside their one file."""
    for path, n, header in ctree.includes(top, "<>"):
        only = homes_of(header)
        if only and path not in only:
            yield "%s:%d: <%s> belongs to %s" % (path, n, header,
                                                 " ".join(only))
        elif not only and not (header[:-2] in LIBC
                               or header.startswith(LIBC_DIRS)):
            yield "%s:%d: <%s> has no room yet" % (path, n, header)


def bad_clocks(top):
    """Whoever asks for the time himself."""
    for path in files(top):
        if path not in CLOCK_ROOMS:
            for n, m in lines_matching(code_of(top, path), CLOCKS):
                yield "%s:%d: asks the wall clock: %s" % (path, n, m.group(1))


def shape(top):
    """The length of functions: median, 90th percentile, longest."""
    lengths = sorted(length for length, _, _ in ctree.functions(top)) or [0]
    return (lengths[(len(lengths) - 1) // 2],
            lengths[(len(lengths) * 9 - 1) // 10], lengths[-1])


def sizes(top):
    return {path: text_of(top, path).count("\n") for path in files(top)}


def bad_lengths(top):
    for length, path, name in ctree.functions(top):
        if length > FUNCTION_MAX:
            yield "%s: %s() has %d lines" % (path, name, length)
    median, p90, _ = shape(top)
    if median > FUNCTION_MEDIAN:
        yield "every other function has more than %d lines" % FUNCTION_MEDIAN
    if p90 > FUNCTION_P90:
        yield "one function in ten has more than %d lines" % FUNCTION_P90


def bad_sizes(top):
    for path, size in sizes(top).items():
        most = MAIN_MAX if path == "daemon/main.c" else FILE_MAX
        if size > most:
            yield "%s has %d lines, not %d" % (path, size, most)
    size = sum(sizes(top).values())
    if size > PRODUCT_MAX:
        yield "the product has %d lines, not %d" % (size, PRODUCT_MAX)


def bad_alone(top):
    """Headers that do not compile by themselves, without a warning."""
    command = os.environ.get("CC", "cc").split() + [
        "-std=c11", "-D_GNU_SOURCE", "-I" + top, "-Wall", "-Wextra",
        "-Wstrict-prototypes", "-Werror", "-fsyntax-only", "-x", "c"]
    for path in files(top, (".h",)):
        done = subprocess.run(
            command + ["-"], input='#include "%s"\n#include "%s"\n' % (
                path, path), text=True, stderr=subprocess.PIPE)
        if done.returncode:
            yield "%s: %s" % (path, done.stderr.strip().split("\n")[0])


def bad_state(objects):
    """Objects with data that can change, but for the one that may."""
    for source, path in objects.paths.items():
        out = subprocess.run(["size", "-A", path], text=True,
                             stdout=subprocess.PIPE).stdout
        changes = sum(int(size) for size in re.findall(
            r"^\.(?:t?data|t?bss)(?:\.(?!rel\.ro)\S+)?\s+(\d+)", out, re.M))
        if changes and source not in STATE_ROOMS:
            yield "%s: %d bytes of file-scope state" % (source, changes)


def bad_calls(objects):
    """Files that call each other, or do so over others."""
    edges = objects.edges()
    for circle in ctree.circles(edges):
        yield "call each other: " + "; ".join(
            "%s -> %s (%s)" % (one, other, " ".join(sorted(symbols)))
            for one in circle for other, symbols in sorted(edges[one].items())
            if other in circle and other != one)


def bad_exports(objects):
    """What is exported, but of use to tests alone, or to nobody."""
    for source, symbol, users, tests in objects.exports():
        if not users and LOADED.get(symbol) != source:
            yield "%s: %s is used by %s" % (
                source, symbol, " ".join(tests) or "no other file")


def complaints(check, tree):
    """What the check says of a tree that holds just these files."""
    with laid(tree) as top:
        return list(check(compiled(top) if check in OF_OBJECTS else top))


def catches(check, name, good, bad):
    """good passes, bad does not; both are {path: text}."""
    equal(complaints(check, good), [], "%s: what is right passes" % name)
    equal(len(complaints(check, bad)), 1, "%s: is caught" % name)


def borders_can_fail():
    for room, others in MAY_INCLUDE.items():
        names = [other + "/a.h" for other in MAY_INCLUDE] + sorted(
            other for other in others if other.endswith(".h"))
        equal([c.split()[-1] for c in complaints(
                  bad_borders, {room + "/x.c": includes(*names)})],
              [name for name in names if room_of(name) not in others | {room}
               and name not in others],
              "%s: what it may not include is caught" % room)
    for path, others in MAY_ALSO.items():
        names = [o if o.endswith(".h") else o + "/a.h" for o in sorted(others)]
        catches(bad_borders, "what only %s may include" % path,
                {path: includes(*names)},
                {room_of(path) + "/x.c": includes(names[0])})
    for path in "patterns/x.c", "daemon/new/x.h", "x.c", "packaging/x.c":
        catches(bad_rooms, path + " in no room",
                {"daemon/x.c": "", "tests/unit/x.c": ""}, {path: ""})
    catches(bad_rooms, "a crowded folder",
            {"base/x%d.c" % i: "" for i in range(FOLDER_MAX)},
            {"base/x%d.c" % i: "" for i in range(FOLDER_MAX + 1)})
    catches(bad_borders, "an include not from the root",
            {"maps/x.c": includes("maps/y.h")}, {"maps/x.c": includes("y.h")})
    for room in sorted(set(MAY_INCLUDE) - {"base"}):
        most = PUBLIC.get(room, PUBLIC_ELSEWHERE)
        names = ["%s/%d.h" % (room, i) for i in range(most + 1)]
        catches(bad_public, "%d public headers in %s" % (most + 1, room),
                {"x/x.c": includes(*names[1:]), room + "/x.c": includes(
                    *names)}, {"x/x.c": includes(*names)})


def circles_can_fail():
    catches(bad_circles, "a circle of two files",
            {"base/x.c": includes("base/x.h", "base/x_state.h"),
             "base/x_state.h": includes("base/x.h"),
             "base/y.c": includes("base/x_state.h"), "base/x.h": ""},
            {"base/x.c": includes("base/y.h"), "base/y.h": "",
             "base/y.c": includes("base/x.h")})
    catches(bad_circles, "a circle over a third file",
            {"base/x.h": includes("base/y.h"), "base/y.h": includes("base/z.h"),
             "base/x.c": includes("base/z.h")},
            {"base/x.h": includes("base/y.h"), "base/y.h": includes("base/z.h"),
             "base/z.c": includes("base/x.h")})
    catches(bad_circles, "a circle of folders",
            {"maps/x.c": includes("base/x.h"),
             "maps/y.c": includes("base/y.h")},
            {"maps/x.c": includes("base/x.h"),
             "base/y.c": includes("maps/y.h")})
    catches(bad_calls, "files that call each other",
            {"base/x.c": calls("x", "y", "z"), "base/y.c": calls("y", "z"),
             "base/z.c": calls("z")},
            {"base/x.c": calls("x", "y"), "base/y.c": calls("y", "z"),
             "base/z.c": calls("z", "x")})
    catches(bad_exports, "what tests alone use",
            {"base/x.c": calls("x"), "base/y.c": calls("main", "x")},
            {"base/x.c": calls("x"), "tests/x.c": calls("t", "x")})
    for symbol, home in LOADED.items():
        catches(bad_exports, "what only %s exports for dlsym" % home,
                {home: calls(symbol)}, {"base/x.c": calls(symbol)})
    catches(bad_exports, "what nobody uses",
            {"base/x.c": function(9)}, {"base/x.c": calls("x")})
    for kind in "struct", "union", "enum":
        catches(bad_tags, "a second %s of that name" % kind,
                {"base/x.c": "%s x { a };" % kind,
                 "maps/x.c": "struct x { a };",
                 "base/x.h": "struct y { a }; struct x; void f(struct x *);"},
                {"base/x.h": "%s x {\n" % kind, "maps/x.c": "struct x { a };"})


def habits_can_fail():
    for header in ONE_ROOM:
        catches(bad_headers, "<%s> elsewhere" % header,
                {home: include("<%s>" % header, "<stdio.h>", "<sys/stat.h>")
                 for home in homes_of(header)},
                {"daemon/x.c": include("<%s>" % header)})
    catches(bad_headers, "an unknown library",
            {"maps/x.c": ""}, {"maps/x.c": include("<curl/curl.h>")})
    for call in ("time(NULL)", "clock_gettime(CLOCK_REALTIME, &t)",
                 "gettimeofday(&t, NULL)"):
        catches(bad_clocks, call,
                {"base/loop.c": call, "base/x.c": '/* time(2) */ "time(x)";'
                 " stamp_time(x); mktime(x);"}, {"base/x.c": "x = %s;" % call})
    catches(bad_alone, "a header that needs another",
            {"base/x.h": "#ifndef X\n#define X\n#include <stddef.h>\n"
             "size_t f(void);\n#endif\n"}, {"base/x.h": "size_t f(void);\n"})
    catches(bad_alone, "a header without a guard",
            {"base/x.h": "struct x;\n"}, {"base/x.h": "struct x { int a; };\n"})
    catches(bad_state, "file-scope state",
            {"base/x.c": "const char *const names[] = {\"a\", 0};\n",
             "base/log.c": "int level;\n"}, {"base/x.c": "static int count;\n"
             "int f(void);\nint f(void)\n{\n\treturn count++;\n}\n"})


def shape_can_fail():
    few = "".join(function(10, "g%d" % i) for i in range(20))
    for name, check, fits, exceeds in (
            ("a long function", bad_lengths, few + function(FUNCTION_MAX),
             few + function(FUNCTION_MAX + 1)),
            ("too many long functions", bad_lengths,
             few + function(FUNCTION_P90 + 1) * 2,
             few + function(FUNCTION_P90 + 1) * 3),
            ("functions that are long as a rule", bad_lengths,
             few + function(FUNCTION_MEDIAN + 1) * 20,
             few + function(FUNCTION_MEDIAN + 1) * 21),
            ("a long file", bad_sizes, "\n" * FILE_MAX,
             "\n" * (FILE_MAX + 1))):
        catches(check, name, {"base/x.c": fits}, {"base/x.c": exceeds})
    catches(bad_sizes, "a long main.c", {"daemon/main.c": "\n" * MAIN_MAX},
            {"daemon/main.c": "\n" * (MAIN_MAX + 1)})
    much = {"base/%d.h" % i: "\n" * (PRODUCT_MAX // 200) for i in range(200)}
    catches(bad_sizes, "a large product", dict(much, **{"tests/x.c": "\n"}),
            dict(much, **{"base/x.c": "\n"}))


def passes(check, tree, name):
    found = list(check(tree))
    ok(not found, name, *found)


def this_tree():
    counted = sizes(ROOT)
    ok(len(list(ctree.functions(ROOT))) > 10, "functions are found")
    equal(sorted(set(MAY_INCLUDE) - set(map(room_of, counted))), [],
          "each room is there")
    for check, name in (
            (bad_rooms, "every file has a room, and the room space for it"),
            (bad_borders, "no border is crossed"),
            (bad_public, "rooms show little of their inside"),
            (bad_circles, "neither files nor folders include each other"),
            (bad_tags, "a tag of a header means one thing"),
            (bad_headers, "third-party headers stay in their room"),
            (bad_clocks, "nobody but the loop asks for the time"),
            (bad_lengths, "functions keep their length"),
            (bad_sizes, "files and the whole keep their size"),
            (bad_alone, "headers compile alone")):
        passes(check, ROOT, name)
    print("# functions: median %d, 90th percentile %d, longest %d" % (
        shape(ROOT)))
    print("# longest file %d, main.c %d, product %d lines" % (
        max(counted.values()), counted.get("daemon/main.c", 0),
        sum(counted.values())))
    for room, headers in sorted(public_headers(ROOT).items()):
        if room != "base":
            print("# public in %s: %d of %d: %s" % (
                room, len(headers), PUBLIC.get(room, PUBLIC_ELSEWHERE),
                " ".join(sorted(headers))))


def these_objects():
    build = os.path.join(ROOT, os.environ.get("BUILD", "build"))
    objects = ctree.Objects(ROOT, build)
    for check, name in OF_OBJECTS.items():
        if not objects.paths:
            skip(name, "nothing is built in " + build)
        elif objects.instrumented():
            skip(name, "a sanitizer's or gcov's own symbols would count")
        elif check is bad_exports and objects.missing:
            skip(name, "not built: " + " ".join(objects.missing[:3]))
        else:
            passes(check, objects, name)


OF_OBJECTS = {
    bad_state: "no file-scope state",
    bad_calls: "files do not call each other",
    bad_exports: "what is exported is used by others, and not by tests alone",
}
main(borders_can_fail, circles_can_fail, habits_can_fail, shape_can_fail,
     this_tree, these_objects)
