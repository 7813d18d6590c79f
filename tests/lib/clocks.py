"""clocks: the clocks of a daemon, told from here (tests/lib/clocklib.c).

    with Clocks(site) as clocks:
        daemon = site.start(env=clocks.env)
        clocks.advance(3)       # time goes by
        clocks.set(-3600)       # somebody sets the wall clock back
        clocks.suspend(7200)    # the machine sleeps
"""
import mmap
import os
import struct
import time

import pbs

LIBRARY = os.path.join(pbs.BUILD, "tests", "lib", "clocklib.so")
pbs.need(LIBRARY)
SIZE, NS = 4096, 10 ** 9
CLOCK_BOOTTIME = 7


class Clocks:
    """The page that a site's daemons share with us."""

    def __init__(self, site):
        self.path = site.write("clocks", b"\0" * SIZE)
        os.chmod(self.path, 0o666)
        with open(self.path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), SIZE)
        self.env = {"CLOCKS": self.path, "LD_PRELOAD": pbs.preload(LIBRARY)}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.page.close()

    def _add(self, wall, boot, monotonic):
        now = struct.unpack_from("=4q", self.page)
        struct.pack_into("=4q", self.page, 0, now[0] + int(wall * NS),
                         now[1] + int(boot * NS), now[2] + int(monotonic * NS),
                         now[3] + 1)

    def advance(self, seconds):
        self._add(seconds, seconds, seconds)

    def suspend(self, seconds):
        self._add(seconds, seconds, 0)

    def set(self, seconds):
        """The wall clock is set forth, or back if negative."""
        self._add(seconds, 0, 0)

    def wall(self):
        return time.time() + struct.unpack_from("=q", self.page)[0] / NS

    def steady(self):
        return (time.clock_gettime(CLOCK_BOOTTIME)
                + struct.unpack_from("=q", self.page, 8)[0] / NS)
