"""clocks: the clocks of a daemon, told from here (tests/lib/clocklib.c).

    with Clocks(site) as clocks:
        daemon = site.start(env=clocks.env)
        clocks.advance(3)       # time goes by
        clocks.set(-3600)       # somebody sets the wall clock back
        clocks.suspend(7200)    # the machine sleeps
"""
import mmap
import os
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
        self.numbers = memoryview(self.page).cast("q")
        self.env = {"CLOCKS": self.path, "LD_PRELOAD": pbs.preload(LIBRARY)}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.numbers.release()
        self.page.close()

    def _add(self, wall, boot, monotonic):
        """Each number is stored at once: struct.pack_into() would write zeros
        first. The wall clock, which a loop reads first, is the last of them:
        it never seems to be ahead of the others."""
        self.numbers[1] += int(boot * NS)
        self.numbers[2] += int(monotonic * NS)
        self.numbers[0] += int(wall * NS)
        self.numbers[3] += 1

    def advance(self, seconds):
        self._add(seconds, seconds, seconds)

    def suspend(self, seconds):
        self._add(seconds, seconds, 0)

    def set(self, seconds):
        """The wall clock is set forth, or back if negative."""
        self._add(seconds, 0, 0)

    def wall(self):
        return time.time() + self.numbers[0] / NS

    def steady(self):
        return (time.clock_gettime(CLOCK_BOOTTIME)
                + self.numbers[1] / NS)
