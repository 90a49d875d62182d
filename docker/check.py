"""``python -m docker.check [FOLDER]``: build the image and run it, on a machine without Docker.

Needs root on Debian 12, buildah, debootstrap, nginx, redis-server and curl. The first run takes ten
minutes, and the folder (by default a temporary one) ten gigabytes. Nothing is pulled: the base
images are made of Debian's packages.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from docker.build import IMAGE, Builder
from docker.container import entered, say

NEEDED = ("buildah", "debootstrap", "nginx", "redis-server", "curl", "openssl", "unshare", "zstd")


def build(builder: Builder) -> None:
    """Build the image, and print how long that takes."""
    builder.make_bases()
    since = time.monotonic()
    builder.build()
    say(f"built in {time.monotonic() - since:.0f} s")


def weigh(root: Path) -> None:
    """Print the size of the image, on disk and compressed."""
    say(f"image: {bytes_of(['du', '-sb', str(root)]) / 1e6:,.0f} MB")
    venv = root / "opt" / "venv"
    say(f"of these, what pip installed: {bytes_of(['du', '-sb', str(venv)]) / 1e6:,.0f} MB")
    for name, packer in (("gzip", "gzip -6"), ("zstd", "zstd -q -3 -T0")):
        packed = bytes_of(["sh", "-c", f"tar -c -C {root} . | {packer} | wc -c"])
        say(f"packed by {name}: {packed / 1e6:,.0f} MB")


def bytes_of(command: list[str]) -> int:
    """The number at the start of a command's output."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout.split()[0])


def check(folder: Path) -> None:
    builder = Builder(folder)
    build(builder)
    config = json.dumps(builder.config())
    with builder.container(IMAGE) as (_name, root):
        weigh(root)
        for module, words in (
            ("docker.embedded", (str(root), config)),
            ("docker.proxy", ()),
            ("docker.scaled", (str(root), config)),
        ):
            work = Path(tempfile.mkdtemp(dir=folder))
            work.chmod(0o755)  # so that nginx and the image's user can enter it
            command = entered(sys.executable, "-m", module, *words, work)
            subprocess.run(command, check=True)
            shutil.rmtree(work)


def main() -> int:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        say(f"needs root, and {', '.join(missing) or 'nothing else'}")
        return 2
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1]).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        check(folder)
        return 0
    with tempfile.TemporaryDirectory(prefix="pwlapp-docker-") as temporary:
        check(Path(temporary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
