"""Finds yosys, nextpnr-ecp5 and ecppack of the versions that a bitstream is made with, or installs them.

Other versions place and route otherwise, and a bitstream that anybody can make again byte for byte is worth more
than the newest tool. So a tool on the path counts only if its version is the right one. Else Debian trixie's
packages are unpacked into .cache/synthesis, without touching the system: they run with their own libraries.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = {"yosys": "0.52", "nextpnr-ecp5": "0.7", "ecppack": "1.4"}
PACKAGES = ["yosys", "nextpnr-ecp5", "fpga-trellis"]
DATABASE = Path("/usr/share/nextpnr/ecp5")
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "synthesis"
LIBRARIES = "usr/lib/x86_64-linux-gnu"


class Missing(Exception):
    """A tool that is neither found nor can be installed."""


def version(command):
    """The version a tool says it has, if it runs."""
    try:
        asked = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r"(?:Yosys|Version) (\d+\.\d+)", asked.stdout + asked.stderr)
    return found and found.group(1)


def find(names):
    """The commands of the tools, a list of words each; tools that are missing are installed."""
    commands = {}
    for name in names:
        for command in ([name], unpacked(name)):
            if version(command) == VERSIONS[name]:
                commands[name] = command
                break
    if len(commands) < len(names):
        install()
        for name in names:
            commands.setdefault(name, unpacked(name))
            if version(commands[name]) != VERSIONS[name]:
                raise Missing(f"{name} {VERSIONS[name]}: Debian's packages hold {version(commands[name])}")
    if "nextpnr-ecp5" in names:
        link_database()
    return commands


def unpacked(name):
    """The command that runs a tool out of the unpacked packages."""
    root = CACHE / "root"
    loader = root / LIBRARIES / "ld-linux-x86-64.so.2"
    return [str(loader), "--library-path", str(root / LIBRARIES), str(root / "usr/bin" / name)]


def trellis_database():
    """Options that lead ecppack to its database, if that is among the unpacked packages."""
    database = CACHE / "root/usr/share/trellis/database"
    return ["--db", str(database)] if database.is_dir() else []


def install():
    """Unpacks Debian's packages."""
    if platform.machine() != "x86_64" or not shutil.which("apt-get"):
        needed = ", ".join(f"{name} {wanted}" for name, wanted in VERSIONS.items())
        raise Missing(f"{needed} on the path: Debian's packages can be unpacked on x86-64 with apt-get only")
    print("installing yosys, nextpnr-ecp5 and ecppack into .cache/synthesis: 130 MB, once", file=sys.stderr)
    apt = CACHE / "apt"
    for folder in ["state/lists/partial", "cache/archives/partial", "etc"]:
        (apt / folder).mkdir(parents=True, exist_ok=True)
    # With no package installed, everything that the tools need is fetched, the C library among it.
    (apt / "state/status").write_text("")
    (apt / "etc/sources.list").write_text(f"deb {archive()} trixie main\n")
    settings = {
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "state/status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc::SourceList": apt / "etc/sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "APT::Install-Recommends": "0",
        "APT::Sandbox::User": "root",
    }
    command = ["apt-get", "-qq"]
    for name, value in settings.items():
        command += ["-o", f"{name}={value}"]
    log = CACHE / "install.log"
    try:
        with log.open("w") as to:
            run = lambda words: subprocess.run(words, check=True, stdout=to, stderr=to)
            run([*command, "update"])
            run([*command, "-y", "--download-only", "install", *PACKAGES])
            root = CACHE / "root.new"
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            for package in sorted((apt / "cache/archives").glob("*.deb")):
                run(["dpkg", "-x", str(package), str(root)])
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"yosys, nextpnr-ecp5, ecppack: {error}; {log} says more") from error
    # Yosys looks for its files and for abc beside the program that the system sees, which is the loader.
    (root / "usr/lib/share").symlink_to("../share")
    abc = root / LIBRARIES / "yosys-abc"
    abc.write_text(
        '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n'
        'exec "$here/ld-linux-x86-64.so.2" --library-path "$here" "$here/../../bin/yosys-abc" "$@"\n'
    )
    abc.chmod(0o755)
    shutil.rmtree(CACHE / "root", ignore_errors=True)
    root.rename(CACHE / "root")
    shutil.rmtree(apt / "cache")


def archive():
    """Where this machine gets Debian's packages from."""
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.is_file():
            for address in re.findall(r"https?://\S+/debian/?(?=\s|$)", path.read_text(), re.M):
                return address
    raise Missing("yosys, nextpnr-ecp5, ecppack: no Debian archive is among the sources of apt-get")


def link_database():
    """nextpnr looks for its description of the part in one folder of the system only."""
    if (DATABASE / "chipdb-85k.bin").is_file():
        return
    own = CACHE / "root/usr/share/nextpnr"
    try:
        DATABASE.parent.unlink(missing_ok=True)
        DATABASE.parent.symlink_to(own)
    except OSError as error:
        raise Missing(f"nextpnr's database: {error}; run: ln -sfn {own} {DATABASE.parent}") from error
