"""One student without a browser: presses the page's buttons and follows the net, and checks it.

Speaks what the page speaks: the page itself, Dash's calls, the event stream. Among several
addresses each request may go to another one, as behind a load balancer that keeps nobody at one
server. Used by ``benchmarks.load`` and by tests::

    async with Student(["http://127.0.0.1:8050"]) as student:
        await student.open()
        await student.train(5000)
        await student.wait_for(5000)
        assert student.frames[-1].mark == "end" and not student.problems()
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.film import Frame
from benchmarks.tab import Refused, Snapshot, Tab, Unanswered, milliseconds

__all__ = ["Refused", "Snapshot", "Student", "Unanswered"]

OVER = ("idle", "diverged")


class Student(Tab):
    """One student at a `Tab`; see there for the parameters and most of the attributes.

    Attributes
    ----------
    pressed_at, ended_at : float or None
        `time.perf_counter` at the last *Train* or *Resume*, and when the last frame of its run
        (mark ``"end"``) and the state that the run is over had both come.
    """

    def __init__(self, addresses: Sequence[str], **options: Any) -> None:
        super().__init__(addresses, **options)
        self.pressed_at: float | None = None
        self.ended_at: float | None = None

    async def train(self, epochs: int) -> Snapshot:
        """Press *Train*; this and the other buttons return the snapshot of the answer.

        Raises
        ------
        Refused, Unanswered
        """
        self._page.put("fit-epochs", "value", str(epochs))
        self._begin()
        return await self._press("fit-train")

    async def pause(self) -> Snapshot:
        self.film.expect(None)
        return await self._press("fit-pause")

    async def resume(self) -> Snapshot:
        self._begin()
        return await self._press("fit-resume")

    async def step(self) -> Snapshot:
        return await self._press("fit-step")

    async def reset(self, seed: int | None = None) -> Snapshot:
        """Press *Reset*, after typing another seed if one is given."""
        self.film.expect(None)
        if seed is not None:
            self._page.put("fit-seed", "value", str(seed))
        return await self._press("fit-reset")

    async def edit(self, params: Sequence[float]) -> Snapshot:
        """Set the weights by hand."""
        self._page.put("edit", "data", {"params": list(params), "at": milliseconds()})
        return await self._command("edit", "data")

    def choose(self, field: str, value: Any) -> None:
        """Set a field of the page, such as ``"fit-lr"``; counts from the next command on."""
        self._page.put(field, "value", value)

    async def wait_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait for something that frames or states bring about.

        Raises
        ------
        TimeoutError
            Saying where the student stands.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"after {timeout_s:g} s: {self}") from None

    async def wait_for(self, epoch: int, timeout_s: float = 60.0) -> Frame:
        """Wait until the run is over, and a frame of this or a later epoch has come.

        Raises
        ------
        TimeoutError
        """
        await self.wait_until(lambda: self.epoch >= epoch and self.status in OVER, timeout_s)
        return self.frames[-1]

    def __str__(self) -> str:
        return (
            f"session {self.sid}, {self.status or 'not open'}, epoch {self.epoch},"
            f" {len(self.frames)} frames, {'' if self.connected else 'not '}connected,"
            f" problems {self.problems()}"
        )

    def _begin(self) -> None:
        self.pressed_at, self.ended_at = time.perf_counter(), None
        self.film.expect(self.pressed_at)

    async def _press(self, button: str) -> Snapshot:
        self._page.click(button)
        return await self._command(button, "n_clicks")

    def _wake(self) -> None:
        is_over = bool(self.frames) and self.frames[-1].mark == "end" and self.status in OVER
        if is_over and self.pressed_at and self.frames[-1].at > self.pressed_at:
            self.ended_at = self.ended_at or time.perf_counter()
        super()._wake()
