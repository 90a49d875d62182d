"""The frames that one student has received, each checked as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

LATE_S = 1.0  # a picture that stands still for longer, in the middle of a run, is noticed
KEPT_WHOLE = 2000  # the server thins a history with more frames: then numbers may be missing

Row: TypeAlias = list[Any]


class Frame(NamedTuple):
    """One moment of a net, and when it came."""

    seq: int
    epoch: int
    loss: float | None
    mark: str
    numbers: list[float | None]
    at: float


class Film:
    """Frames of one net, in order.

    Attributes
    ----------
    frames : list of Frame
        Those that a reset has not undone.
    first_seq, next_seq : int
        From the newest snapshot: where the net's history begins and where it will go on.
    lost : int
        Numbers that an answer left out, though the history was not yet long enough to be thinned.
    repeated : int
        Frames that an answer sent though they were not asked for, or sent twice.
    late : int
        Frames of a run that came more than `LATE_S` after the frame before them or, the first
        one, after the click. Frames that came together count once. When a frame was saved the
        browser is not told.
    received : int
        All frames, the ones known already among them.
    longest_wait_s : float
        The longest that any frame of a run was waited for, measured in the same way.
    faults : list of str
        What must never be: another frame under a known number, epochs that go back.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.first_seq = self.next_seq = 1
        self.lost = self.repeated = self.late = self.received = 0
        self.longest_wait_s = 0.0
        self.faults: list[str] = []
        self._waiting_since: float | None = None  # a run goes on, and this was its last sign

    @property
    def last_seq(self) -> int:
        """Number of the newest frame; 0 if there is none."""
        return self.frames[-1].seq if self.frames else 0

    def clear(self) -> None:
        """Begin again, as a page that is loaded anew; the counts go on."""
        self.frames = []
        self.first_seq = self.next_seq = 1
        self._waiting_since = None

    def expect(self, at: float | None) -> None:
        """From now on a frame is waited for (a run has been asked for), or, with None, no more."""
        self._waiting_since = at

    def follow(self, snapshot: dict[str, Any]) -> None:
        """Take over where the history begins and ends."""
        self.first_seq, self.next_seq = snapshot["first_seq"], snapshot["next_seq"]
        if self.frames and self.frames[0].seq < self.first_seq:
            self.frames = [frame for frame in self.frames if frame.seq >= self.first_seq]

    def add(self, rows: Sequence[Row], after: int, at: float) -> int:
        """Add the frames of an answer, or of a part of it.

        Parameters
        ----------
        rows : sequence of list
            ``[seq, epoch, loss, mark, numbers ...]``
        after : int
            What was asked for: frames with greater numbers.
        at : float
            When they came.

        Returns
        -------
        int
            Number of the last one.
        """
        if rows:
            self._clock(rows, at)
        for seq, epoch, loss, mark, *numbers in rows:
            self.received += 1
            if seq <= after:
                self.repeated += 1
            else:
                self._count_lost(after, seq)
            self._take(Frame(seq, epoch, loss, mark, numbers, at))
            after = seq
        return after

    def _clock(self, rows: Sequence[Row], at: float) -> None:
        if self._waiting_since is None:
            return
        waited = at - self._waiting_since
        self.longest_wait_s = max(self.longest_wait_s, waited)
        self.late += waited > LATE_S
        self._waiting_since = None if rows[-1][3] == "end" else at

    def _count_lost(self, after: int, seq: int) -> None:
        is_thinned = self.next_seq - self.first_seq > KEPT_WHOLE
        if not is_thinned:
            self.lost += max(0, seq - max(after + 1, self.first_seq))

    def _take(self, frame: Frame) -> None:
        if frame.seq < self.first_seq:
            return  # undone by a reset while it was on its way
        if frame.seq <= self.last_seq:
            self._compare(frame)
            return
        before = self.frames[-1] if self.frames else None
        if before and frame.mark in ("", "end") and frame.epoch <= before.epoch:
            self.faults.append(f"epoch {frame.epoch} after {before.epoch} (frame {frame.seq})")
        self.frames.append(frame)

    def _compare(self, frame: Frame) -> None:
        known = next((each for each in reversed(self.frames) if each.seq <= frame.seq), None)
        if known and known.seq == frame.seq and known[:5] != frame[:5]:
            self.faults.append(f"frame {frame.seq} came twice with different numbers")
