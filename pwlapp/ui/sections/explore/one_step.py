"""One step, explained: the next epoch in the four steps of the lecture's loop, with all numbers.

The browser fills the card with the answers to the command ``one_step``; see
``assets/explore/one-step/``.
"""

from __future__ import annotations

from typing import Any

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, empty_graph, labelled, table_box, text
from pwlapp.ui.components import card as surface

PLOTS = (
    (ids.ONE_STEP_RESIDUAL, "step.residual_label"),
    (ids.ONE_STEP_FACTOR, "step.factor_label"),
    (ids.ONE_STEP_PRODUCT, "step.product_label"),
)


def card() -> html.Section:
    """The whole card; the browser fills it."""
    when = html.P(id=ids.ONE_STEP_WHEN, className="hint one-step-when", **{"aria-live": "polite"})
    made = surface(
        html.P(text("step.lead"), className="hint"),
        html.Div(
            [button(ids.ONE_STEP_NEXT, "step.next", kind="primary"), when], className="one-step-bar"
        ),
        html.Ol([_yhat(), _loss(), _backward(), _optimizer()], className="one-step-steps"),
        title="step.title",
    )
    made.id = ids.ONE_STEP
    return made


def _step(id_: str, code: str, says: html.Span, *parts: Any) -> html.Li:
    head = html.Div([html.Code(code), html.Span(says, className="hint")], className="one-step-code")
    return html.Li([head, *parts], id=id_)


def _line(id_: str) -> html.Div:
    return html.Div(id=id_, className="equation-body one-step-line", tabIndex="0")


def _yhat() -> html.Li:
    return _step(
        ids.ONE_STEP_YHAT,
        "yhat = net(x)",
        text("step.yhat"),
        html.Div(id=ids.ONE_STEP_FORMULA, className="net-formula"),
        html.P(id=ids.ONE_STEP_FIRST, className="hint"),
    )


def _loss() -> html.Li:
    return _step(
        ids.ONE_STEP_LOSS_STEP,
        "loss = loss_fn(yhat, y)",
        text("step.loss", mse="step.loss_mse"),
        _line(ids.ONE_STEP_LOSS),
    )


def _backward() -> html.Li:
    choose = html.Div(id=ids.ONE_STEP_CHOOSE, className="one-step-choose", role="group")
    return _step(
        ids.ONE_STEP_BACKWARD,
        "loss.backward()",
        text("step.backward"),
        labelled(choose, "step.choose"),
        _line(ids.ONE_STEP_GRADIENT),
        html.Div([_plot(id_, label) for id_, label in PLOTS], className="one-step-plots"),
        html.P(id=ids.ONE_STEP_PULL, className="one-step-pull"),
    )


def _plot(id_: str, label: str) -> html.Div:
    title = html.Div(id=f"{id_}-title", className="panel-title")
    return html.Div([title, empty_graph(label, id_, size="medium")])


def _optimizer() -> html.Li:
    return _step(
        ids.ONE_STEP_OPTIMIZER,
        "optimizer.step(); optimizer.zero_grad()",
        text("step.optimizer"),
        html.Div(id=ids.ONE_STEP_UPDATE, className="equation-body one-step-update", tabIndex="0"),
        table_box(ids.ONE_STEP_TABLE, "step.table_label"),
        html.P(id=ids.ONE_STEP_AFTER, className="one-step-after"),
    )
