"""examples/viem as its README says, news over a WebSocket among it."""

import os
import subprocess
import threading

import javascript
from client import EXAMPLES, ROOT, command, demand

FOLDER = EXAMPLES / "viem"
WATCH_SECONDS = 30


def watch(address):
    """watch.js says what another program has classified meanwhile."""
    environment = {**os.environ, **javascript.environment()}
    watching = subprocess.Popen(["node", "watch.js", address], cwd=FOLDER, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # So that a line which never comes ends the check.
    patience = threading.Timer(WATCH_SECONDS, watching.kill)
    patience.start()
    try:
        demand(watching.stdout.readline().startswith("watching 0x"), "it did not begin to watch")
        # It says so before its subscription is there; news of what came earlier is not promised.
        said = ""
        while "is a" not in said and watching.poll() is None and patience.is_alive():
            command("node", "classify.js", address, cwd=FOLDER, environment=environment)
            said = watching.stdout.readline()
        demand(said == "image 1 is a 7\n", f"the watcher said {said!r}")
    finally:
        patience.cancel()
        watching.kill()
        watching.wait()


def first_minute():
    """On a fresh node the example says what the first page of the documentation shows."""
    environment = javascript.environment()
    said = command("npm", "run", "--silent", "deploy", cwd=FOLDER, environment=environment)
    said += "\n" + command("npm", "run", "--silent", "classify", "--", said.split()[-1], cwd=FOLDER,
                           environment=environment)
    page = (ROOT / "README.md").read_text()
    for line in said.splitlines():
        demand(f"# {line}\n" in page, f"README.md does not show {line!r}")


first_minute()
watch(javascript.check("viem", tests=3))
