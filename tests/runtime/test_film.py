"""A run brought back from a file: with its frames, or refused."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from pwlapp.core.net import Architecture
from pwlapp.core.training import AdamOptions
from pwlapp.errors import UserError
from pwlapp.runtime.saved import restore, save
from pwlapp.runtime.trainer import Trainer
from tests.runtime.helpers import finished


async def run_file(trainer: Trainer, net: Architecture, epochs: int = 30) -> dict[str, Any]:
    """What the page keeps of a run."""
    sid, _ = await trainer.open(net=net)
    await trainer.start_run(sid, epochs, AdamOptions(), "torch@cpu")
    await finished(trainer, sid)
    _, rows = await trainer.read(sid)
    return {**await save(trainer, sid, {}), "frames": rows}


@pytest.mark.parametrize("net", [Architecture(), Architecture(3, bias1=True), Architecture(16)])
async def test_a_run_comes_back_with_its_frames(trainer: Trainer, net: Architecture) -> None:
    file = await run_file(trainer, net)
    sid, _ = await trainer.open()
    before = await trainer.state(sid)
    snapshot = (await restore(trainer, sid, file))["snapshot"]
    _, rows = await trainer.read(sid)
    assert [row[1:] for row in rows] == [row[1:] for row in file["frames"]]
    assert rows[0][0] == snapshot["first_seq"] == before.next_seq
    assert rows[-1][0] == snapshot["next_seq"] - 1
    assert (await save(trainer, sid, {}))["saved"] == file["saved"]


async def test_without_frames_it_begins_a_new_film(trainer: Trainer) -> None:
    file = await run_file(trainer, Architecture())
    sid, _ = await trainer.open()
    await restore(trainer, sid, {"saved": file["saved"]})
    _, rows = await trainer.read(sid)
    assert [row[1:4:2] for row in rows] == [[30, "start"]]


async def test_a_film_that_stops_short_ends_with_the_net_as_it_stands(trainer: Trainer) -> None:
    file = await run_file(trainer, Architecture())
    sid, _ = await trainer.open()
    await restore(trainer, sid, {**file, "frames": file["frames"][:5]})
    _, rows = await trainer.read(sid)
    assert len(rows) == 6
    assert rows[-1][1] == 30
    assert np.array_equal(np.float32(rows[-1][4:]), (await trainer.state(sid)).train.params)


async def test_other_data_leave_the_film_out(trainer: Trainer) -> None:
    file = await run_file(trainer, Architecture())
    file["saved"]["data_key"] = "f" * 16
    sid, _ = await trainer.open()
    snapshot = (await restore(trainer, sid, file))["snapshot"]
    assert snapshot["next_seq"] == snapshot["first_seq"] + 1


SPOILT: list[Any] = [
    7,
    [[]],
    [None],
    [[1, 0, 0.5, "start", 1, 2, 3, 4]],
    [[1, 0.5, 0.5, "start", 1, 2, 3, 4, 5]],
    [[1, -1, 0.5, "start", 1, 2, 3, 4, 5]],
    [[1, 31, 0.5, "start", 1, 2, 3, 4, 5]],
    [[1, 0, 0.5, "<b>", 1, 2, 3, 4, 5]],
    [[1, 0, "0.5", "", 1, 2, 3, 4, 5]],
    [[1, 0, 0.5, "", 1, 2, 3, 4, True]],
    [[1, 0, 0.5, "", 1, 2, 3, 4, 1e300]],
    [[1, 9, 0.5, "", 1, 2, 3, 4, 5], [2, 8, 0.5, "", 1, 2, 3, 4, 5]],
    [[1, 0, 0.5, [], 1, 2, 3, 4, 5]],
    [[1, 0, 0.5, "", 1, 2, 3, 4, 5]] * 10_001,
]


async def test_spoilt_frames_change_nothing(trainer: Trainer) -> None:
    file = await run_file(trainer, Architecture())
    sid, before = await trainer.open()
    for rows in SPOILT:
        with pytest.raises(UserError, match="bad_saved"):
            await restore(trainer, sid, {**copy.deepcopy(file), "frames": rows})
    assert await trainer.look(sid) == before
