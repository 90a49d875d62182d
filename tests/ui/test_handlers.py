"""The sections' handlers, with neither Dash nor a browser."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import pytest

from pwlapp.core import constructions
from pwlapp.core.engines import EngineInfo
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.ui.inputs import NetFields, OptimizerFields
from pwlapp.ui.sections import build
from pwlapp.ui.sections import fit_commands as fit
from pwlapp.ui.sections.fit_commands import Start
from pwlapp.ui.sections.fit_controls import engine_options

SESSION = {"sid": "a-session"}
LECTURE = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
NET = NetFields("2", [], "relu", "bce")
OTHER_NET = NetFields("5", ["bias1"], "sigmoid", "mse")
OTHER = Architecture(5, True, "sigmoid", "mse")
ADAM = OptimizerFields("adam", "1/1000", "0")


class Limits(NamedTuple):
    """The one limit that the handlers ask for."""

    max_epochs: int = 1_000_000


class RecordingTrainer:
    """Records its calls; returns a snapshot, or refuses."""

    def __init__(self, refusal: UserError | None = None) -> None:
        self.limits = Limits()
        self.refusal = refusal
        self.asked: list[tuple[Any, ...]] = []
        self.snapshot: dict[str, Any] = {"epoch": 0, "seed": 1, "net": LECTURE}

    def __getattr__(self, verb: str) -> Any:
        async def answer(*args: Any) -> dict[str, Any]:
            self.asked.append((verb, *args))
            if self.refusal:
                raise self.refusal
            return self.snapshot

        return answer


def started(seed: Any = "1", net: NetFields = NET, known: Any = None) -> Start:
    return Start(seed, net, known)


async def test_start_run_reads_the_fields() -> None:
    service = RecordingTrainer()
    reply = await fit.start_run(service, SESSION, "5,000", "auto", started(), ADAM)
    assert reply == fit.Reply(service.snapshot, None)
    assert service.asked == [
        ("look", "a-session"),
        ("start_run", "a-session", 5000, AdamOptions(lr=0.001), "auto"),
    ]


async def test_start_run_with_sgd_on_another_engine() -> None:
    service = RecordingTrainer()
    sgd = OptimizerFields("sgd", "0.5", "0.9")
    await fit.start_run(service, SESSION, "7", "torch@cpu", started(), sgd)
    options = SgdOptions(lr=0.5, momentum=0.9)
    assert service.asked[1:] == [("start_run", "a-session", 7, options, "torch@cpu")]


async def test_where_the_page_knows_its_net_nothing_is_asked_before_the_run() -> None:
    service = RecordingTrainer()
    known = {"seed": 1, "net": LECTURE}
    await fit.start_run(service, SESSION, "5", "auto", started(known=known), ADAM)
    assert [asked[0] for asked in service.asked] == ["start_run"]


@pytest.mark.parametrize(
    "known",
    [{"seed": 2, "net": LECTURE}, {"seed": 1, "net": LECTURE | {"h": 3}}, {"seed": 1}, {}, [], "x"],
)
async def test_outdated_knowledge_of_the_page_is_corrected(known: Any) -> None:
    service = RecordingTrainer()
    await fit.start_run(service, SESSION, "5", "auto", started(known=known), ADAM)
    assert [asked[0] for asked in service.asked] == ["look", "start_run"]


@pytest.mark.parametrize("verb", ["start_run", "step"])
async def test_a_fresh_net_takes_seed_and_net_in_the_fields(verb: str) -> None:
    for start, made in (
        (started("7"), ("reset", "a-session", 7, Architecture())),
        (started("1", OTHER_NET), ("reset", "a-session", 1, OTHER)),
        (started("1", OTHER_NET, {"seed": 1, "net": LECTURE}), ("reset", "a-session", 1, OTHER)),
    ):
        service = RecordingTrainer()
        before = ("5", "auto") if verb == "start_run" else ("auto",)
        reply = await getattr(fit, verb)(service, SESSION, *before, start, ADAM)
        assert reply.error is None
        assert [asked[0] for asked in service.asked] == ["look", "reset", verb]
        assert service.asked[1] == made


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (started("7"), {"code": "seed_differs", "args": {"seed": 1, "typed": 7}}),
        (started("1", OTHER_NET), {"code": "net_differs", "args": {}}),
        (started("7", OTHER_NET), {"code": "net_differs", "args": {}}),
    ],
)
async def test_a_trained_net_is_not_thrown_away(start: Start, error: dict[str, Any]) -> None:
    for command in (
        lambda service: fit.start_run(service, SESSION, "5", "auto", start, ADAM),
        lambda service: fit.step(service, SESSION, "auto", start, ADAM),
        lambda service: fit.resume(service, SESSION, "auto", start, ADAM),
        lambda service: fit.take(service, SESSION, start),
    ):
        service = RecordingTrainer()
        service.snapshot = {"epoch": 10, "seed": 1, "net": LECTURE}
        reply = await command(service)
        assert reply.error == error
        assert service.asked == [("look", "a-session")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"epochs": "0"}, "bad_epochs"),
        ({"epochs": "1.5"}, "bad_epochs"),
        ({"epochs": None}, "bad_epochs"),
        ({"epochs": "1000001"}, "bad_epochs"),
        ({"engine": None}, "bad_engine"),
        ({"engine": ["auto"]}, "bad_engine"),
        ({"start": started("-1")}, "bad_seed"),
        ({"start": started(net=NetFields("0", [], "relu", "bce"))}, "bad_hidden"),
        ({"optimizer": OptimizerFields("adam", "0", "0")}, "bad_lr"),
        ({"optimizer": OptimizerFields("adam", [], "0")}, "bad_lr"),
        ({"optimizer": OptimizerFields("sgd", "1001", "0")}, "bad_lr"),
        ({"optimizer": OptimizerFields("sgd", "0.1", "1")}, "bad_momentum"),
        ({"optimizer": OptimizerFields("lbfgs", "0.1", "0")}, "bad_optimizer"),
    ],
)
async def test_start_run_refuses_nonsense(changes: dict[str, Any], code: str) -> None:
    service = RecordingTrainer()
    typed = {"epochs": "5", "engine": "auto", "start": started(), "optimizer": ADAM} | changes
    reply = await fit.start_run(service, SESSION, **typed)
    assert reply.snapshot is None
    assert reply.error is not None
    assert reply.error["code"] == code
    assert service.asked == []


async def test_pause() -> None:
    service = RecordingTrainer()
    assert (await fit.pause(service, SESSION)).error is None
    assert service.asked == [("pause", "a-session")]
    unknown = await fit.pause(service, None)
    assert unknown.error == {"code": "session_unknown", "args": {}}


async def test_a_run_is_resumed_with_the_fields() -> None:
    service = RecordingTrainer()
    start = started(known={"seed": 1, "net": LECTURE})
    sgd = OptimizerFields("sgd", "0.5", "0.9")
    assert (await fit.resume(service, SESSION, "torch@cpu", start, sgd)).error is None
    assert service.asked == [("resume", "a-session", SgdOptions(0.5, 0.9), "torch@cpu")]


async def test_enter_in_a_field_makes_an_untrained_net_only() -> None:
    service = RecordingTrainer()
    assert (await fit.take(service, SESSION, started("7", OTHER_NET))).error is None
    assert service.asked[1:] == [("reset", "a-session", 7, OTHER), ("look", "a-session")]


async def test_step_reset_and_edit() -> None:
    service = RecordingTrainer()
    known = {"seed": 1, "net": LECTURE}
    adam = OptimizerFields("adam", "0.01", "x")
    await fit.step(service, SESSION, "fused@cpu", started(known=known), adam)
    await fit.reset(service, SESSION, "7", OTHER_NET)
    await fit.edit_params(service, SESSION, {"params": [1, 2, 3, 4, 5]})
    await fit.edit_params(service, SESSION, "forged")
    assert service.asked == [
        ("step", "a-session", AdamOptions(lr=0.01), "fused@cpu"),
        ("reset", "a-session", 7, OTHER),
        ("set_params", "a-session", [1, 2, 3, 4, 5]),
        ("set_params", "a-session", None),  # the service's own check refuses it
    ]


async def test_reset_refuses_a_net_that_cannot_be() -> None:
    service = RecordingTrainer()
    reply = await fit.reset(service, SESSION, "7", NetFields("2049", [], "relu", "bce"))
    assert reply.error == {"code": "bad_hidden", "args": {"min": 1, "max": 2048}}
    assert service.asked == []


def test_engines_are_named_for_people() -> None:
    options = engine_options(
        (
            EngineInfo("fused@cpu", "fused", "cpu", "a processor"),
            EngineInfo("torch@cuda:1", "torch", "cuda", "a card"),
        )
    )
    assert [option["value"] for option in options] == ["auto", "fused@cpu", "torch@cuda:1"]
    word, device = options[2]["label"].children
    assert (word.children, device) == ("GPU, PyTorch", ": a card")


async def test_a_refusal_of_the_service_reaches_the_browser_as_a_code() -> None:
    service = RecordingTrainer(UserError("bad_engine", name="torch@cuda:9"))
    reply = await fit.start_run(service, SESSION, 5, "torch@cuda:9", started(), ADAM)
    assert reply == fit.Reply(None, {"code": "bad_engine", "args": {"name": "torch@cuda:9"}})


async def test_a_session_that_cannot_be_opened_says_why() -> None:
    service = RecordingTrainer(UserError("storage_failed"))
    opened = await fit.open_session(service, {"sid": "a-session"})
    assert opened == {"sid": None, "error": {"code": "storage_failed", "args": {}}}


class Inline:
    """A runner that computes here."""

    async def call(self, function: Any, /, *args: Any) -> Any:
        return function(*args)


async def test_constructions_run_the_code_that_they_show() -> None:
    answer = await build.run_constructions(Inline(), {"params": [2, -1, 0.5, 3, -1]})
    assert answer.error is None
    x = np.linspace(-1, 1, 1001)
    expected = 0.5 * np.maximum(2 * x, 0) + 3 * np.maximum(-x, 0) - 1
    assert len(answer.results) == 6
    for result in answer.results:
        assert np.abs(np.array(result["y"]) - expected).max() < 1e-5
        namespace: dict[str, Any] = {}
        exec(result["code"], namespace)
        y = namespace["y"].detach().flatten().numpy()
        assert np.array_equal(y, np.array(result["y"], np.float32))


@pytest.mark.parametrize("data", [None, [], {}, {"params": "x"}, {"params": [1, 2]},
                                  {"params": [1, 2, 3, 4, float("nan")]},
                                  {"params": [1, 2, 3, 4, "__import__('os')"]}])  # fmt: skip
async def test_constructions_refuse_nonsense(data: Any) -> None:
    answer = await build.run_constructions(Inline(), data)
    assert answer.results == []
    assert answer.error is not None
    assert answer.error["code"] == "bad_params"


def test_results_have_the_names_that_the_browser_reads() -> None:
    names = {field.name for field in fields(constructions.Result)}
    assert {"number", "code", "y", "max_difference"} <= names
