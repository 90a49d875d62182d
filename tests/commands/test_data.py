"""A session's own data, in both modes; saving and restoring a session."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pwlapp.commands import saved
from pwlapp.commands.fields import read_net
from pwlapp.commands.table import run
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from tests.support.sessions import finished

ADAM = AdamOptions()
OWN = {"law": "own", "x": [-1.0, -0.5, 0.5, 1.0], "y": [0.0, 3.0, -2.0, 1.0], "prob": None}
SINE = {"law": "sine", "n": 40, "noise": 0.1, "seed": 3, "held_out": 0.25}


async def use(
    service: SessionService, sid: str, spec: dict[str, Any], **more: Any
) -> dict[str, Any]:
    answer = await run(service, sid, "use_data", {"spec": spec, **more})
    snapshot: dict[str, Any] = answer["snapshot"]
    return snapshot


async def save(service: SessionService, sid: str) -> dict[str, Any]:
    kept: dict[str, Any] = (await run(service, sid, "saved", {}))["saved"]
    return kept


async def test_a_session_trains_on_data_of_its_own(either: SessionService) -> None:
    """Against PyTorch, by hand, on the points that are not held out."""
    import torch

    from pwlapp.core.engines.torch_engine import make_net

    sid, first = await either.open()
    other, _ = await either.open()
    snapshot = await use(either, sid, SINE)
    assert snapshot["net"]["loss"] == "mse"  # its y is not within [0, 1]
    assert (snapshot["epoch"], snapshot["seed"]) == (0, first["seed"])
    await either.start_run(sid, 5, ADAM, "torch@cpu")
    after = await finished(either, sid)

    state = await either.state(sid)
    points = await either.points_of(state)
    assert points.testing_rows.size == 10
    torch.manual_seed(1)
    net = make_net(state.train.net)
    x, y = (torch.tensor(column).reshape(-1, 1) for column in points.training)
    optimizer = torch.optim.Adam(net.parameters())
    for _ in range(5):
        torch.nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
    expected = torch.nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
    assert after["params"] == pytest.approx(expected, abs=1e-6)
    assert after["loss"] == pytest.approx(torch.nn.functional.mse_loss(net(x), y).item(), abs=1e-6)
    assert (await either.get_snapshot(other))["data_key"] == first["data_key"]
    assert (await use(either, sid, {"law": "lecture"}))["net"]["loss"] == "bce"


async def test_a_restored_session_trains_on_bit_for_bit(either: SessionService) -> None:
    sid, _ = await either.open()
    await use(either, sid, OWN)
    await either.start_run(sid, 20, SgdOptions(lr=0.01, momentum=0.9), "torch@cpu")
    await finished(either, sid)
    kept = await save(either, sid)
    await either.start_run(sid, 30, SgdOptions(lr=0.01, momentum=0.9), "torch@cpu")
    expected = await finished(either, sid)

    other, _ = await either.open()
    there = (await run(either, other, "restore", {"saved": kept}))["snapshot"]
    assert (there["epoch"], there["data_key"]) == (20, kept["data_key"])
    assert await save(either, other) == kept
    assert there["notice"] is None
    await either.start_run(other, 30, SgdOptions(lr=0.01, momentum=0.9), "torch@cpu")
    after = await finished(either, other)
    for name in ("params", "loss", "epoch", "data_key", "net", "optimizer"):
        assert after[name] == expected[name], name


async def test_the_lectures_data_can_be_split(service: SessionService) -> None:
    sid, first = await service.open()
    await use(service, sid, {"law": "lecture", "held_out": 0.25})
    points = await service.points_of(await service.state(sid))
    assert (points.training[0].size, points.testing_rows.size) == (48, 16)
    assert np.array_equal(points.x, service.points.x)
    whole = np.sort(np.concatenate([points.training[0], points.x[points.testing_rows]]))
    assert np.array_equal(whole, np.sort(points.x))
    assert points.training[0].min() == points.x.min()
    assert points.training[0].max() == points.x.max()
    assert (await use(service, sid, {"law": "lecture"}))["data_key"] == first["data_key"]


async def test_deleted_data_are_replaced_by_the_servers(service: SessionService) -> None:
    sid, first = await service.open()
    await use(service, sid, OWN)
    await service._store.expire(-1e9)  # type: ignore[attr-defined]
    sid, _ = await service.open()
    await use(service, sid, OWN)
    service._sessions._cached.clear()  # type: ignore[attr-defined]
    store: Any = service._store
    await store.run(lambda db: db.execute("DELETE FROM points"))
    after = await service.get_snapshot(sid)
    assert (after["data_key"], after["notice"]["code"]) == (first["data_key"], "data_changed")


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (None, "bad_data"),
        ({}, "bad_data"),
        ({"law": 3}, "bad_data"),
        ({"law": "nothing"}, "bad_data"),
        ({"law": "lecture", "held_out": 0.95}, "bad_held_out"),
        ({"law": "lecture", "held_out": True}, "bad_held_out"),
        ({"law": "lecture", "held_out": 10**400}, "bad_held_out"),
        ({"law": "sine", "n": 200, "noise": 10**400, "seed": 1}, "bad_data"),
        (OWN | {"x": [1.0]}, "bad_points"),
        (OWN | {"x": "1234"}, "bad_points"),
        (OWN | {"x": [1.0, 2.0, 3.0]}, "bad_points"),
        (OWN | {"y": [0.0, 1e9, 0.0, 0.0]}, "bad_points"),
        (OWN | {"y": [0.0, True, 0.0, 0.0]}, "bad_points"),
        (OWN | {"x": [0.0] * 10_001}, "data_too_long"),
        (OWN | {"label": "x" * 1000}, "bad_data"),
        (SINE | {"n": 2.5}, "bad_data"),
        (SINE | {"seed": -1}, "bad_data"),
        (SINE | {"noise": "0.1"}, "bad_data"),
    ],
)
async def test_invalid_data_are_refused(service: SessionService, spec: Any, code: str) -> None:
    sid, before = await service.open()
    with pytest.raises(UserError) as caught:
        await run(service, sid, "use_data", {"spec": spec})
    assert caught.value.code == code
    assert await service.get_snapshot(sid) == before


@pytest.mark.parametrize("net", [7, {"h": True}, {"h": 2, "x": 1}, {"bias1": 1}, {"loss": None}])
async def test_an_invalid_net_is_refused(service: SessionService, net: Any) -> None:
    sid, before = await service.open()
    with pytest.raises(UserError):
        await run(service, sid, "use_data", {"spec": {"law": "lecture"}, "net": net})
    assert await service.get_snapshot(sid) == before


async def test_bce_is_refused_for_y_outside_0_to_1(service: SessionService) -> None:
    sid, _ = await service.open()
    with pytest.raises(UserError, match="needs_mse"):
        await use(service, sid, OWN, net={"h": 2, "loss": "bce"})
    await use(service, sid, OWN)
    with pytest.raises(UserError, match="needs_mse"):
        await service.reset(sid, 1, read_net({"h": 2, "loss": "bce"}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": 2}, "saved_too_new"),
        ({"format": "1"}, "bad_saved"),
        ({"params": ""}, "bad_saved"),
        ({"params": "AAAA"}, "bad_saved"),
        ({"params": 5}, "bad_saved"),
        ({"params": saved.packed(np.full(5, np.nan, np.float32))}, "bad_saved"),
        ({"m": saved.packed(np.full(5, np.inf, np.float32))}, "bad_saved"),
        ({"v": saved.packed(np.full(5, -1, np.float32))}, "bad_saved"),
        ({"epoch": -1}, "bad_saved"),
        ({"epoch": 1.5}, "bad_saved"),
        ({"optimizer_epoch": 10**6}, "bad_saved"),
        ({"seed": 2**40}, "bad_saved"),
        ({"optimizer": {"kind": "adam", "lr": "0.1"}}, "bad_lr"),
        ({"optimizer": {"kind": "none"}}, "bad_optimizer"),
        ({"optimizer": {"kind": "adam", "lr": -1}}, "bad_lr"),
        ({"optimizer": []}, "bad_optimizer"),
        ({"net": {"h": 3}}, "bad_saved"),
        ({"data": OWN}, "needs_mse"),
    ],
)
async def test_a_damaged_state_is_refused(
    service: SessionService, changes: dict[str, Any], code: str
) -> None:
    sid, before = await service.open()
    kept = await save(service, sid)
    with pytest.raises(UserError) as caught:
        await run(service, sid, "restore", {"saved": kept | changes})
    assert caught.value.code == code
    assert await service.get_snapshot(sid) == before


async def test_a_state_saved_by_another_server(service: SessionService) -> None:
    sid, _ = await service.open()
    kept = await save(service, sid) | {"data_key": "f" * 16, "engine": "fused@cuda:7", "loss": 0.0}
    forged = (await run(service, sid, "restore", {"saved": kept | {"engine": []}}))["snapshot"]
    assert forged["engine"] == "auto"
    snapshot = (await run(service, sid, "restore", {"saved": kept}))["snapshot"]
    assert snapshot["notice"]["code"] == "data_differ"
    assert snapshot["engine"] == "auto"
    assert not math.isclose(snapshot["loss"], 0.0)
