from __future__ import annotations

import pytest

from pwlapp.core.messages import fill


@pytest.mark.parametrize(
    ("n", "told"),
    [(1, "1 point is"), ("1", "1 point is"), (0, "0 points are"), ("1,000", "1,000 points are")],
)
def test_singular_and_plural(n: object, told: str) -> None:
    assert fill("{n} {n|point is|points are}", n=n) == told


def test_a_missing_argument_is_an_error() -> None:
    for message in ("{n}", "{n|one|other}"):
        with pytest.raises(KeyError, match="n"):
            fill(message)
