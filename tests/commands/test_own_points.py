"""A student's own points: an uploaded file, and points that are moved while a net is trained."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from pwlapp.commands.table import run
from pwlapp.core import net as nets
from pwlapp.errors import UserError
from pwlapp.sessions.service import DEFAULT_OPTIMIZER, SessionService
from tests.support.sessions import finished

POINTS = {"law": "own", "x": [-1, 0, 1], "y": [0, 1, 1], "prob": None, "held_out": 0}


def body_of(content: bytes, **more: Any) -> dict[str, Any]:
    return {"name": "grades.csv", "base64": base64.b64encode(content).decode(), **more}


async def test_a_file_becomes_the_sessions_data(either: SessionService) -> None:
    sid, _ = await either.open()
    content = b"x,y\n" + b"".join(b"%d,%d\n" % (i, 3 * i) for i in range(10))
    answer = await run(either, sid, "upload", body_of(content, held_out=0.2))
    snapshot = answer["snapshot"]
    assert (snapshot["epoch"], snapshot["net"]["loss"]) == (0, "mse")
    points = await either.points_of(await either.state(sid))
    assert (points.label, points.prob, points.testing_rows.size) == ("grades.csv", None, 2)
    assert points.y.tolist() == [3 * i for i in range(10)]


async def test_a_file_is_previewed_and_then_used_with_the_choices(either: SessionService) -> None:
    sid, before = await either.open()
    content = b"day;size\n1,500;0\n2,250;1\n"
    body = body_of(content)
    preview = (await run(either, sid, "preview", body))["preview"]
    assert not preview["is_sure"]
    assert [problem["code"] for problem in preview["problems"]] == ["data_decimal_unclear"]
    assert await either.get_snapshot(sid) == before
    choices = {**preview["found"], "decimal": ","}
    preview = (await run(either, sid, "preview", {**body, "choices": choices}))["preview"]
    assert (preview["problems"], preview["n_points"]) == ([], 2)
    await run(either, sid, "upload", {**body, "choices": choices})
    points = await either.points_of(await either.state(sid))
    assert (points.x.tolist(), points.y.tolist()) == ([1.5, 2.25], [0, 1])


@pytest.mark.parametrize("choices", [7, {"decimal": ";"}, {"encoding": "rot13"}, {"x": []}])
async def test_invalid_choices_are_refused(service: SessionService, choices: Any) -> None:
    sid, _ = await service.open()
    for name in ("preview", "upload"):
        with pytest.raises(UserError, match="bad_upload"):
            await run(service, sid, name, {**body_of(b"x,y\n1,2\n2,3\n"), "choices": choices})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_upload"),
        ({"name": "a", "base64": "not base64"}, "bad_upload"),
        ({"name": 1, "base64": ""}, "bad_upload"),
        (body_of(b"x,y\n1,2\n1,a\n"), "data_not_number"),
        (body_of(b"x,y\n1,2\n2,3\n", held_out=0.95), "bad_held_out"),
        (body_of(b"x,y\n1,2\n2,3\n", held_out="all"), "bad_held_out"),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(
    service: SessionService, body: dict[str, Any], code: str
) -> None:
    sid, before = await service.open()
    with pytest.raises(UserError) as caught:
        await run(service, sid, "upload", body)
    assert caught.value.code == code
    assert await service.get_snapshot(sid) == before


async def test_points_move_while_the_net_stays(either: SessionService) -> None:
    sid, _ = await either.open()
    await run(either, sid, "use_data", {"spec": POINTS})
    await either.start_run(sid, 5, DEFAULT_OPTIMIZER, "torch@cpu")
    before = await finished(either, sid)
    state = await either.state(sid)
    moved = {**POINTS, "y": [1, 1, 0]}
    snapshot = (await run(either, sid, "move_points", {"spec": moved}))["snapshot"]
    assert (snapshot["epoch"], snapshot["params"]) == (5, before["params"])
    assert snapshot["first_seq"] == before["next_seq"]
    after = await either.state(sid)
    assert np.array_equal(after.train.m, state.train.m)
    x, y = (np.array(moved[name], np.float32) for name in ("x", "y"))
    expected = nets.loss(after.train.params, x, y, after.train.net)
    assert snapshot["loss"] == pytest.approx(expected, abs=1e-6)
    again = (await run(either, sid, "move_points", {"spec": moved}))["snapshot"]
    assert again["version"] == snapshot["version"]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (None, "bad_data"),
        ({"law": "lecture"}, "bad_data"),
        ({**POINTS, "y": [1, 2, 3]}, "needs_mse"),
        ({**POINTS, "x": [1]}, "bad_points"),
    ],
)
async def test_invalid_points_are_refused(service: SessionService, spec: Any, code: str) -> None:
    sid, before = await service.open()
    with pytest.raises(UserError) as caught:
        await run(service, sid, "move_points", {"spec": spec})
    assert caught.value.code == code
    assert await service.get_snapshot(sid) == before
