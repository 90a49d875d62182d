"""Status and counts of a server, for its operator."""

from __future__ import annotations

from typing import NamedTuple


class Health(NamedTuple):
    """Which parts of the server work at present."""

    store: bool
    data: bool
    workers: int  # training processes that are alive


class Counts(NamedTuple):
    """Numbers of sessions, runs and waiting slices."""

    sessions: int  # in the store
    running: int  # of these, those with a run in progress
    waiting: int  # slices and other computations that wait for a process
