"""Converts the values of the page's fields into the body of a command, which checks them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

# 5,000 but not 1,5, which means one and a half in many countries.
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(,\d{3})+(?![\d,])", re.ASCII)

# Short decimals. The exponent is limited because Fraction("1e999999999") would fill the memory
# before any range check.
_NUMBER = re.compile(
    r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})(e[+-]?\d{1,2})?", re.IGNORECASE | re.ASCII
)


def number(value: Any) -> Any:
    """Read a number from text such as ``5,000``, ``1e-3`` or ``1/3``; return other values as is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    # NFKC converts full-width digits, which some keyboards type
    written = unicodedata.normalize("NFKC", str(value)).strip().replace("−", "-").replace(" ", "")
    written = _THOUSANDS.sub(lambda digits: digits[0].replace(",", ""), written)
    parts = written.split("/")
    if len(parts) > 2 or not all(_NUMBER.fullmatch(part) for part in parts):
        return value
    above, below = Fraction(parts[0]), Fraction(parts[-1] if len(parts) > 1 else 1)
    if below == 0:
        return value
    found = above / below
    return int(found) if found.denominator == 1 else float(found)


def ticked(value: Any) -> Any:
    """Whether the checkbox of the bias is checked; None for any other value."""
    return bool(value) if value in (None, [], ["bias1"]) else None


READERS = {
    "seed": number,
    "epochs": number,
    "h": number,
    "lr": number,
    "momentum": number,
    "bias1": ticked,
}


def read(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Convert typed numbers and checkboxes in a (nested) body."""
    return {
        name: read(value)
        if isinstance(value, dict)
        else READERS.get(name, lambda same: same)(value)
        for name, value in fields.items()
    }
