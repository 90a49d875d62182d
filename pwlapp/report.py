"""What a server reports to its operator."""

from __future__ import annotations

from typing import NamedTuple


class Health(NamedTuple):
    """What works now."""

    store: bool
    data: bool
    workers: int  # training processes that are alive


class Counts(NamedTuple):
    """How many there are."""

    sessions: int  # kept
    running: int  # of these, those with a run in progress
    waiting: int  # slices and other computations that wait for a process
