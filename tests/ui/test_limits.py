"""The limits in the page equal those of the commands' types."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from pwlapp.commands.seeds import Seeds
from pwlapp.commands.table import checked
from pwlapp.commands.training import Edit, Prepare, Train
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.ui.limits import limits

MAX_EPOCHS = 777
SERVICE: Any = SimpleNamespace(max_epochs=MAX_EPOCHS)
LIMITS = json.loads(json.dumps(limits(MAX_EPOCHS)))
NET = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
MADE = {"seed": 1, "net": NET}
TRAIN = {**MADE, "optimizer": {"kind": "adam", "lr": 0.1}, "engine": "auto", "epochs": 1}
SEEDS = {"first": 1, "count": 1, "epochs": 1}


def take(name: str, value: int) -> None:
    """Decode a value with the command type that belongs to this name in the page."""
    model, body = {
        "seed": (Prepare, MADE | {"seed": value}),
        "epochs": (Train, TRAIN | {"epochs": value}),
        "hidden": (Prepare, {"seed": 1, "net": NET | {"h": value}}),
        "seeds": (Seeds, SEEDS | {"count": value}),
    }[name]
    checked(model, body, SERVICE)


@pytest.mark.parametrize("name", ["seed", "epochs", "hidden", "seeds"])
def test_the_ends_of_a_range_are_accepted_and_values_beyond_refused(name: str) -> None:
    told = LIMITS["ranges"][name]
    for value in (told["min"], told["max"]):
        take(name, value)
    for value in (told["min"] - 1, told["max"] + 1):
        with pytest.raises(UserError) as refused:
            take(name, value)
        assert refused.value.code == told["code"]
        assert refused.value.args_.items() <= told.items()


def test_weights_and_learning_rates() -> None:
    most = LIMITS["max_param"]
    checked(Edit, {"params": [most, -most]}, SERVICE)
    with pytest.raises(UserError, match="bad_params"):
        checked(Edit, {"params": [most * 1.01]}, SERVICE)
    AdamOptions(lr=LIMITS["max_lr"])
    with pytest.raises(UserError, match="bad_lr"):
        SgdOptions(lr=LIMITS["max_lr"] * 1.01)


def test_every_choice_is_accepted() -> None:
    for activation in LIMITS["activations"]:
        for loss in LIMITS["losses"]:
            checked(
                Prepare, MADE | {"net": NET | {"activation": activation, "loss": loss}}, SERVICE
            )
    for kind, usual in LIMITS["optimizers"].items():
        read = checked(Train, TRAIN | {"optimizer": {"kind": kind, **usual}}, SERVICE)
        assert vars(read)["optimizer"] == {"adam": AdamOptions(), "sgd": SgdOptions()}[kind]
