"""What ``fit-fields.js`` types into the fields when it has read a session."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from benchmarks.page import Page


def fill_net(page: Page, snapshot: dict[str, Any]) -> None:
    """The fields that say which net it is."""
    net = snapshot["net"]
    page.put("fit-seed", "value", text(snapshot["seed"]))
    page.put("fit-hidden", "value", text(net["h"]))
    page.put("fit-bias", "value", ["bias1"] if net["bias1"] else [])
    page.put("fit-activation", "value", net["activation"])
    page.put("fit-loss", "value", net["loss"])


def fill(page: Page, snapshot: dict[str, Any]) -> None:
    """All fields, when a session is opened."""
    fill_net(page, snapshot)
    optimizer = snapshot["optimizer"]
    page.put("fit-optimizer", "value", optimizer["kind"])
    page.put("fit-lr", "value", text(optimizer["lr"]))
    if optimizer["kind"] == "sgd":
        page.put("fit-momentum", "value", text(optimizer["momentum"]))
    page.put("fit-engine", "value", snapshot["engine"])


def text(number: float) -> str:
    """A number as JavaScript's ``String`` writes it, up to 2^53."""
    if number == int(number):
        return str(int(number))
    if abs(number) >= 1e-6:
        return f"{Decimal(repr(number)):f}"
    return re.sub(r"e-0*", "e-", repr(number))
