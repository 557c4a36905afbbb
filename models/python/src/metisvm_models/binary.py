"""The `metisvm` binary: where it is, and its commands."""

import json
import os
import pathlib
import shutil
import subprocess

VARIABLE = "METISVM"


class MetisError(Exception):
    """What a command of the binary said when it failed.

    `command` is the command line, `exit_code` that of the process: 2 for wrong use, 1 for everything else.
    """

    def __init__(self, message, command, exit_code):
        super().__init__(message)
        self.command = command
        self.exit_code = exit_code


def find(metisvm=None):
    """The path of the binary: the argument, else $METISVM, else the one on the PATH.

    FileNotFoundError says what to do where there is none.
    """
    for asked, source in ((metisvm, "metisvm="), (os.environ.get(VARIABLE), f"${VARIABLE}")):
        if asked:
            # A bare name is looked for on the PATH; a path is taken as it is.
            found = shutil.which(os.fspath(asked))
            if found:
                return pathlib.Path(found).resolve()
            raise FileNotFoundError(f"{source} names {os.fspath(asked)}, which is no program that can be run")
    found = shutil.which("metisvm")
    if found:
        return pathlib.Path(found).resolve()
    raise FileNotFoundError("there is no metisvm on the PATH: build one with `cargo build --release -p metisvm` and "
                            f"give its path as metisvm=, or set {VARIABLE}")


def run(metisvm, *arguments, allowed=(0,)):
    """Runs a command of `metisvm model`; what it wrote to standard output."""
    command = [str(find(metisvm)), "model", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    # A check of which a backend fails has a result all the same.
    if done.returncode not in allowed or (done.returncode and not done.stdout):
        message = done.stderr.strip().removeprefix("metisvm: ").removeprefix("error: ")
        raise MetisError(message or f"it ended with the code {done.returncode}", command, done.returncode)
    return done.stdout


def objects(text):
    """The JSON objects of an output, one a line."""
    return [json.loads(line) for line in text.splitlines() if line]
