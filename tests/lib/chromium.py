"""chromium: a headless Chromium that shows one page, asked through a pipe.

It may be installed, or only unpacked by packaging/unpack-packages. It speaks the
DevTools protocol on descriptors 3 and 4, one object of JSON before each NUL, so
that it needs no port. It has no network: every name fails to resolve.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

import pbs

UNPACKED = os.path.join(pbs.BUILD, "chromium")
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-dev-shm-usage", "--disable-extensions",
         "--disable-background-networking", "--hide-scrollbars",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe")
DEADLINE = 60


def _candidates():
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield found
    for name in NAMES:
        path = os.path.join(UNPACKED, "usr", "lib", "chromium", name)
        if os.path.exists(path):
            yield path


def program():
    """The path of a Chromium, or None."""
    return next(_candidates(), None)


def _libraries():
    """The directories that have unpacked libraries."""
    return ":".join(sorted({
        top for top, _, names in os.walk(os.path.join(UNPACKED, "usr", "lib"))
        if any(".so" in name for name in names)}))


class Chromium:
    """with Chromium() as browser: browser.show(path, 400, dark=True)"""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory()
        self.number, self.waiting, self.events = 0, b"", []

    def __enter__(self):
        theirs_in, self.out = os.pipe()
        self.inp, theirs_out = os.pipe()
        env = dict(os.environ, HOME=self.profile.name,
                   LD_LIBRARY_PATH=_libraries())
        # A shell gives the descriptors the numbers that they must have.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$0" "$@" 3<&%d 4>&%d' % (theirs_in,
                                                         theirs_out),
             program(), *FLAGS, "--user-data-dir=" + self.profile.name],
            pass_fds=(theirs_in, theirs_out), env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        target = self._call("Target.createTarget", url="about:blank")
        self.session = self._call(
            "Target.attachToTarget", targetId=target["targetId"],
            flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_):
        try:
            self._call("Browser.close")
        except OSError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.inp)
        shutil.rmtree(self.profile.name, ignore_errors=True)
        self.profile.cleanup()

    def _receive(self, deadline):
        while b"\0" not in self.waiting:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.inp], [], [], left)[0]:
                raise OSError("Chromium does not answer")
            data = os.read(self.inp, 1 << 20)
            if not data:
                raise OSError("Chromium has ended")
            self.waiting += data
        message, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(message)

    def _call(self, method, session=None, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if session:
            request["sessionId"] = session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE
        while True:
            message = self._receive(deadline)
            if message.get("id") != self.number:
                self.events.append(message)
                continue
            if "error" in message:
                raise OSError("%s: %s" % (method, message["error"]))
            return message["result"]

    def call(self, method, **params):
        return self._call(method, self.session, **params)

    def show(self, path, width, dark=False):
        """Loads the page; what it asks for is in self.events."""
        self.events = []
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url="file://" + path)
        deadline = time.monotonic() + DEADLINE
        while not any(event.get("method") == "Page.loadEventFired"
                      for event in self.events):
            self.events.append(self._receive(deadline))

    def complaints(self):
        """What the console has, and each load but that of the page itself."""
        self.evaluate("0")  # what was logged before has come then
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Log.entryAdded":
                yield params["entry"]["text"]
            elif method in ("Runtime.consoleAPICalled",
                            "Runtime.exceptionThrown"):
                yield json.dumps(params)
            elif method == "Network.requestWillBeSent" and \
                    params.get("type") != "Document" and \
                    not params["request"]["url"].startswith("data:"):
                yield "loads " + params["request"]["url"]

    def evaluate(self, expression):
        done = self.call("Runtime.evaluate", expression=expression,
                         returnByValue=True)
        if "exceptionDetails" in done:
            raise OSError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def picture(self, path, clip=None, scale=1):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = clip or dict(x=0, y=0, width=size["width"],
                            height=size["height"])
        data = self.call("Page.captureScreenshot", format="png",
                         captureBeyondViewport=True,
                         clip=dict(clip, scale=scale))["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))
