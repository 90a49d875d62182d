"""Numbers -> Plotly figures.

A figure here is what is drawn before the browser's own code moves it: axes, roles and colours.
While sliders are dragged or a net trains, ``assets/`` changes only the ``y`` of its curves.
Traces are addressed by position, so their order is part of the contract (see ``TRACES``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pwlapp.core import net

# One colour per role, everywhere. They are chosen to be told apart by colour-blind readers and
# to keep a contrast of 3:1 or more on the light and on the dark surface.
COLOURS = {
    "data": "#7c8797",
    "truth": "#6b7a90",
    "yhat": "#3d6df2",
    "unit1": "#d9730d",
    "unit2": "#0f9488",
    "others": "#868c99",
}
# Colour is not all that tells the curves apart; `plotting.ts` has the same. The rest is solid.
DASHES = {"truth": "dash", "unit1": "dot", "unit2": "dashdot"}

# Order of the traces in each figure, which the browser code relies on. The dashed truth lies on
# top, so that it still shows where the net has reached it.
TRACES = {
    "bent": ("unit1", "unit2", "yhat", "truth", "bend"),
    "logit": ("unit1", "unit2", "yhat", "truth", "bend", "others"),
    "points": ("data", "held out"),
    "yhat": ("yhat", "truth"),
    "loss": ("truth", "loss", "head", "test loss"),
}

# In double precision; it has 0 in it, where the lecture's net bends.
GRID: Any = np.linspace(-1.0, 1.0, 101)

Figure = dict[str, Any]


def _layout(**options: Any) -> dict[str, Any]:
    """What all figures share; text and grid colours come from the style sheet."""
    return {
        "margin": {"l": 46, "r": 14, "t": 10, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "inherit", "size": 14},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "keep",
        **options,
    }


def _axis(title: str, span: tuple[float, float] | None = None, **options: Any) -> dict[str, Any]:
    axis = {
        "title": {"text": title, "standoff": 6},
        "fixedrange": True,
        "zeroline": True,
        "zerolinewidth": 1,
        "ticks": "",
        **options,
    }
    return axis if span is None else {**axis, "range": list(span), "autorange": False}


def _line(role: str, x: Any = (), y: Any = (), *, width: float = 3, dash: str = "") -> Any:
    # The truth may have thousands of points, and is painted again beneath each frame of the net.
    simplify = role == "truth"
    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="lines",
        line={
            "color": COLOURS[role],
            "width": width,
            "dash": dash or DASHES.get(role, "solid"),
            "simplify": simplify,
        },
        hovertemplate="(%{x:.2f}, %{y:.4f})<extra></extra>",
    )


def _dot(x: Any, y: Any) -> Any:
    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        marker={"color": COLOURS["yhat"], "size": 11, "line": {"color": "#fff", "width": 2}},
        hovertemplate="(%{x:.2f}, %{y:.4f})<extra></extra>",
    )


def _bent_traces(params: net.Params, truth: Any) -> list[Any]:
    """The two units' contributions, their sum, the truth and the bend, as in ``TRACES``."""
    parts = net.contributions(params, GRID)  # (101, h)
    return [
        _line("unit1", GRID, parts[:, 0], width=2),
        _line("unit2", GRID, parts[:, 1], width=2),
        _line("yhat", GRID, net.logit(params, GRID), width=4),
        _line("truth", GRID, truth, width=2),
        _dot([0], [params.b2]),
    ]


def build_figure() -> Figure:
    """Section 2's big plot: target, units, net and bend, at the start values."""
    traces = _bent_traces(net.START, net.target(GRID))
    return _figure(traces, _axis("x", (-1.04, 1.04)), _axis("y", (-10, 10)))


def panel_figure(role: str) -> Figure:
    """One of the five panels of the pipeline strip."""
    trace = _line(role, GRID, np.zeros_like(GRID), width=3)
    ticks = {"tickvals": [-1, 0, 1]}
    axes = _axis("", (-1.04, 1.04), **ticks), _axis("", (-1.2, 1.2), **ticks)
    return _figure([trace], *axes, margin={"l": 44, "r": 8, "t": 4, "b": 22})


def construction_figure() -> Figure:
    """The curve of one construction."""
    trace = _line("yhat", [], [], width=3)
    return _figure([trace], _axis("x", (-1.04, 1.04)), _axis("y", (-10, 10)))


_YHAT_AXES = _axis("x", (-1.04, 1.04)), _axis("y", (-0.12, 1.12))


def points_figure() -> Figure:
    """The data alone, to lie under `yhat_figure` in the same axes.

    A surface of its own: the browser then paints thousands of points once, and not again with each
    frame of the curve.
    """
    marker = {"color": COLOURS["data"], "size": 4, "opacity": 0.18}
    held_out = {**marker, "symbol": "circle-open", "line": {"width": 1.5}}
    points = [
        go.Scatter(x=[None], y=[None], mode="markers", marker=look, meta=role, hoverinfo="skip")
        for role, look in (("data", marker), ("held-out", held_out))
    ]
    return _figure(points, *_YHAT_AXES)


def yhat_figure() -> Figure:
    """Section 3's plot: yhat and prob; the points lie below, in `points_figure`."""
    nothing_yet = [None] * len(GRID)  # but a trace: one without points would lose its place below
    yhat = _line("yhat", GRID, nothing_yet, width=4)
    return _figure([yhat, _line("truth", width=2)], *_YHAT_AXES)


def logit_figure() -> Figure:
    """The same net before the sigmoid: a bent line against the true logit."""
    flat = net.Params(np.zeros(2, np.float32), np.zeros(2, np.float32), 0.0)
    # units 3 and up, as one trace; below the two that have colours
    others = _line("others", GRID, [None] * len(GRID), width=1.5).update(zorder=-1)
    traces = [*_bent_traces(flat, np.zeros_like(GRID)), others]
    return _figure(traces, _axis("x", (-1.04, 1.04)), _axis("logit", (-12, 8)))


def loss_figure(epoch: str, loss: str) -> Figure:
    """The loss curve, with the loss of prob itself as a dashed line, and the test loss as dots.

    Parameters
    ----------
    epoch, loss : str
        The words for the axes, in the visitor's language.
    """
    hover = "%{x:,} · %{y:.6f}<extra></extra>"
    curve = _line("yhat", width=3).update(hovertemplate=hover)
    truth = _line("truth", width=2).update(hovertemplate="%{y:.6f}<extra></extra>")
    head = _dot([], []).update(hovertemplate=hover, cliponaxis=False)  # whole at epoch 0 as well
    test = _line("yhat", [None], [None], width=2, dash="dot")
    test.update(hovertemplate=hover, meta="test-loss")
    axes = _axis(epoch, (0, 5000)), _axis(loss, (0.2, 0.9))
    room = {"l": 62, "r": 14, "t": 10, "b": 40}  # for ticks with two decimals
    return _figure([truth, curve, head, test], *axes, hovermode="x", margin=room)


def _figure(traces: list[Any], xaxis: Any, yaxis: Any, **layout: Any) -> Figure:
    figure = go.Figure(traces, _layout(xaxis=xaxis, yaxis=yaxis, **layout))
    figure.layout.template = None  # the default template is 7 KB of colours that we never use
    plain: Figure = figure.to_plotly_json()
    plain["layout"].pop("template", None)
    return plain
