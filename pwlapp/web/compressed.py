"""Compressed files by content: made once, kept in memory and on disk."""

from __future__ import annotations

import gzip
import logging
import os
import threading
from collections import OrderedDict, deque
from pathlib import Path

import brotli

log = logging.getLogger(__name__)

MAX_ENTRIES = 256  # kept in memory; a page has some twenty files
FAST, BEST = 5, 11  # brotli qualities: at first sight, and made in the background


class KeptCompressed:
    """The compressed form of each content seen: in memory, and the best Brotli on disk too.

    The best quality takes Brotli seconds for a large file, so the first answer is made at a fast
    one while a thread makes the best for the next.

    Parameters
    ----------
    folder : Path
        Where finished Brotli files are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._encoded: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._worker: threading.Thread | None = None

    def get(self, digest: str, encoding: str) -> bytes | None:
        """Return what is in memory for a content, or None."""
        with self._lock:
            if (digest, encoding) in self._encoded:
                self._encoded.move_to_end((digest, encoding))
            return self._encoded.get((digest, encoding))

    def make(self, digest: str, encoding: str, body: bytes) -> bytes:
        """Compress a body, keep the result in memory and return it."""
        if encoding == "gzip":
            made = gzip.compress(body, compresslevel=9, mtime=0)
            self._put(digest, encoding, made)
            return made
        best = self._from_disk(digest, body)
        made = best or brotli.compress(body, quality=FAST)
        self._put(digest, encoding, made)
        if best is None:
            self._ask_for_best(digest, body)
        return made

    def wait(self, timeout_s: float) -> None:
        """Wait until nothing is left to be squeezed, or the time is up."""
        worker = self._worker
        if worker is not None:
            worker.join(timeout_s)

    def _ask_for_best(self, digest: str, body: bytes) -> None:
        with self._lock:
            self._waiting.append((digest, body))
            if self._worker is None:
                # a daemon: the server stops at once, whatever is still being squeezed
                self._worker = threading.Thread(target=self._work, name="brotli", daemon=True)
                self._worker.start()

    def _put(self, digest: str, encoding: str, made: bytes) -> None:
        with self._lock:
            self._encoded[(digest, encoding)] = made
            self._encoded.move_to_end((digest, encoding))
            while len(self._encoded) > MAX_ENTRIES:
                self._encoded.popitem(last=False)

    def _from_disk(self, digest: str, body: bytes) -> bytes | None:
        try:
            kept = (self._folder / f"{digest}.br").read_bytes()
            whole = brotli.decompress(kept) == body
        except (OSError, brotli.error):
            return None  # not made yet, or cut short by a crash: it is made (again)
        return kept if whole else None

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._worker = None
                    return
                digest, body = self._waiting.popleft()
            best = brotli.compress(body, quality=BEST)
            self._put(digest, "br", best)
            self._to_disk(digest, best)

    def _to_disk(self, digest: str, best: bytes) -> None:
        part = self._folder / f"{digest}.{os.getpid()}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(best)
            part.replace(self._folder / f"{digest}.br")
        except OSError as error:
            log.warning("compressed files are not kept: %s", error)
