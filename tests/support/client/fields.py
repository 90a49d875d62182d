"""The values of the page's fields for a session, as in ``assets/fit/fields.ts``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.client.dash_page import Property


def net_fields(snapshot: dict[str, Any]) -> dict[Property, Any]:
    """The fields of the net."""
    net = snapshot["net"]
    fields = {
        "fit-seed": text(snapshot["seed"]),
        "fit-hidden": text(net["h"]),
        "fit-bias": ["bias1"] if net["bias1"] else [],
        "fit-activation": net["activation"],
        "fit-loss": net["loss"],
    }
    return {(field, "value"): value for field, value in fields.items()}


def optimizer_fields(snapshot: dict[str, Any]) -> dict[Property, Any]:
    """The fields of the optimizer, which are filled when a session is opened."""
    optimizer = snapshot["optimizer"]
    fields = {
        "fit-optimizer": optimizer["kind"],
        "fit-lr": text(optimizer["lr"]),
        "fit-engine": snapshot["engine"],
    }
    if optimizer["kind"] == "sgd":
        fields["fit-momentum"] = text(optimizer["momentum"])
    return {(field, "value"): value for field, value in fields.items()}


def text(number: float) -> str:
    """A number as JavaScript writes it, without an exponent."""
    return np.format_float_positional(number, trim="-")
