"""tmux: a terminal of its own for a program under test, and what it shows.

    with Terminal(directory) as terminal:
        terminal.type("ls\\n")                     # to its shell
        terminal.wait("README.md")                 # it is on the screen
"""
import os
import subprocess

import pbs

PROMPT = " ready>"  # after the exit code of the last command


class Terminal:
    """A shell in a tmux that nobody else uses; its files are in directory."""

    def __init__(self, directory, columns=80, rows=24, **env):
        self.dir = os.path.join(directory, "tmux")
        os.makedirs(self.dir, exist_ok=True)
        env = dict({k: v for k, v in os.environ.items()
                    if k not in ("TMUX", "NO_COLOR")},
                   LC_ALL="C.UTF-8", **env)
        self.env = {k: v for k, v in env.items() if v is not None}
        self.watch = pbs.Inotify(self.dir, 0x2)  # IN_MODIFY
        self.open = True
        self.tell("new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "env", "PS1=$?" + PROMPT, "sh")
        self.tell("pipe-pane", "cat >>%s/output" % self.dir)
        self.type("clear\n")
        self.wait(PROMPT)

    def tell(self, *words):
        done = subprocess.run(
            ["tmux", "-u", "-f", "/dev/null", "-S", self.dir + "/socket",
             *words], env=self.env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=pbs.DEADLINE)
        if done.returncode != 0:
            raise RuntimeError("tmux %s: %s" % (words[0], done.stdout))
        return done.stdout

    def type(self, text):
        self.tell("send-keys", "-l", text)

    def press(self, *keys):
        """Keys by the names that tmux has for them: C-c, Up, Escape."""
        self.tell("send-keys", *keys)

    def resize(self, columns, rows):
        self.tell("resize-window", "-x", str(columns), "-y", str(rows))

    def lines(self):
        return self.tell("capture-pane", "-p").rstrip("\n").split("\n")

    def colours(self):
        """The screen with its escape sequences of colours and the like."""
        return self.tell("capture-pane", "-p", "-e")

    def output(self):
        """Every byte that the terminal got."""
        with open(self.dir + "/output", "rb") as f:
            return f.read()

    def get(self, what):
        """A variable of tmux: alternate_on, cursor_flag, pane_pid."""
        return self.tell("display-message", "-p", "#{%s}" % what).strip()

    def until(self, what, condition, seconds=pbs.DEADLINE):
        """Until the condition is true of the lines of the screen."""
        try:
            return pbs.until(what, seconds, lambda: condition(self.lines()),
                             lambda left: self.watch.wait(min(left, 0.1)))
        except TimeoutError as e:
            raise TimeoutError("%s; it shows:\n%s" % (
                e, "\n".join(self.lines())))

    def wait(self, text, seconds=pbs.DEADLINE):
        """Until a line has the text; that line."""
        return self.until(repr(text), lambda lines: next(
            (line for line in lines if text in line), None), seconds)

    def wait_gone(self, text, seconds=pbs.DEADLINE):
        self.until("no " + repr(text), lambda lines: not any(
            text in line for line in lines), seconds)

    def hang_up(self):
        """As when the connection is lost."""
        self.tell("kill-server")
        self.open = False

    def close(self):
        if self.open:
            self.hang_up()
        self.watch.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
