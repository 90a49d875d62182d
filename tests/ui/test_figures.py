from __future__ import annotations

import numpy as np
import pytest

from pwlapp.core import net
from pwlapp.ui import figures


def roles(figure: figures.Figure) -> list[str]:
    names = {colour: role for role, colour in figures.COLOURS.items()}
    return [names[(trace.get("line") or trace["marker"])["color"]] for trace in figure["data"]]


def test_traces_have_the_order_that_the_browser_expects() -> None:
    bent = ["unit1", "unit2", "yhat", "truth", "yhat"]
    assert roles(figures.build_figure()) == bent
    assert roles(figures.logit_figure()) == [*bent, "others"]
    assert len(bent) == len(figures.TRACES["bent"])
    assert figures.TRACES["logit"] == (*figures.TRACES["bent"], "others")
    assert roles(figures.yhat_figure()) == list(figures.TRACES["yhat"])
    assert roles(figures.points_figure()) == ["data", "data"]
    assert len(figures.TRACES["points"]) == 2
    assert roles(figures.loss_figure("epoch", "loss")) == ["truth", "yhat", "yhat", "yhat"]
    assert len(figures.TRACES["loss"]) == 4
    head = figures.loss_figure("epoch", "loss")["data"][2]
    assert head["cliponaxis"] is False  # whole at epoch 0, at the edge of the plot


def test_the_start_equals_the_closed_form() -> None:
    unit1, unit2, y, truth, bend = figures.build_figure()["data"]
    x = np.array(y["x"])
    assert 0 in x
    assert y["y"] == pytest.approx(np.where(x < 0, 9 * x, -4.5 * x) + 4.5)
    assert truth["y"] == pytest.approx(y["y"])
    assert np.array(unit1["y"]) + np.array(unit2["y"]) + 4.5 == pytest.approx(np.array(y["y"]))
    assert (bend["x"], bend["y"]) == ([0], [net.START.b2])


def test_other_units_are_painted_below_the_ones_with_colours() -> None:
    *named, others = figures.logit_figure()["data"]
    assert all(others["zorder"] < trace.get("zorder", 0) for trace in named)


def test_points_and_curve_have_the_same_axes() -> None:
    for axis in ("xaxis", "yaxis", "margin"):
        assert figures.points_figure()["layout"][axis] == figures.yhat_figure()["layout"][axis]


def test_units_net_and_truth_also_differ_by_their_dashes() -> None:
    for figure in (figures.build_figure(), figures.logit_figure()):
        unit1, unit2, yhat, truth = (trace["line"]["dash"] for trace in figure["data"][:4])
        assert len({unit1, unit2, yhat, truth}) == 4
