#!/usr/bin/env python3
# Bash, zsh and fish complete exactly the flags and verbs that --help prints
# from the programs' own tables.
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import pbs
from tap import equal, main, ok, skip

BUILD = os.path.abspath(pbs.BUILD)
FILES = os.path.join(ROOT, "packaging", "completions", "pop-before-smtp.")

BASH = """
source %sbash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"$FUNCTION" "$1" "${@: -1}"
printf '%%s\\n' "${COMPREPLY[@]}"
""" % FILES

# What zsh would insert: compadd is asked in place of its line editor.
ZSH = """
compadd() {
    local end=
    while [[ $1 != -- ]]; do [[ $1 != -S ]] || end=$2; shift; done; shift
    for word; do [[ $word != $PREFIX* ]] || print -r -- $word$end; done
}
compset() { PREFIX=${PREFIX#*=} }
_files() { print files $1 }
service=${FUNCTION#_}
words=("$@") CURRENT=$# PREFIX=$words[-1]
eval "$(<%szsh)"
""" % FILES

FISH = """
source %sfish
complete -C (string join ' ' -- $argv)
""" % FILES


def asked(shell, *words):
    """What the shell offers for the last word, without descriptions."""
    function = "_" + words[0].replace("-", "_")
    if shell == "fish":
        command = ["fish", "--no-config", "-c", FISH, *words]
    elif shell == "zsh":
        function = "_" + words[0]
        command = ["zsh", "-f", "-c", ZSH, "zsh", *words]
    else:
        split = [w for word in words for w in re.split("(=)", word)]
        command = ["bash", "--norc", "-c", BASH, "bash",
                   *[w for w in split if w or len(split) == len(words)]]
    with tempfile.TemporaryDirectory() as home:  # fish writes there
        env = dict(os.environ, FUNCTION=function, HOME=home,
                   PATH=BUILD + ":" + os.environ["PATH"])
        done = subprocess.run(command, env=env, text=True, cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return sorted({line.split("\t")[0] for line in done.stdout.split("\n")
                   if line}), done.stderr


def printed(program, *words):
    return subprocess.run([os.path.join(BUILD, program), *words, "--help"],
                          text=True, stdout=subprocess.PIPE).stdout


def flags():
    """Those of the daemon, as they are typed."""
    for no, name in re.findall(r"^  --(\[no\])?([a-z0-9-]+=?)",
                               printed("pop-before-smtp"), re.M):
        yield "--" + name
        if no:
            yield "--no" + name


def offers(shell):
    if shutil.which(shell) is None:
        return skip(shell, "not installed")
    known = sorted(flags())
    got, said = asked(shell, "pop-before-smtp", "--")
    if shell == "fish":  # offers some with their values
        known = sorted({k.split("=")[0] for k in known})
        got = sorted({g.split("=")[0] for g in got})
    equal(got, known, shell + ": each flag of --help, and no other")
    equal(said, "", shell + ": without a complaint")
    equal(asked(shell, "pop-before-smtp", "--gra")[0], ["--grace="],
          shell + ": a flag is completed")
    got = [g.replace("--sandbox=", "")
           for g in asked(shell, "pop-before-smtp", "--sandbox=")[0]]
    ok({"auto", "off"} <= set(got), shell + ": the words of a value", *got)
    return verbs(shell)


def verbs(shell):
    known = sorted(re.findall(r"^  ([a-z][a-z-]*)", printed("pbsctl"), re.M))
    got, said = asked(shell, "pbsctl", "re")
    equal(got, [v for v in known if v.startswith("re")],
          shell + ": each verb that begins so")
    equal(said, "", shell + ": without a complaint")
    equal(asked(shell, "pbsctl", "add", "192.0.2.1", "--fo")[0], ["--for"],
          shell + ": the flags of a verb")
    got, _ = asked(shell, "pbsctl", "match", "--patterns", "")
    ok("patterns" in got or "files -/" in got or "patterns/" in got,
       shell + ": directories for a directory", *got)


def every_shell():
    for shell in ("bash", "zsh", "fish"):
        offers(shell)


main(every_shell)
