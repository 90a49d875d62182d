"""The commands `seeds`, `plateaus` and `begin`, on both runners."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from pwlapp.commands import seeds as verbs
from pwlapp.commands.seeds import BLOCK, MAX_COUNT
from pwlapp.commands.table import run, stream
from pwlapp.compute import warmup
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from tests.support.sessions import ThreadRunner, finished, read_rows

ODD = [None, "", "5", True, -1, 1.5, [], {}, 10**400]
NET = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
ADAM = {"kind": "adam", "lr": 0.001}


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat the compiled engine as ready: in this process it is loaded at the first use."""
    monkeypatch.setattr(warmup, "is_ready", lambda: True)


async def all_of(
    service: SessionService, sid: str, first: int, count: int, epochs: int
) -> list[Any]:
    """The rows of all parts together."""
    _, *parts = await lines_of(service, sid, first, count, epochs)
    return [row for part in parts for row in part.get("runs", [])]


async def lines_of(
    service: SessionService, sid: str, first: int, count: int, epochs: int
) -> list[dict[str, Any]]:
    """All parts of the answer, each checked to be JSON."""
    body = {"first": first, "count": count, "epochs": epochs}
    found = [part async for part in stream(service, sid, "seeds", body)]
    json.dumps(found, allow_nan=False)
    return found


async def test_seeds_are_fits_own_runs(either: SessionService) -> None:
    sid, _ = await either.open()
    found = await all_of(either, sid, 30, 5, 60)
    assert [row["seed"] for row in found] == [30, 31, 32, 33, 34]
    x, y = either.points.x, either.points.y
    for row in found:
        start = initial_state(row["seed"], x, y)
        end = train_slice(start, x, y, AdamOptions(), Budget(60)).state
        assert row["loss"] == pytest.approx(end.loss, abs=1e-5)
        assert row["params"] == pytest.approx(end.params.tolist(), abs=1e-4)
        assert row["curve"][0] == pytest.approx(start.loss, abs=1e-5)
        assert row["curve"][-1] == pytest.approx(row["loss"], abs=1e-5)
        assert row["start"] == [(start.params[:2] < 0).sum(), (start.params[:2] > 0).sum()]
        assert (row["dead"], row["diverged"]) == (0, False)


async def test_plateaus_of_the_sessions_data_and_loss(either: SessionService) -> None:
    sid, _ = await either.open()
    found = await run(either, sid, "plateaus", {})
    assert found["both"] <= min(found["left"], found["right"]) <= found["flat"] < 0.7
    await either.reset(sid, 1, Architecture(loss="mse"))
    other = await run(either, sid, "plateaus", {})
    assert (found["loss"], other["loss"]) == ("bce", "mse")
    assert other["flat"] == pytest.approx(np.var(either.points.y), abs=1e-6)


async def test_a_class_that_presses_at_once_has_each_part_computed_once(
    service: SessionService, runner: ThreadRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    compute = verbs.train_seeds

    def counted(first: int, count: int, *rest: Any) -> Any:
        asked.append((first, count))
        return compute(first, count, *rest)

    monkeypatch.setattr(verbs, "train_seeds", counted)
    sids = [(await service.open())[0] for _ in range(30)]
    pages = await asyncio.gather(*(all_of(service, sid, 1, 70, 20) for sid in sids))
    assert all(page == pages[0] for page in pages)
    assert [row["seed"] for row in pages[0]] == list(range(1, 71))
    assert len(asked) == len(set(asked))
    # a page that starts with another seed shares everything from the next block on
    before = len(asked)
    await all_of(service, sids[0], 7, 60, 20)
    assert all(first < BLOCK for first, _ in asked[before:])
    # another learning rate shares nothing
    await service.step(sids[0], AdamOptions(lr=0.5))
    await all_of(service, sids[0], 1, 1, 20)
    assert asked[-1] == (1, BLOCK - 1)


async def test_a_part_is_computed_for_its_time_and_no_longer(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid, _ = await service.open()
    monkeypatch.setattr(verbs, "PART_MS", 0.0)
    head, *parts = await lines_of(service, sid, 1, 3, 5)
    assert head["net"] == vars(LECTURE)
    assert [[row["seed"] for row in part["runs"]] for part in parts] == [[1], [2], [3]]
    monkeypatch.setattr(verbs, "PART_MS", 1e9)
    _, *parts = await lines_of(service, sid, 4, 40, 5)
    assert [len(part["runs"]) for part in parts] == [BLOCK - 4, 43 - (BLOCK - 1)]


async def test_parts_are_of_the_net_at_the_time_of_the_request(service: SessionService) -> None:
    sid, _ = await service.open()
    parts = stream(service, sid, "seeds", {"first": 1, "count": 2 * BLOCK, "epochs": 20})
    found = [await anext(parts), await anext(parts)]
    await service.reset(sid, 1, Architecture(5, loss="mse"))
    found += [part async for part in parts]
    other, _ = await service.open()
    assert found == await lines_of(service, other, 1, 2 * BLOCK, 20)


async def test_a_server_that_stops_ends_the_parts(service: SessionService) -> None:
    sid, _ = await service.open()
    parts = stream(service, sid, "seeds", {"first": 1, "count": 2 * BLOCK, "epochs": 5})
    await anext(parts)
    service.events.close()
    assert [part async for part in parts] == []


@pytest.mark.parametrize(
    ("name", "code"), [("first", "bad_seed"), ("count", "bad_count"), ("epochs", "bad_epochs")]
)
async def test_forged_numbers_of_seeds(service: SessionService, name: str, code: str) -> None:
    sid, _ = await service.open()
    good = {"first": 1, "count": 1, "epochs": 1}
    for value in [*ODD, MAX_COUNT + 1 if name == "count" else 2**32]:
        with pytest.raises(UserError, match=code):
            stream(service, sid, "seeds", good | {name: value})


async def test_the_largest_seeds(service: SessionService) -> None:
    sid, _ = await service.open()
    found = await all_of(service, sid, 2**32 - 2, 2, 1)
    assert [row["seed"] for row in found] == [2**32 - 2, 2**32 - 1]
    with pytest.raises(UserError, match="seeds_beyond") as refusal:
        await all_of(service, sid, 2**32 - 2, 3, 1)
    assert refusal.value.args_ == {"max": 2**32 - 1}


async def test_too_many_epochs_are_refused_with_the_most_allowed(service: SessionService) -> None:
    sid, _ = await service.open()
    await service.reset(sid, 1, Architecture(2048, activation="sigmoid"))
    with pytest.raises(UserError, match="seeds_too_long") as refusal:
        await lines_of(service, sid, 1, 1, 1_000_000)
    most = int(refusal.value.args_["max"])
    assert await all_of(service, sid, 1, 1, most)


async def test_a_diverged_seed_is_still_json(service: SessionService) -> None:
    sid, _ = await service.open()
    await service.reset(sid, 1, Architecture(loss="mse"))
    await service.step(sid, SgdOptions(lr=1000.0))
    (row,) = await all_of(service, sid, 1, 1, 50)
    assert row["diverged"]
    assert row["curve"][-1] is None
    json.dumps(row, allow_nan=False)


async def test_begin_starts_over_and_trains(either: SessionService) -> None:
    sid, before = await either.open()
    await either.step(sid, AdamOptions())
    net, optimizer = {**NET, "h": 3, "bias1": True}, {"kind": "sgd", "lr": 0.1, "momentum": 0.5}
    body = {"seed": 7, "net": net, "optimizer": optimizer, "epochs": 40}
    snapshot = (await run(either, sid, "begin", body))["snapshot"]
    assert (snapshot["status"], snapshot["target_epoch"], snapshot["epoch"]) == ("running", 40, 0)
    assert (snapshot["seed"], snapshot["net"], snapshot["optimizer"]) == (7, net, optimizer)
    assert snapshot["first_seq"] > before["first_seq"]
    end = await finished(either, sid)
    x, y = either.points.x, either.points.y
    start = initial_state(7, x, y, Architecture(3, True))
    whole = train_slice(start, x, y, SgdOptions(0.1, 0.5), Budget(40))
    assert end["params"] == pytest.approx(whole.state.params.tolist(), abs=1e-6)
    _, frames = await read_rows(either, sid)
    assert (frames[0][1], frames[0][3]) == (0, "start")
    assert (frames[-1][1], frames[-1][3]) == (40, "end")


async def test_data_of_a_sessions_own(service: SessionService) -> None:
    """What is held out is not trained on, and numbers outside [0, 1] are left to MSE."""
    sid, _ = await service.open()
    spec = {"law": "own", "x": [-2, -1, 0, 1, 2, 3], "y": [2, 1, 0, 3, 6, 9], "held_out": 0.2}
    await run(service, sid, "use_data", {"spec": spec})
    points = await service.points_of(await service.state(sid))
    x, y = points.training
    (row,) = await all_of(service, sid, 1, 1, 30)
    mse = Architecture(loss="mse")
    end = train_slice(initial_state(1, x, y, mse), x, y, AdamOptions(), Budget(30)).state
    assert row["loss"] == pytest.approx(end.loss, rel=1e-5)
    found = await run(service, sid, "plateaus", {})
    assert found["both"] == pytest.approx(0, abs=1e-9)
    assert found["line"] == pytest.approx([-1, 3, 0], abs=1e-6)
    assert found["flat"] == pytest.approx(np.var(y), rel=1e-6)
    body = {"seed": 1, "net": {**NET, "loss": "mse"}, "optimizer": ADAM, "epochs": 30}
    await run(service, sid, "begin", body)
    assert (await finished(service, sid))["loss"] == pytest.approx(row["loss"], rel=1e-5)
    with pytest.raises(UserError, match="needs_mse"):
        await run(service, sid, "begin", {**body, "net": NET})


async def test_begin_replaces_a_run(service: SessionService) -> None:
    sid, _ = await service.open()
    await service.start_run(sid, 1_000_000, AdamOptions(), "torch@cpu")
    body = {"seed": 2, "net": NET, "optimizer": ADAM, "epochs": 5}
    await run(service, sid, "begin", body)
    end = await finished(service, sid)
    assert (end["seed"], end["epoch"]) == (2, 5)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("seed", "bad_seed"),
        ("net", "bad_architecture"),
        ("optimizer", "bad_optimizer"),
        ("epochs", "bad_epochs"),
    ],
)
async def test_a_forged_begin_changes_nothing(
    service: SessionService, name: str, code: str
) -> None:
    sid, before = await service.open()
    good = {"seed": 1, "net": NET, "optimizer": ADAM, "epochs": 5}
    for value in ODD:
        if (name, value) != ("net", {}):  # the lecture's
            with pytest.raises(UserError, match=code):
                await run(service, sid, "begin", good | {name: value})
    assert await service.get_snapshot(sid) == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"h": 0}, "bad_hidden"),
        ({"h": True}, "bad_hidden"),
        ({"h": 2.0}, "bad_hidden"),
        ({"bias1": 1}, "bad_architecture"),
        ({"activation": "tanh"}, "bad_architecture"),
        ({"loss": None}, "bad_architecture"),
    ],
)
async def test_forged_nets(service: SessionService, change: dict[str, Any], code: str) -> None:
    sid, _ = await service.open()
    body = {"seed": 1, "net": NET | change, "optimizer": ADAM, "epochs": 5}
    with pytest.raises(UserError, match=code):
        await run(service, sid, "begin", body)


@pytest.mark.parametrize(
    ("optimizer", "code"),
    [
        ({"kind": "adam", "lr": 0}, "bad_lr"),
        ({"kind": "adam", "lr": float("nan")}, "bad_lr"),
        ({"kind": "sgd", "lr": 0.1, "momentum": 1}, "bad_momentum"),
        ({"kind": "newton", "lr": 0.1}, "bad_optimizer"),
        ({"kind": "adam", "lr": "0.1"}, "bad_lr"),
        ({"kind": "sgd", "lr": 0.1, "momentum": None}, "bad_momentum"),
        ({"kind": "adam", "lr": 0.1, "eps": "0"}, "bad_optimizer"),
    ],
)
async def test_forged_optimizers(
    service: SessionService, optimizer: dict[str, Any], code: str
) -> None:
    sid, _ = await service.open()
    body = {"seed": 1, "net": NET, "optimizer": optimizer, "epochs": 5}
    with pytest.raises(UserError, match=code):
        await run(service, sid, "begin", body)


async def seeds_before_the_compiler(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Any]]:
    """The parts of one seed's answer, asked for while the engine is still compiled."""
    sid, _ = await service.open()
    monkeypatch.setattr(verbs, "RETRY_S", 0.0)
    monkeypatch.setattr(warmup, "is_ready", lambda: False)
    return stream(service, sid, "seeds", {"first": 1, "count": 1, "epochs": 1})


async def test_seeds_wait_for_the_compiler(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = await seeds_before_the_compiler(service, monkeypatch)
    head = await anext(parts)
    assert head["net"] == vars(LECTURE)
    for _ in range(3):
        assert await anext(parts) == {"waiting": "not_ready"}
    monkeypatch.setattr(warmup, "is_ready", lambda: True)
    assert [part async for part in parts][-1]["runs"][0]["seed"] == 1


async def test_a_part_is_not_retried_for_ever(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = await seeds_before_the_compiler(service, monkeypatch)
    await anext(parts)
    for _ in range(verbs.MAX_REFUSALS["not_ready"]):
        assert await anext(parts) == {"waiting": "not_ready"}
    with pytest.raises(UserError, match="not_ready"):
        await anext(parts)
