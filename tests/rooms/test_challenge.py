"""Challenges: scores and ranking."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.engines.torch_engine import make_net
from pwlapp.core.net import LECTURE, START, Architecture, Array, to_vector
from pwlapp.core.training import initial_state
from pwlapp.rooms.board.challenge import lowest_score, match_score, ranking
from pwlapp.rooms.state import Place, Seat
from pwlapp.sessions.frames import Frame, Mark

POINTS = lecture_points()
TARGET = to_vector(START).tolist()


def frame(epoch: int, loss: float, mark: Mark = "") -> Frame:
    return Frame(epoch + 1, epoch, loss, to_vector(START), mark)


def logits(x: torch.Tensor, params: Array, net: Architecture) -> torch.Tensor:
    """The logits as torch computes them."""
    made = make_net(net)
    torch.nn.utils.vector_to_parameters(torch.tensor(params), made.parameters())
    with torch.no_grad():
        return torch.nn.Sequential(*list(made)[:3])(x)


def test_the_same_line_has_the_score_zero() -> None:
    train = initial_state(1, POINTS.x, POINTS.y)
    assert match_score(replace(train, params=to_vector(START)), TARGET, POINTS) == 0
    swapped = np.array([-1, 1, -9, -4.5, 4.5], dtype=np.float32)
    assert match_score(replace(train, params=swapped), TARGET, POINTS) == 0


@pytest.mark.parametrize("net", [LECTURE, Architecture(h=20, bias1=True, loss="mse")])
def test_the_distance_is_that_of_the_logits_over_the_range(net: Architecture) -> None:
    train = initial_state(4, POINTS.x, POINTS.y, net)
    x = torch.linspace(-1, 1, 2001).reshape(-1, 1)
    line, wanted = (logits(x, *each) for each in ((train.params, net), (to_vector(START), LECTURE)))
    expected = (line - wanted).square().mean().sqrt().item()
    assert match_score(train, TARGET, POINTS) == pytest.approx(expected, rel=0.02)


def test_a_line_with_infinite_values_has_no_score() -> None:
    train = initial_state(1, POINTS.x, POINTS.y)
    broken = replace(train, params=np.full(5, np.inf, dtype=np.float32))
    assert match_score(broken, TARGET, POINTS) is None


def test_the_lowest_loss_within_the_epochs_counts() -> None:
    run = [frame(0, 0.1), frame(10, 0.5), frame(20, 0.4), frame(30, 0.45), frame(40, 0.2)]
    assert lowest_score(run, 30) == 0.4
    assert lowest_score(run, 40) == 0.2
    assert lowest_score(run, 5) is None
    assert lowest_score([], 5) is None


def test_weights_set_by_hand_do_not_count() -> None:
    run = [frame(10, 0.5), frame(10, 0.01, "edit"), frame(20, 0.02)]
    assert lowest_score(run, 30) == 0.5


def test_a_nan_loss_does_not_count() -> None:
    assert lowest_score([frame(10, 0.5), frame(20, float("nan"))], 30) == 0.5
    assert lowest_score([frame(20, float("nan"))], 30) is None


def test_the_ranking_has_the_best_first_and_shared_places() -> None:
    seats = [
        Seat(own="a", nickname="Ada", number=1),
        Seat(own="b", nickname="Bo", number=2, name_hidden=True),
        Seat(own="c", nickname="Cy", number=3),
        Seat(own="d", number=4),
        Seat(own="e", number=5),
    ]
    scores = {1: 0.3, 2: 0.2, 3: 0.3, 5: 0.9, 8: 0.1}
    assert ranking(scores, seats) == (
        Place(1, 2, "", 0.2),
        Place(2, 1, "Ada", 0.3),
        Place(2, 3, "Cy", 0.3),
        Place(4, 5, "", 0.9),
    )
