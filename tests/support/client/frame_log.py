"""The frames that one student has received; each is checked when it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

LATE_S = 1.0  # a longer pause between pictures of a run is noticed by students
KEPT_WHOLE = 2000  # the server thins a longer history, so numbers may be missing

Row: TypeAlias = list[Any]  # [seq, epoch, loss, mark, numbers ...]


class Frame(NamedTuple):
    """A frame, and the time when it arrived."""

    seq: int
    epoch: int
    loss: float | None
    mark: str
    numbers: list[float | None]
    at: float


class FrameLog:
    """Frames of one net, in order.

    Attributes
    ----------
    frames : list of Frame
        The frames of the current net; a reset removes those of the net before.
    last_seq : int
        The largest number received; 0 if there is none.
    first_seq, next_seq : int
        From the newest snapshot: the first number of the net's history, and the next one.
    received : int
        Count of all frames, known ones included.
    lost : int
        Count of missing numbers in a history that is too short to be thinned.
    repeated : int
        Count of frames that were sent again.
    late : int
        Count of answers with frames that came more than `LATE_S` after the run's previous answer
        or, for the first, after the click. The time when a frame was saved is not sent.
    longest_wait_s : float
        The longest of these waits.
    faults : list of str
        Errors of the server: a known number with another frame, or an epoch below the one before.
    """

    def __init__(self) -> None:
        self.lost = self.repeated = self.late = self.received = 0
        self.longest_wait_s = 0.0
        self.faults: list[str] = []
        self.clear()

    def clear(self) -> None:
        """Drop the frames, as a reload of the page does; the counts stay."""
        self.frames: list[Frame] = []
        self.last_seq = 0
        self.first_seq = self.next_seq = 1
        self._waiting_since: float | None = None  # during a run: when frames last came

    def expect(self, at: float | None) -> None:
        """Expect the frames of a run that was started by a click at the time `at`; None: no run."""
        self._waiting_since = at

    def follow(self, snapshot: dict[str, Any]) -> None:
        """Store the first and the next number of the history."""
        self.first_seq, self.next_seq = snapshot["first_seq"], snapshot["next_seq"]
        self.frames = [frame for frame in self.frames if frame.seq >= self.first_seq]

    def add(self, rows: Sequence[Row], at: float) -> None:
        """Add the frames of an answer that arrived at the time `at`."""
        if rows and self._waiting_since is not None:
            waited = at - self._waiting_since
            self.longest_wait_s = max(self.longest_wait_s, waited)
            self.late += waited > LATE_S
            self._waiting_since = None if rows[-1][3] == "end" else at
        self.received += len(rows)
        for seq, epoch, loss, mark, *numbers in rows:
            self._add(Frame(seq, epoch, loss, mark, numbers, at))

    def _add(self, frame: Frame) -> None:
        if frame.seq <= self.last_seq:
            self.repeated += 1
            known = {each.seq: each for each in self.frames}.get(frame.seq)
            if known and known[:5] != frame[:5]:
                self.faults.append(f"frame {frame.seq} came twice with different numbers")
            return
        if self.next_seq - self.first_seq <= KEPT_WHOLE:
            self.lost += max(0, frame.seq - max(self.last_seq + 1, self.first_seq))
        self.last_seq = frame.seq
        if frame.seq < self.first_seq:
            return  # a reset has removed it since it was sent
        before = self.frames[-1] if self.frames else None
        if before and frame.mark in ("", "end") and frame.epoch <= before.epoch:
            self.faults.append(f"epoch {frame.epoch} after {before.epoch} (frame {frame.seq})")
        self.frames.append(frame)
