"""docs/lecturers.md and lecturers.ko.md: their numbers are computed, their buttons exist."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pwlapp.core.analysis.plateaus import plateaus
from pwlapp.core.analysis.seeds import train_seeds
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.engines import FUSED_CPU
from pwlapp.core.net import LECTURE, Architecture, from_vector, slopes
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state, train_slice
from pwlapp.ui.i18n import catalogue

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "lecturers.md", "ko": DOCS / "lecturers.ko.md"}
POINTS = lecture_points()
X, Y = POINTS.training
FOREVER_MS = 1e9
MARGIN = 0.02  # as in assets/explore/seeds/outcomes.ts
# Numbers that are settings, not results; smaller whole numbers are minutes, seeds or counts.
SETTINGS = {"5,000", "10,000", "2,000", "500", "100", "0.001", "0.01", "0.1", "8050", "127.0.0.1"}
SMALL = 60


def trained(
    seed: int, epochs: int, net: Architecture = LECTURE, lr: float = AdamOptions.lr
) -> TrainState:
    state = initial_state(seed, X, Y, net)
    if not epochs:
        return state
    return train_slice(state, X, Y, AdamOptions(lr=lr), Budget(epochs), FUSED_CPU).state


def written(value: float, digits: int) -> str:
    """A number as the page writes it."""
    return f"{value:.{digits}f}".replace("-", "−")


def bent(count: int, net: Architecture = LECTURE) -> list[int]:
    """The seeds up to `count` whose nets bend on both sides, by the rule of Explore."""
    floor = plateaus(X, Y, "bce")
    one_sided = min(floor.left, floor.right)
    runs = train_seeds(1, count, X, Y, net, AdamOptions(), 5000, FOREVER_MS)
    limit = one_sided - MARGIN * (one_sided - floor.both)
    return [seed for seed, loss in enumerate(runs.losses, start=1) if loss < limit]


def row(seed: int, epochs: int) -> str:
    """A row of the table of runs."""
    state = trained(seed, epochs)
    left, right = slopes(from_vector(state.params, False))
    first = ", ".join(written(w, 4) for w in state.params[:2])
    assert state.loss is not None
    loss = written(state.loss, 6)
    bends = f"{written(left, 2)} / {written(right, 2)}"
    return f"| {seed} | {epochs:,} | {loss} | {first} | {bends} |"


@pytest.fixture(scope="module")
def rows() -> list[str]:
    runs = [(1, 0), (1, 5000), (1, 10_000), (2, 5000), (2, 10_000), (3, 5000), (3, 10_000)]
    return [row(*run) for run in runs]


@pytest.fixture(scope="module")
def facts() -> dict[str, str]:
    """The numbers in the other tables and in sentences."""
    floor = plateaus(X, Y, "bce")
    seeds = bent(500)
    same = [np.ptp(np.sign(initial_state(k, X, Y).params[:2])) == 0 for k in range(1, 501)]
    assert POINTS.prob is not None
    truth = -np.mean(np.log(np.where(Y == 1, POINTS.prob, 1 - POINTS.prob), dtype=np.float64))
    far = trained(1, 5000, lr=100.0)
    assert (far.epoch, far.loss) == (0, trained(1, 0).loss)
    losses = {
        "truth": truth,
        "both": floor.both,
        "left": floor.left,
        "right": floor.right,
        "lr 0.01": trained(1, 5000, lr=0.01).loss,
        "lr 0.1": trained(1, 5000, lr=0.1).loss,
        "8 units": trained(3, 5000, Architecture(8)).loss,
    }
    found = {name: written(float(loss or 0), 6) for name, loss in losses.items()}
    assert found["lr 0.01"] == found["both"]
    assert found["lr 0.1"] == found["left"]
    assert sum(seed <= 24 for seed in seeds) == 5
    assert len(bent(24, Architecture(8))) == 24
    found["bent of 12"] = ", ".join(str(seed) for seed in seeds if seed <= 12)
    return found | {"bent of 500": str(len(seeds)), "same side": str(sum(same))}


@pytest.mark.parametrize("lang", PAGES)
def test_every_number_is_computed(lang: str, rows: list[str], facts: dict[str, str]) -> None:
    text = PAGES[lang].read_text("utf-8")
    assert [line for line in rows if line not in text] == []
    assert [name for name, number in facts.items() if number not in text] == []
    number = r"−?\d[\d,]*(?:\.\d+)*"
    computed = set(re.findall(number, " ".join([*rows, *facts.values()])))
    for found in re.findall(number, text):
        plain = found.rstrip(",")
        small = plain.removeprefix("−").isdigit() and int(plain.removeprefix("−")) <= SMALL
        assert small or plain in computed | SETTINGS, plain


def pattern_of(message: str) -> str:
    """A regular expression for a message with whole numbers in its placeholders."""
    escaped = re.sub(r"\\\{\w+\\\}", r"[\\d,]+", re.escape(message))
    return re.sub(r"\\\{\w+\\\|(.+?)\\\|(.+?)\\\}", r"(?:\1|\2)", escaped)


@pytest.mark.parametrize("lang", PAGES)
def test_bold_texts_are_labels_of_the_page(lang: str) -> None:
    patterns = [pattern_of(text) for text in catalogue(lang).values()]
    is_said = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    said = re.findall(r"\*\*(.+?)\*\*", PAGES[lang].read_text("utf-8"))
    assert len(said) > 30
    assert [word for word in said if not is_said.fullmatch(word)] == []


def test_both_languages_say_the_same() -> None:
    """They have equal numbers of headings, rows and steps."""
    shapes = [
        [re.sub(r"\w+", "", line)[:2] for line in page.read_text("utf-8").splitlines()
         if line.startswith(("#", "|", "- ", "1", "2", "3"))]
        for page in PAGES.values()
    ]  # fmt: skip
    assert shapes[0] == shapes[1]
