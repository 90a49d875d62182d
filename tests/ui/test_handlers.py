"""The handlers of the sections' callbacks, without Dash and a browser."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from pwlapp.core import constructions
from pwlapp.core.engines import EngineInfo
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.sessions.state import SessionState
from pwlapp.ui import inputs
from pwlapp.ui.sections import build, fit
from pwlapp.ui.sections.fit_controls import engine_options
from tests.support.sessions import make_state

SESSION = {"sid": "a-session"}
NET = {"h": "2", "bias1": [], "activation": "relu", "loss": "bce"}
OTHER_NET = {"h": "5", "bias1": ["bias1"], "activation": "sigmoid", "loss": "mse"}
OTHER = Architecture(5, True, "sigmoid", "mse")
ADAM = {"kind": "adam", "lr": "1/1000", "momentum": "0"}
SGD = {"kind": "sgd", "lr": "0.5", "momentum": "0.9"}
MADE: dict[str, Any] = {"seed": "1", "net": NET}
STEP = MADE | {"optimizer": ADAM, "engine": "auto"}
TRAIN = STEP | {"epochs": "5,000"}


class RecordingService:
    """Records its calls; returns a snapshot, or refuses."""

    def __init__(self, refusal: UserError | None = None, epoch: int = 0) -> None:
        self.max_epochs = 1_000_000
        self.refusal = refusal
        self.asked: list[tuple[Any, ...]] = []
        self.snapshot: dict[str, Any] = {"epoch": epoch}
        state = make_state()
        self._state = replace(state, train=replace(state.train, epoch=epoch))

    async def state(self, sid: str) -> SessionState:
        self.asked.append(("state", sid))
        return self._state

    def __getattr__(self, verb: str) -> Any:
        async def answer(*args: Any, **_options: Any) -> dict[str, Any]:
            self.asked.append((verb, *args))
            if self.refusal:
                raise self.refusal
            return self.snapshot

        return answer


async def press(
    service: RecordingService, name: str, typed: dict[str, Any], session: Any = SESSION
) -> dict[str, Any]:
    """Press a button; returns the answer of its callback, given the values of its fields."""
    given = inputs.read(typed)
    assert given.keys() == typed.keys()
    answer = await fit.send(service, session, name, given)  # type: ignore[arg-type]
    assert answer.pop("sid") == (session["sid"] if session == SESSION else "")
    return answer


def test_every_control_sends_the_fields_of_its_command() -> None:
    for name, (_, sent) in fit.CONTROLS.items():
        model = fit.table.COMMANDS[name].model
        assert list(sent) == list(model.model_fields) or name == "reset", name
    assert set(fit.NET["net"]) == set(vars(Architecture()))


async def test_train_reads_what_was_typed() -> None:
    service = RecordingService()
    assert await press(service, "train", TRAIN) == {"snapshot": service.snapshot}
    assert service.asked == [
        ("state", "a-session"),
        ("start_run", "a-session", 5000, AdamOptions(lr=0.001), "auto"),
    ]


async def test_train_with_sgd_on_another_engine() -> None:
    service = RecordingService()
    await press(service, "train", TRAIN | {"optimizer": SGD, "engine": "torch@cpu", "epochs": "7"})
    options = SgdOptions(lr=0.5, momentum=0.9)
    assert service.asked[1:] == [("start_run", "a-session", 7, options, "torch@cpu")]


@pytest.mark.parametrize(("name", "verb"), [("train", "start_run"), ("step", "step")])
async def test_an_untrained_net_takes_seed_and_net_from_the_fields(name: str, verb: str) -> None:
    for made, reset in (
        ({"seed": "7", "net": NET}, ("reset", "a-session", 7, Architecture())),
        ({"seed": "1", "net": OTHER_NET}, ("reset", "a-session", 1, OTHER)),
    ):
        service = RecordingService()
        typed = (TRAIN if name == "train" else STEP) | made
        assert "error" not in await press(service, name, typed)
        assert [asked[0] for asked in service.asked] == ["state", "reset", verb]
        assert service.asked[1] == reset


@pytest.mark.parametrize("name", ["train", "step", "resume", "prepare"])
@pytest.mark.parametrize(
    ("made", "error"),
    [
        ({"seed": "7", "net": NET}, {"code": "seed_differs", "args": {"seed": 1, "typed": 7}}),
        ({"seed": "1", "net": OTHER_NET}, {"code": "net_differs", "args": {}}),
        ({"seed": "7", "net": OTHER_NET}, {"code": "net_differs", "args": {}}),
    ],
)
async def test_a_trained_net_is_kept(
    name: str, made: dict[str, Any], error: dict[str, Any]
) -> None:
    service = RecordingService(epoch=10)
    assert await press(service, name, TRAIN | made) == {"error": error}
    assert service.asked == [("state", "a-session")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"epochs": "0"}, "bad_epochs"),
        ({"epochs": "1.5"}, "bad_epochs"),
        ({"epochs": "many"}, "bad_epochs"),
        ({"epochs": None}, "bad_epochs"),
        ({"epochs": "1000001"}, "bad_epochs"),
        ({"engine": None}, "bad_engine"),
        ({"engine": ["auto"]}, "bad_engine"),
        ({"engine": 1}, "bad_engine"),
        ({"engine": {}}, "bad_engine"),
        ({"seed": "-1"}, "bad_seed"),
        ({"seed": ""}, "bad_seed"),
        ({"net": NET | {"h": "0"}}, "bad_hidden"),
        ({"net": NET | {"h": "2049"}}, "bad_hidden"),
        ({"net": NET | {"h": "2.5"}}, "bad_hidden"),
        ({"net": NET | {"h": None}}, "bad_hidden"),
        ({"net": NET | {"bias1": True}}, "bad_architecture"),
        ({"net": NET | {"bias1": ["bias2"]}}, "bad_architecture"),
        ({"net": NET | {"activation": "tanh"}}, "bad_architecture"),
        ({"net": NET | {"activation": ["relu"]}}, "bad_architecture"),
        ({"net": NET | {"loss": "hinge"}}, "bad_architecture"),
        ({"net": NET | {"loss": {}}}, "bad_architecture"),
        ({"optimizer": ADAM | {"lr": "0"}}, "bad_lr"),
        ({"optimizer": ADAM | {"lr": []}}, "bad_lr"),
        ({"optimizer": SGD | {"lr": "1001"}}, "bad_lr"),
        ({"optimizer": SGD | {"momentum": "1"}}, "bad_momentum"),
        ({"optimizer": SGD | {"momentum": "-0.1"}}, "bad_momentum"),
        ({"optimizer": SGD | {"momentum": "0.9999999999999999999"}}, "bad_momentum"),
        ({"optimizer": SGD | {"momentum": None}}, "bad_momentum"),
        ({"optimizer": ADAM | {"kind": "lbfgs"}}, "bad_optimizer"),
        ({"optimizer": ADAM | {"kind": ["adam"]}}, "bad_optimizer"),
    ],
)
async def test_train_refuses_nonsense(changes: dict[str, Any], code: str) -> None:
    service = RecordingService()
    answer = await press(service, "train", TRAIN | changes)
    assert answer["error"]["code"] == code
    json.dumps(answer)
    assert service.asked == []


async def test_pause() -> None:
    service = RecordingService()
    assert "error" not in await press(service, "pause", {})
    assert service.asked == [("pause", "a-session")]


@pytest.mark.parametrize("session", [None, {}, [], "sid", {"sid": 1}, {"sid": None}])
async def test_a_session_without_an_id_is_no_session(session: Any) -> None:
    service = RecordingService()
    await press(service, "pause", {}, session)
    assert service.asked == [("pause", "")]  # which is refused as unknown


async def test_a_run_is_resumed_with_the_fields() -> None:
    service = RecordingService()
    typed = STEP | {"optimizer": SGD, "engine": "torch@cpu"}
    assert "error" not in await press(service, "resume", typed)
    assert service.asked[1:] == [("resume", "a-session", SgdOptions(0.5, 0.9), "torch@cpu")]


async def test_enter_in_a_field_makes_an_untrained_net_only() -> None:
    service = RecordingService()
    assert "error" not in await press(service, "prepare", {"seed": "7", "net": OTHER_NET})
    assert service.asked[1:] == [("reset", "a-session", 7, OTHER), ("get_snapshot", "a-session")]


async def test_step_reset_and_edit() -> None:
    service = RecordingService()
    adam = {"kind": "adam", "lr": "0.01", "momentum": "x"}  # a field that Adam does not have
    await press(service, "step", STEP | {"optimizer": adam, "engine": "fused@cpu"})
    await press(service, "reset", {"seed": "7", "net": OTHER_NET})
    await fit.send(service, SESSION, "edit", {"params": [1, 2, 3, 4, 5]})  # type: ignore[arg-type]
    assert service.asked[1:] == [
        ("step", "a-session", AdamOptions(lr=0.01), "fused@cpu"),
        ("reset", "a-session", 7, OTHER),
        ("set_params", "a-session", [1, 2, 3, 4, 5]),
    ]
    forged = await fit.send(service, SESSION, "edit", {})  # type: ignore[arg-type]
    assert forged == {"sid": "a-session", "error": {"code": "bad_params", "args": {"max": 1e6}}}


async def test_reset_refuses_an_invalid_net() -> None:
    service = RecordingService()
    answer = await press(service, "reset", {"seed": "7", "net": NET | {"h": "2049"}})
    assert answer == {"error": {"code": "bad_hidden", "args": {"min": 1, "max": 2048}}}
    assert service.asked == []


async def test_refusals_reach_the_browser_as_a_code() -> None:
    service = RecordingService(UserError("bad_engine", name="torch@cuda:9"))
    answer = await press(service, "train", TRAIN | {"engine": "torch@cuda:9"})
    assert answer == {"error": {"code": "bad_engine", "args": {"name": "torch@cuda:9"}}}


async def test_a_session_that_cannot_be_opened_says_why() -> None:
    service = RecordingService(UserError("storage_failed"))
    opened = await fit.open_session(service, {"sid": "a-session"})  # type: ignore[arg-type]
    assert opened == {"sid": None, "error": {"code": "storage_failed", "args": {}}}


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


class Inline:
    """A runner that computes in this thread."""

    async def call(self, function: Any, /, *args: Any) -> Any:
        return function(*args)


async def test_constructions_run_the_code_that_they_show() -> None:
    answer = await build.run_constructions(Inline(), {"params": [2, -1, 0.5, 3, -1]})
    assert answer["error"] is None
    x = np.linspace(-1, 1, 1001)
    expected = 0.5 * np.maximum(2 * x, 0) + 3 * np.maximum(-x, 0) - 1
    assert len(answer["results"]) == 6
    for result in answer["results"]:
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
    assert answer["results"] == []
    assert answer["error"]["code"] == "bad_params"


def test_results_have_the_names_that_the_browser_reads() -> None:
    names = {field.name for field in fields(constructions.Result)}
    assert {"number", "code", "y", "max_difference"} <= names
