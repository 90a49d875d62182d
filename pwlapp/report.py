"""What an operator wants to know of a server."""

from __future__ import annotations

from typing import NamedTuple


class Health(NamedTuple):
    """What works just now."""

    store: bool
    data: bool
    workers: int  # training processes that are there


class Counts(NamedTuple):
    """How much there is."""

    sessions: int  # kept
    running: int  # of them, those whose run goes on
    waiting: int  # slices and other computations that wait for a process
