"""faults: what tests/lib/faultlib.c does to a daemon, told from here.

    with Faults(site) as faults:
        daemon = site.spawn(env=faults.env)
        faults.arm("rename", "write", path="/map/", error="ENOSPC")
        ...
        faults.lift()
"""
import errno
import mmap
import os
import struct

import pbs

LIBRARY = os.path.join(pbs.BUILD, "tests", "lib", "faultlib.so")
pbs.need(LIBRARY)
SIZE = 8192
COUNT, FAIL, SHORT, KILL, DIE, PAUSE = range(6)

# struct page: offsets of its members
ACTION, CALLS, PATH, MATCHED, HITS = 0, 16, 24, 280, 284
SEEN, LAST, NAMES, ORDER, RELEASED = 288, 544, 576, 2624, 3648
CALLS_MAX, PATH_BYTES, NAME_BYTES, ORDER_MAX = 64, 256, 32, 1024

MEMORY = ("malloc", "calloc", "realloc")


class Faults:
    """The page that a site's daemons share with us."""

    def __init__(self, site):
        self.path = site.write("faults", b"\0" * SIZE)
        os.chmod(self.path, 0o666)
        with open(self.path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), SIZE)
        self.env = {"FAULTS": self.path, "LD_PRELOAD": pbs.preload(LIBRARY)}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.page.close()

    def _text(self, at):
        return self.page[at:at + NAME_BYTES].split(b"\0")[0].decode()

    def names(self):
        """Of all calls, once a daemon has been started."""
        found = (self._text(NAMES + n * NAME_BYTES)
                 for n in range(CALLS_MAX))
        return [name for name in found if name]

    def arm(self, *calls, path="", action=FAIL, error="EIO", first=1,
            times=0):
        """calls: names; none: all but memory's."""
        self.lift()
        if os.environ.get("PBS_DEBUG"):
            print("# arm", calls, path, action, error, first, times)
        names = NAMES_OF_CALLS
        bits = sum(1 << n for n, name in enumerate(names)
                   if (name in calls if calls else name not in MEMORY))
        number = getattr(errno, error) if error else 0
        self.page[PATH:PATH + PATH_BYTES] = path.encode().ljust(PATH_BYTES,
                                                                b"\0")
        self.page[MATCHED:LAST + NAME_BYTES] = bytes(LAST + NAME_BYTES
                                                     - MATCHED)
        self.release(0)
        struct.pack_into("=IIII", self.page, ACTION, action, number, first,
                         times)
        struct.pack_into("=Q", self.page, CALLS, bits)

    def lift(self):
        """From now on all is well; the counters stay."""
        struct.pack_into("=Q", self.page, CALLS, 0)

    def _number(self, at):
        return struct.unpack_from("=I", self.page, at)[0]

    def matched(self):
        return self._number(MATCHED)

    def hits(self):
        return self._number(HITS)

    def release(self, hits):
        """Lets the first calls go on that PAUSE holds."""
        struct.pack_into("=I", self.page, RELEASED, hits)

    def last(self):
        """The name of the call that was hit last."""
        return self._text(LAST)

    def order(self):
        """The names of the first calls that matched."""
        count = min(self.matched(), ORDER_MAX)
        return [NAMES_OF_CALLS[n]
                for n in self.page[ORDER:ORDER + count]]

    def seen(self):
        """{name: how often}, of the calls that matched."""
        counts = ((name, self._number(SEEN + 4 * n))
                  for n, name in enumerate(NAMES_OF_CALLS))
        return {name: count for name, count in counts if count}


def _calls():
    """The names in the order of their bits, out of the library's source."""
    with open(os.path.join(pbs.ROOT, "tests", "lib", "faultlib.c")) as f:
        source = f.read().split("#define CALLS(X)")[1].split("\n\n")[0]
    return [part.split(")")[0] for part in source.split("X(")[1:]]


NAMES_OF_CALLS = _calls()
