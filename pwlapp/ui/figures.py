"""The initial Plotly figures: axes, traces and colours.

While sliders are dragged or a net trains, the scripts in ``assets/`` change only the ``y`` of the
curves. They address traces by position, so the order in ``TRACES`` must not change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pwlapp.core import net

# Each role has the same colour everywhere. Colour-blind readers can distinguish the colours, and
# their contrast is at least 3:1 on the light and on the dark surface.
COLOURS = {
    "data": "#7c8797",
    "truth": "#6b7a90",
    "yhat": "#3d6df2",
    "unit1": "#d9730d",
    "unit2": "#0f9488",
    "others": "#868c99",
}
# Dashes also distinguish the curves; `plotting.ts` has the same. Other roles are solid.
DASHES = {"truth": "dash", "unit1": "dot", "unit2": "dashdot"}

# Order of the traces in each figure, which the scripts rely on. The dashed truth is on top, so that
# it stays visible where the net has reached it.
TRACES = {
    "bent": ("unit1", "unit2", "yhat", "truth", "bend"),
    "logit": ("unit1", "unit2", "yhat", "truth", "bend", "others"),
    "points": ("data", "held out"),
    "yhat": ("yhat", "truth"),
    "loss": ("truth", "loss", "head", "test loss"),
}

# In double precision; it contains 0, where the lecture's net bends.
GRID: Any = np.linspace(-1.0, 1.0, 101)

Figure = dict[str, Any]


def _layout(**options: Any) -> dict[str, Any]:
    """The layout that all figures share; the style sheet sets the colours of text and grid."""
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
    # The truth may have thousands of points and is painted again with each frame of the net.
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
    """The two units' contributions, their sum, the truth and the bend, in the order of TRACES."""
    parts = net.contributions(params, GRID)  # (101, h)
    return [
        _line("unit1", GRID, parts[:, 0], width=2),
        _line("unit2", GRID, parts[:, 1], width=2),
        _line("yhat", GRID, net.logit(params, GRID), width=4),
        _line("truth", GRID, truth, width=2),
        _dot([0], [params.b2]),
    ]


def build_figure() -> Figure:
    """The plot of Build: target, units, net and bend, with the start values."""
    traces = _bent_traces(net.START, net.target(GRID))
    return _figure(traces, _axis("x", (-1.04, 1.04)), _axis("y", (-10, 10)))


def panel_figure(role: str) -> Figure:
    """A panel of the middle steps in Build."""
    trace = _line(role, GRID, np.zeros_like(GRID), width=3)
    top = 5 if role == "yhat" else 1  # the ranges that assets/build/build.ts gives small values
    x_axis = _axis("", (-1.04, 1.04), tickvals=[-1, 0, 1])
    y_axis = _axis("", (-1.2 * top, 1.2 * top), tickvals=[-top, 0, top])
    return _figure([trace], x_axis, y_axis, margin={"l": 44, "r": 8, "t": 4, "b": 22})


def construction_figure() -> Figure:
    """The curve of one construction."""
    trace = _line("yhat", [], [], width=3)
    return _figure([trace], _axis("x", (-1.04, 1.04)), _axis("y", (-10, 10)))


_YHAT_AXES = _axis("x", (-1.04, 1.04)), _axis("y", (-0.12, 1.12))


def points_figure() -> Figure:
    """The data, for a layer below `yhat_figure` with the same axes.

    In a layer of their own, thousands of points are painted once, and not with each frame of the
    curve.
    """
    marker = {"color": COLOURS["data"], "size": 4, "opacity": 0.18}
    held_out = {**marker, "symbol": "circle-open", "line": {"width": 1.5}}
    points = [
        go.Scatter(x=[None], y=[None], mode="markers", marker=look, meta=role, hoverinfo="skip")
        for role, look in (("data", marker), ("held-out", held_out))
    ]
    return _figure(points, *_YHAT_AXES)


def yhat_figure() -> Figure:
    """The plot of Fit with yhat and prob; the points are in the layer below, `points_figure`."""
    nothing_yet = [None] * len(GRID)  # Plotly drops a trace without points, which moves the others
    yhat = _line("yhat", GRID, nothing_yet, width=4)
    return _figure([yhat, _line("truth", width=2)], *_YHAT_AXES)


def logit_figure() -> Figure:
    """The plot of Fit with the logit, its units and the true logit."""
    flat = net.Params(np.zeros(2, np.float32), np.zeros(2, np.float32), 0.0)
    # units 3 and up as one trace, below the two units with colours
    others = _line("others", GRID, [None] * len(GRID), width=1.5).update(zorder=-1)
    traces = [*_bent_traces(flat, np.zeros_like(GRID)), others]
    return _figure(traces, _axis("x", (-1.04, 1.04)), _axis("logit", (-12, 8)))


def loss_figure(epoch: str, loss: str) -> Figure:
    """The loss curve, with the loss of prob as a dashed line and the test loss as a dotted one.

    Parameters
    ----------
    epoch, loss : str
        Titles of the axes, in the visitor's language.
    """
    hover = "%{x:,} · %{y:.6f}<extra></extra>"
    curve = _line("yhat", width=3).update(hovertemplate=hover)
    truth = _line("truth", width=2).update(hovertemplate="%{y:.6f}<extra></extra>")
    head = _dot([], []).update(hovertemplate=hover, cliponaxis=False)  # not clipped at epoch 0
    test = _line("yhat", [None], [None], width=2, dash="dot")
    test.update(hovertemplate=hover, meta="test-loss")
    axes = _axis(epoch, (0, 5000)), _axis(loss, (0.2, 0.9))
    room = {"l": 62, "r": 14, "t": 10, "b": 40}  # for ticks with two decimals
    return _figure([truth, curve, head, test], *axes, hovermode="x", margin=room)


def _figure(traces: list[Any], xaxis: Any, yaxis: Any, **layout: Any) -> Figure:
    figure = go.Figure(traces, _layout(xaxis=xaxis, yaxis=yaxis, **layout))
    figure.layout.template = None  # the default template is 7 KB of unused colours
    plain: Figure = figure.to_plotly_json()
    plain["layout"].pop("template", None)
    return plain
