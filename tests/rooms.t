#!/usr/bin/env python3
# The borders between the rooms hold, and the code keeps its shape: includes,
# third-party headers, clocks, the length of functions, headers that compile
# alone, no hidden state. Each check is shown to fail on a tree that breaks it.
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tap import equal, main, ok, skip

MAY_INCLUDE = {
    "base": {"base"},
    "patterns": {"patterns", "base"},
    "maps": {"maps", "base"},
    "daemon": {"daemon", "patterns", "maps", "base"},
    "tools": {"tools", "patterns", "maps", "base"},
}
ONE_ROOM = {  # third-party and special headers: the only file that may
    "db.h": "maps/map_hash.c",
    "lmdb.h": "maps/map_lmdb.c",
    "cdb.h": "maps/map_cdb.c",
    "pcre2.h": "patterns/match/regex.c",
    "yaml.h": "base/yamltree.c",
    "zlib.h": "daemon/source/gzlog.c",
    "sys/epoll.h": "base/loop.c",
    "sys/signalfd.h": "base/loop.c",
    "sys/timerfd.h": "base/loop.c",
    "sys/inotify.h": "daemon/source/source_file.c",
    "seccomp.h": "daemon/sandbox/seccomp.c",
    "systemd/sd-journal.h": "daemon/source/source_journal.c",
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
}
FUNCTION_MAX, FUNCTION_P90, MAIN_MAX = 80, 40, 120
STATE_ROOMS = {
    "base/log.c": "where messages go",
    "maps/map.c": "the names of the types, for who asks; never changes",
}


def sources(top, suffixes=(".c", ".h")):
    for room in MAY_INCLUDE:
        for path in sorted(glob.glob(os.path.join(top, room, "**"),
                                     recursive=True)):
            if path.endswith(suffixes):
                yield os.path.relpath(path, top), room


def text_of(top, path):
    with open(os.path.join(top, path), errors="replace") as f:
        return f.read()


def code_of(top, path):
    """The text without comments and strings; line numbers stay."""
    def blank(m):
        return "\n" * m.group(0).count("\n") if m.group(0)[0] == "/" else '""'
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank,
                  text_of(top, path), flags=re.S)


def lines_matching(text, expression):
    for number, line in enumerate(text.splitlines(), 1):
        m = re.search(expression, line)
        if m:
            yield number, m


def bad_borders(top):
    """Includes of one room by another that may not know it."""
    for path, room in sources(top):
        for n, m in lines_matching(text_of(top, path),
                                   r'^\s*#\s*include\s+"([^"]+)"'):
            target = m.group(1).split("/")[0]
            if "/" not in m.group(1):
                yield "%s:%d: %s is not written from the root" % (
                    path, n, m.group(1))
            elif target not in MAY_INCLUDE[room]:
                yield "%s:%d: %s may not include %s" % (
                    path, n, room, m.group(1))


def bad_headers(top):
    """Third-party headers outside their one file."""
    for path, _ in sources(top):
        for n, m in lines_matching(text_of(top, path),
                                   r"^\s*#\s*include\s+<([^>]+)>"):
            header = m.group(1)
            only = ONE_ROOM.get(header)
            if only and path != only:
                yield "%s:%d: <%s> belongs to %s" % (path, n, header, only)
            elif not only and not (header[:-2] in LIBC
                                   or header.startswith(LIBC_DIRS)):
                yield "%s:%d: <%s> has no room yet" % (path, n, header)


def bad_clocks(top):
    """Whoever asks for the time himself."""
    for path, _ in sources(top):
        if path not in CLOCK_ROOMS:
            for n, m in lines_matching(code_of(top, path), CLOCKS):
                yield "%s:%d: asks the wall clock: %s" % (path, n, m.group(1))


def functions(top):
    """(length, path, name) of each; the length is that of its body."""
    for path, _ in sources(top, (".c",)):
        began, name = None, "?"
        for n, line in enumerate(code_of(top, path).splitlines(), 1):
            if line.startswith("{"):
                began = n
            elif line.startswith("}") and began:
                yield n - began + 1, path, name
                began = None
            elif began is None:
                m = re.match(r"(?:[\w *]*[ *])?(\w+)\(", line)
                name = m.group(1) if m else name


def bad_lengths(top):
    lengths = sorted(functions(top))
    for length, path, name in lengths:
        if length > FUNCTION_MAX:
            yield "%s: %s() has %d lines" % (path, name, length)
    if lengths:
        p90 = lengths[(len(lengths) * 9 - 1) // 10][0]
        if p90 > FUNCTION_P90:
            yield "one function in ten has more than %d lines" % p90
    if os.path.exists(os.path.join(top, "daemon/main.c")):
        size = text_of(top, "daemon/main.c").count("\n")
        if size > MAIN_MAX:
            yield "daemon/main.c has %d lines" % size


def bad_alone(top):
    """Headers that do not compile by themselves, without a warning."""
    command = os.environ.get("CC", "cc").split() + [
        "-std=c11", "-D_GNU_SOURCE", "-I" + top, "-Wall", "-Wextra",
        "-Wstrict-prototypes", "-Werror", "-fsyntax-only", "-x", "c"]
    for path, _ in sources(top, (".h",)):
        done = subprocess.run(
            command + ["-"], input='#include "%s"\n#include "%s"\n' % (
                path, path), text=True, stderr=subprocess.PIPE)
        if done.returncode:
            yield "%s: %s" % (path, done.stderr.strip().split("\n")[0])


def bad_state(objects):
    """Objects with data that can change, but for the one that may."""
    for room in MAY_INCLUDE:
        for path in sorted(glob.glob(os.path.join(objects, room, "**/*.o"),
                                     recursive=True)):
            name = os.path.relpath(path, objects)[:-2] + ".c"
            out = subprocess.run(["size", "-A", path], text=True,
                                 stdout=subprocess.PIPE).stdout
            changes = sum(int(size) for size in re.findall(
                r"^\.(?:t?data|t?bss)(?:\.(?!rel\.ro)\S+)?\s+(\d+)", out, re.M))
            if changes and name not in STATE_ROOMS:
                yield "%s: %d bytes of file-scope state" % (name, changes)


def complaints(check, files):
    """What the check says of a tree that holds just these files."""
    top = tempfile.mkdtemp(prefix="pbs-rooms.")
    try:
        for name, text in files.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        return list(check(top))
    finally:
        shutil.rmtree(top)


def catches(check, name, good, bad):
    """good passes, bad does not; both are {path: text}."""
    equal(complaints(check, good), [], "%s: what is right passes" % name)
    equal(len(complaints(check, bad)), 1, "%s: is caught" % name)


def include(*names):
    return "".join("#include %s\n" % n for n in names)


def function(lines, name="f"):
    return "static void\n%s(void)\n{\n%s}\n\n" % (name, "\t;\n" * (lines - 2))


def checks_can_fail():
    for room, others in MAY_INCLUDE.items():
        for other in MAY_INCLUDE:
            if other not in others:
                catches(bad_borders, "%s includes %s" % (room, other),
                        {room + "/x.c": include('"%s/a.h"' % room)},
                        {room + "/x.c": include('"%s/a.h"' % other)})
    catches(bad_borders, "an include not from the root",
            {"maps/x.c": include('"maps/y.h"')},
            {"maps/x.c": include('"y.h"')})
    for header, home in ONE_ROOM.items():
        catches(bad_headers, "<%s> elsewhere" % header,
                {home: include("<%s>" % header, "<stdio.h>", "<sys/stat.h>")},
                {"daemon/x/y.c": include("<%s>" % header)})
    catches(bad_headers, "an unknown library",
            {"maps/x.c": ""}, {"maps/x.c": include("<curl/curl.h>")})
    for call in ("time(NULL)", "clock_gettime(CLOCK_REALTIME, &t)",
                 "gettimeofday(&t, NULL)"):
        catches(bad_clocks, call,
                {"base/loop.c": call, "base/x.c": '/* time(2) */ "time(x)";'
                 " stamp_time(x); mktime(x);"}, {"base/x.c": "x = %s;" % call})
    shape_checks_can_fail()


def shape_checks_can_fail():
    few = "".join(function(10, "g%d" % i) for i in range(20))
    catches(bad_lengths, "a function of 81 lines",
            {"base/x.c": few + function(80)}, {"base/x.c": few + function(81)})
    catches(bad_lengths, "too many long functions",
            {"base/x.c": few + function(41) * 2},
            {"base/x.c": few + function(41) * 3})
    catches(bad_lengths, "a long main.c", {"daemon/main.c": "\n" * 120},
            {"daemon/main.c": "\n" * 121})
    catches(bad_alone, "a header that needs another",
            {"base/x.h": "#ifndef X\n#define X\n#include <stddef.h>\n"
             "size_t f(void);\n#endif\n"}, {"base/x.h": "size_t f(void);\n"})
    catches(bad_alone, "a header without a guard",
            {"base/x.h": "struct x;\n"}, {"base/x.h": "struct x { int a; };\n"})
    catches(lambda top: compiled(top, bad_state), "file-scope state",
            {"base/x.c": "const char *const names[] = {\"a\", 0};\n",
             "base/log.c": "int level;\n"}, {"base/x.c": "static int count;\n"
             "int f(void);\nint f(void)\n{\n\treturn count++;\n}\n"})


def compiled(top, check):
    for path, _ in sources(top, (".c",)):
        path = os.path.join(top, path)
        subprocess.run(os.environ.get("CC", "cc").split() + [
            "-fPIE", "-c", "-o", path[:-2] + ".o", path], check=True)
    return check(top)


def this_tree():
    ok(len(list(functions(ROOT))) > 10, "functions are found")
    for check, name in (
            (bad_borders, "no border is crossed"),
            (bad_headers, "third-party headers stay in their room"),
            (bad_clocks, "nobody but the loop asks for the time"),
            (bad_lengths, "functions and main.c keep their length"),
            (bad_alone, "headers compile alone")):
        equal(list(check(ROOT)), [], name)
    build = os.path.join(ROOT, os.environ.get("BUILD", "build"))
    if glob.glob(os.path.join(build, "base", "*.o")) and not instrumented(build):
        equal(list(bad_state(build)), [], "no file-scope state")
    else:
        skip("no file-scope state", "no plain objects in " + build)


def instrumented(build):
    """A sanitizer's or gcov's own data would be counted."""
    done = subprocess.run(["nm"] + glob.glob(os.path.join(build, "base/*.o")),
                          stdout=subprocess.PIPE, text=True)
    return any(w in done.stdout for w in ("__asan", "__ubsan", "__gcov"))


main(checks_can_fail, this_tree)
