"""Answers that are computed once for all who ask."""

from __future__ import annotations

import asyncio

import pytest

from pwlapp.errors import UserError
from pwlapp.sessions.single_flight import SingleFlightCache


class Oracle:
    """Answers with the number of the call, when its gate is open."""

    def __init__(self) -> None:
        self.calls = 0
        self.gate = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        self.calls += 1
        await self.gate.wait()
        if self.fails:
            raise UserError("busy")
        return self.calls


async def test_all_who_ask_wait_for_one_answer_and_it_is_kept() -> None:
    once, oracle = SingleFlightCache(10), Oracle()
    asking = [asyncio.create_task(once.get("a", oracle)) for _ in range(300)]
    await asyncio.sleep(0)
    assert not once.has("a")
    asking[0].cancel()  # one who leaves
    oracle.gate.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert answers[1:] == [1] * 299
    assert once.has("a")
    assert await once.get("a", oracle) == 1


async def test_a_failure_is_told_to_all_and_tried_again() -> None:
    once, oracle = SingleFlightCache(10), Oracle()
    oracle.fails = True
    oracle.gate.set()
    for calls in (1, 2):
        with pytest.raises(UserError, match="busy"):
            await once.get("a", oracle)
        assert not once.has("a")
        assert oracle.calls == calls


async def test_what_was_wanted_longest_ago_is_forgotten() -> None:
    once, oracle = SingleFlightCache(2), Oracle()
    oracle.gate.set()
    for key in ("a", "b", "a", "c"):
        await once.get(key, oracle)
    assert [once.has(key) for key in "abc"] == [True, False, True]
