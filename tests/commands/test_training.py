"""Commands that train a net or replace it: arguments, refusals and results."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from pwlapp.commands.table import run
from pwlapp.core.net import Architecture
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from tests.support.sessions import finished


async def test_float32_is_preserved_exactly(service: SessionService) -> None:
    sid, _ = await service.open(net=Architecture(64, bias1=True))
    await service.start_run(sid, 3, (await service.state(sid)).optimizer, "auto")
    await finished(service, sid)
    answer = await run(service, sid, "params", {})
    state = await service.state(sid)
    assert (answer["epoch"], answer["version"]) == (3, state.version)
    sent = json.loads(json.dumps(answer["params"], allow_nan=False))
    np.testing.assert_array_equal(np.array(sent, np.float32), state.train.params)
    assert all(math.isfinite(value) for value in sent)


async def test_invalid_bodies_are_refused(service: SessionService) -> None:
    sid, _ = await service.open()
    with pytest.raises(UserError, match="bad_request"):
        await run(service, sid, "params", {"epoch": 3})
    for unknown in ("A" * 22, "../etc", ""):
        with pytest.raises(UserError, match="session_unknown"):
            await run(service, unknown, "params", {})


NET = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
OTHER = {"h": 5, "bias1": True, "activation": "sigmoid", "loss": "mse"}
MADE = {"seed": 1, "net": NET}
STEP = {**MADE, "optimizer": {"kind": "adam", "lr": 0.001}, "engine": "torch@cpu"}
TRAIN = {**STEP, "epochs": 5}
ODD_VALUES: list[Any] = [
    *(None, "", "5000", "x" * 10_000, b"1", True, False, math.nan, math.inf, -math.inf, -1),
    *(10**400, -(10**400), 1e308, 2.0, [], [1], {}, {"a": 1}, object()),
]


@pytest.mark.parametrize("odd", ODD_VALUES)
async def test_odd_values_are_refused_and_change_nothing(service: SessionService, odd: Any) -> None:
    sid, before = await service.open()
    cases = [
        ("train", TRAIN | {"epochs": odd}, "bad_epochs", {"min": 1, "max": 1_000_000}),
        ("train", TRAIN | {"optimizer": odd}, "bad_optimizer", {}),
        ("train", TRAIN | {"engine": odd}, "bad_engine", None),
        ("train", TRAIN | {"seed": odd}, "bad_seed", {"max": 2**32 - 1}),
        ("train", TRAIN | {"net": odd}, "bad_architecture", {}),
        ("train", TRAIN | {"net": NET | {"h": odd}}, "bad_hidden", {"min": 1, "max": 2048}),
        ("train", TRAIN | {"net": NET | {"bias1": odd}}, "bad_architecture", {}),
        ("step", STEP | {"optimizer": odd}, "bad_optimizer", {}),
        ("resume", STEP | {"optimizer": odd}, "bad_optimizer", {}),
        ("prepare", MADE | {"seed": odd}, "bad_seed", {"max": 2**32 - 1}),
        ("reset", MADE | {"seed": odd}, "bad_seed", {"max": 2**32 - 1}),
        ("reset", MADE | {"net": odd}, "bad_architecture", {}),
        ("edit", {"params": odd}, "bad_params", {"max": 1e6}),
        ("edit", {"params": [1, 1, odd, 1, 1]}, "bad_params", {"max": 1e6}),
    ]
    for name, body, code, args in cases:
        if is_a_value(name, body, odd):
            continue
        with pytest.raises(UserError) as caught:
            await run(service, sid, name, body)
        assert caught.value.code == code, (name, body)
        assert args is None or caught.value.args_ == args
        json.dumps(caught.value.args_)
    assert await service.get_snapshot(sid) == before


def is_a_value(name: str, body: dict[str, Any], odd: Any) -> bool:
    """Weights that are numbers, switches that are bools, the lecture's net, and the same seed."""
    if name == "edit":
        return body["params"] in ([1, 1, -1, 1, 1], [1, 1, 2.0, 1, 1])
    is_switch = isinstance(odd, bool) and body["net"] == NET | {"bias1": odd}
    return is_switch or body["net"] == {} or (name == "reset" and body["seed"] is None)


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("train", TRAIN | {"epochs": 0}, "bad_epochs"),
        ("train", TRAIN | {"epochs": 1_000_001}, "bad_epochs"),
        ("train", TRAIN | {"optimizer": {"kind": "adam", "lr": True}}, "bad_lr"),
        ("train", TRAIN | {"engine": "torch@cuda:99"}, "bad_engine"),
        ("reset", MADE | {"seed": 2**32}, "bad_seed"),
        ("reset", {"net": NET | {"h": 2049}, "seed": 1}, "bad_hidden"),
        ("edit", {"params": [1, 1, 1, 1]}, "bad_params"),
        ("edit", {"params": [1, 1, 1, 1, 1e6 + 1]}, "bad_params"),
        ("edit", {"params": [1, 1, 1, 1, "1"]}, "bad_params"),
        ("pause", {"now": True}, "bad_request"),
    ],
)
async def test_the_limits(
    service: SessionService, name: str, body: dict[str, Any], code: str
) -> None:
    sid, _ = await service.open()
    with pytest.raises(UserError, match=code):
        await run(service, sid, name, body)


async def test_the_first_field_that_is_wrong_is_named(service: SessionService) -> None:
    sid, _ = await service.open()
    for code, field in (
        ("bad_seed", "seed"),
        ("bad_architecture", "net"),
        ("bad_epochs", "epochs"),
    ):
        with pytest.raises(UserError, match=code):
            await run(service, sid, "train", {key: TRAIN[key] for key in TRAIN if key != field})
    with pytest.raises(UserError, match="bad_seed"):
        await run(service, sid, "train", {})


async def test_a_run_is_paused_and_resumed(service: SessionService) -> None:
    sid, _ = await service.open()
    body = TRAIN | {"epochs": 1_000_000, "optimizer": {"kind": "sgd", "lr": 0.5, "momentum": 0.9}}
    begun = (await run(service, sid, "train", body))["snapshot"]
    assert (begun["status"], begun["target_epoch"]) == ("running", 1_000_000)
    assert (begun["optimizer"], begun["engine"]) == (body["optimizer"], "torch@cpu")
    assert (await run(service, sid, "pause", {}))["snapshot"]["status"] == "paused"
    resumed = (await run(service, sid, "resume", STEP | {"engine": "auto"}))["snapshot"]
    assert (resumed["status"], resumed["engine"]) == ("running", "auto")
    assert resumed["optimizer"] == STEP["optimizer"]
    await run(service, sid, "pause", {})


@pytest.mark.parametrize("name", ["train", "step", "prepare"])
async def test_an_untrained_net_is_made_from_seed_and_net(
    service: SessionService, name: str
) -> None:
    sid, _ = await service.open()
    for made in ({"seed": 7, "net": NET}, {"seed": 7, "net": OTHER}):
        await run(service, sid, name, TRAIN | made)
        after = await finished(service, sid)
        assert (after["seed"], after["net"]) == (made["seed"], made["net"])
        await service.reset(sid)


@pytest.mark.parametrize(
    ("made", "error"),
    [
        ({"seed": 7, "net": NET}, ("seed_differs", {"seed": 1, "typed": 7})),
        ({"seed": 1, "net": OTHER}, ("net_differs", {})),
        ({"seed": 7, "net": OTHER}, ("net_differs", {})),
    ],
)
async def test_a_trained_net_is_not_replaced(
    service: SessionService, made: dict[str, Any], error: tuple[str, dict[str, Any]]
) -> None:
    sid, _ = await service.open()
    before = (await run(service, sid, "step", STEP))["snapshot"]
    for name in ("train", "step", "resume", "prepare"):
        with pytest.raises(UserError) as refused:
            await run(service, sid, name, TRAIN | made)
        assert (refused.value.code, refused.value.args_) == error
    assert await service.get_snapshot(sid) == before
