"""The commands ``one_step`` and ``step``: the step is as predicted, on either runner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pwlapp.commands.table import run
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.web.http.json_answers import answer

ADAM = {"kind": "adam", "lr": 0.01}
SGD = {"kind": "sgd", "lr": 0.1, "momentum": 0.9}
SPEC = {"law": "step_like", "n": 300, "noise": 0.0, "seed": 7, "held_out": 0.3}


async def predicted(service: SessionService, sid: str, **body: Any) -> dict[str, Any]:
    found = await run(service, sid, "one_step", body)
    answer(found)  # is JSON
    return found


async def take_step(
    service: SessionService, sid: str, optimizer: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Train one epoch with this optimizer, or the session's own."""
    now = await service.get_snapshot(sid)
    fields = {name: now[name] for name in ("seed", "net", "optimizer", "engine")}
    return await run(service, sid, "step", fields | ({"optimizer": optimizer} if optimizer else {}))


async def params_of(service: SessionService, sid: str) -> list[float]:
    values: list[float] = (await service.state(sid)).train.params.tolist()
    return values


async def test_the_step_is_what_was_predicted(either: SessionService) -> None:
    sid, snapshot = await either.open()
    for epoch, optimizer in enumerate([None, ADAM, ADAM, SGD, SGD, None, ADAM]):
        before = await predicted(either, sid, optimizer=optimizer)
        assert (before["epoch"], before["version"]) == (epoch, snapshot["version"])
        assert before["loss"] == snapshot["loss"]
        assert before["table"]["old"] == snapshot["params"]
        after = await take_step(either, sid, optimizer)
        snapshot = after["snapshot"]
        assert snapshot["epoch"] == epoch + 1
        assert snapshot["params"] == pytest.approx(before["table"]["new"], abs=5e-7)
        assert snapshot["loss"] == pytest.approx(before["loss_after"], abs=1e-6)
        state = await either.state(sid)
        for name in ("m", "v") if isinstance(state.optimizer, AdamOptions) else ("m",):
            kept = getattr(state.train, name)
            np.testing.assert_allclose(before["table"][name], kept, rtol=1e-4, atol=1e-8)


async def test_the_optimizers_own_numbers(service: SessionService) -> None:
    sid, _ = await service.open()
    found = await predicted(service, sid)
    assert found["optimizer"] == {"kind": "adam", **vars(AdamOptions())}
    assert (found["count"], found["n"], found["listed"]) == (1, 64, [0, 1, 2, 3, 4])
    assert found["net"] == vars(LECTURE)
    await take_step(service, sid)
    assert (await predicted(service, sid))["count"] == 2
    other = await predicted(service, sid, optimizer=SGD)
    assert other["optimizer"] == {"kind": "sgd", **vars(SgdOptions(0.1, 0.9))}
    assert other["count"] == 1, "another kind of optimizer begins without memory"
    assert other["table"]["m_old"] == [0] * 5


async def test_explaining_a_step_changes_nothing(service: SessionService) -> None:
    sid, snapshot = await service.open()
    first = await predicted(service, sid, optimizer=SGD, weight=3)
    assert await service.get_snapshot(sid) == snapshot
    assert await predicted(service, sid, optimizer=SGD, weight=3) == first


@pytest.mark.parametrize("weight", range(5))
async def test_the_contributions_of_the_points_average_to_the_gradient(
    service: SessionService, weight: int
) -> None:
    sid, _ = await service.open()
    found = await predicted(service, sid, weight=weight)
    pull = found["pull"]
    terms = np.array(pull["residual"]) * np.array(pull["factor"])
    gradient = found["table"]["gradient"][weight]
    assert pull["weight"] == weight
    assert terms.mean() == pytest.approx(gradient, abs=1e-5)
    assert pull["up"] + pull["down"] == pytest.approx(gradient, rel=1e-7)
    assert pull["x"] == pytest.approx(np.sort(service.points.x).tolist(), abs=6e-5)


async def test_held_out_points_do_not_count(service: SessionService) -> None:
    sid, _ = await service.open()
    await run(service, sid, "use_data", {"spec": SPEC, "seed": 1, "net": {"h": 3, "bias1": True}})
    found = await predicted(service, sid)
    assert found["n"] == 210 == len(found["pull"]["x"])
    after = await take_step(service, sid)
    assert after["snapshot"]["params"] == pytest.approx(found["table"]["new"], abs=5e-7)


async def test_a_wide_net(service: SessionService) -> None:
    sid, _ = await service.open(net=Architecture(64, True, "sigmoid"))
    found = await predicted(service, sid, weight=191)
    assert len(found["listed"]) == 25
    assert found["pull"]["weight"] == 0, "unit 64 is not listed"
    await take_step(service, sid)
    params = await params_of(service, sid)
    new = [params[place] for place in found["listed"]]
    assert new == pytest.approx(found["table"]["new"], abs=5e-7)


async def test_a_step_that_would_diverge(service: SessionService) -> None:
    sid, _ = await service.open()
    far = {"kind": "sgd", "lr": 1000, "momentum": 0}
    for _ in range(3):
        found = await predicted(service, sid, optimizer=far)
        after = await take_step(service, sid, far)
        assert (after["snapshot"]["status"] == "diverged") == found["diverges"]
        if found["diverges"]:
            return
    pytest.fail("expected to diverge")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"weight": True}, "bad_request"),
        ({"weight": 1.5}, "bad_request"),
        ({"weight": "1"}, "bad_request"),
        ({"weight": None}, "bad_request"),
        ({"optimizer": {"kind": "rmsprop"}}, "bad_optimizer"),
        ({"optimizer": {"kind": "adam", "lr": 0}}, "bad_lr"),
        ({"optimizer": 5}, "bad_optimizer"),
    ],
)
async def test_invalid_bodies_are_refused(
    service: SessionService, body: dict[str, Any], code: str
) -> None:
    sid, _ = await service.open()
    with pytest.raises(UserError, match=code):
        await run(service, sid, "one_step", body)


async def test_a_missing_weight_is_not_an_error(service: SessionService) -> None:
    """The net may have become smaller since the page saw it."""
    sid, _ = await service.open()
    for weight in (-1, 5, 10**30):
        assert (await predicted(service, sid, weight=weight))["pull"]["weight"] == 0
