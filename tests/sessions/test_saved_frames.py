"""A run restored from a file, with its frames."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from pwlapp.commands.table import run
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from tests.support.sessions import finished, read_rows


async def run_file(service: SessionService, net: Architecture, epochs: int = 30) -> dict[str, Any]:
    """A run file as the page saves it."""
    sid, _ = await service.open(net=net)
    await service.start_run(sid, epochs, AdamOptions(), "torch@cpu")
    await finished(service, sid)
    _, rows = await read_rows(service, sid)
    return {**await run(service, sid, "saved", {}), "frames": rows}


@pytest.mark.parametrize("net", [Architecture(), Architecture(3, bias1=True), Architecture(16)])
async def test_a_run_is_restored_with_its_frames(
    service: SessionService, net: Architecture
) -> None:
    file = await run_file(service, net)
    sid, _ = await service.open()
    before = await service.state(sid)
    snapshot = (await run(service, sid, "restore", file))["snapshot"]
    _, rows = await read_rows(service, sid)
    assert [row[1:] for row in rows] == [row[1:] for row in file["frames"]]
    assert rows[0][0] == snapshot["first_seq"] == before.next_seq
    assert rows[-1][0] == snapshot["next_seq"] - 1
    assert (await run(service, sid, "saved", {}))["saved"] == file["saved"]


async def test_without_frames_the_curve_starts_again(service: SessionService) -> None:
    file = await run_file(service, Architecture())
    sid, _ = await service.open()
    await run(service, sid, "restore", {"saved": file["saved"]})
    _, rows = await read_rows(service, sid)
    assert [row[1:4:2] for row in rows] == [[30, "start"]]


async def test_a_frame_of_the_net_is_added_if_the_last_one_is_missing(
    service: SessionService,
) -> None:
    file = await run_file(service, Architecture())
    sid, _ = await service.open()
    await run(service, sid, "restore", {**file, "frames": file["frames"][:5]})
    _, rows = await read_rows(service, sid)
    assert len(rows) == 6
    assert rows[-1][1] == 30
    assert np.array_equal(np.float32(rows[-1][4:]), (await service.state(sid)).train.params)


async def test_frames_of_other_data_are_dropped(service: SessionService) -> None:
    file = await run_file(service, Architecture())
    file["saved"]["data_key"] = "f" * 16
    sid, _ = await service.open()
    snapshot = (await run(service, sid, "restore", file))["snapshot"]
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


async def test_damaged_frames_change_nothing(service: SessionService) -> None:
    file = await run_file(service, Architecture())
    sid, before = await service.open()
    for rows in SPOILT:
        with pytest.raises(UserError, match="bad_saved"):
            await run(service, sid, "restore", {**copy.deepcopy(file), "frames": rows})
    assert await service.get_snapshot(sid) == before
