"""One student without a browser: presses the page's buttons, and waits for the results.

Used by benchmarks and tests::

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

from tests.support.client.frame_log import Frame
from tests.support.client.tab import Refused, Snapshot, Tab, Unanswered, milliseconds

__all__ = ["Refused", "Snapshot", "Student", "Unanswered"]

OVER = ("idle", "diverged")


class Student(Tab):
    """One student with one `Tab`; see `Tab` for parameters and attributes.

    Each command returns the snapshot of its answer, and raises `Refused` or `Unanswered`.
    """

    async def train(self, epochs: int) -> Snapshot:
        """Press *Train*; like the other commands, returns the snapshot of the answer."""
        self.choose("fit-epochs", str(epochs))
        self.log.expect(time.perf_counter())
        return await self._press("fit-train")

    async def pause(self) -> Snapshot:
        self.log.expect(None)
        return await self._press("fit-pause")

    async def resume(self) -> Snapshot:
        self.log.expect(time.perf_counter())
        return await self._press("fit-resume")

    async def step(self) -> Snapshot:
        return await self._press("fit-step")

    async def reset(self, seed: int | None = None) -> Snapshot:
        """Press *Reset*, after typing another seed if one is given."""
        self.log.expect(None)
        if seed is not None:
            self.choose("fit-seed", str(seed))
        return await self._press("fit-reset")

    async def edit(self, params: Sequence[float]) -> Snapshot:
        """Set the weights by hand."""
        self._page.values["edit", "data"] = {"params": list(params), "at": milliseconds()}
        return await self._command("edit", "data")

    def choose(self, field: str, value: Any) -> None:
        """Set a field of the page, such as ``"fit-lr"``; the next command sends it."""
        self._page.values[field, "value"] = value

    async def _press(self, button: str) -> Snapshot:
        self._page.click(button)
        return await self._command(button, "n_clicks")

    async def wait_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait until the tab fulfils a condition; it is checked after each event.

        Raises
        ------
        TimeoutError
            With the student's state.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"after {timeout_s:g} s: {self}") from None

    async def wait_for(self, epoch: int, timeout_s: float = 60.0) -> Frame:
        """Wait until the run has ended and a frame of this or a later epoch has arrived.

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
