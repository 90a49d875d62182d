"""The controls of Fit: fields, buttons, the run's progress and its playback, and the options."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from pwlapp.core.engines import AUTO, EngineInfo
from pwlapp.ui import ids
from pwlapp.ui.components import (
    buttons,
    check,
    choice,
    command,
    drawer,
    field,
    labelled,
    live_number,
    text,
)

EPOCHS = 5000  # of one run in the lecture
LEARNING_RATE = "0.001"
COUNTERS = (
    (ids.COUNT_EPOCH, "word.epoch"),
    (ids.COUNT_LOSS, "word.loss"),
    (ids.COUNT_TEST, "word.test_loss"),
    (ids.COUNT_SLOPES, "word.slopes"),
)


def command_bar() -> html.Div:
    """Seed, N and the buttons; on a phone the bar stays at the bottom of the screen."""
    fields = [
        field(ids.FIT_SEED, "fit.seed", "1", size=6),
        field(ids.FIT_EPOCHS, "fit.epochs", str(EPOCHS), size=9),
    ]
    pressed = buttons(
        command(ids.FIT_TRAIN, "fit.train_n", kind="primary", n=f"{EPOCHS:,}"),
        command(ids.FIT_PAUSE, "fit.pause"),
        command(ids.FIT_RESUME, "fit.resume", hidden=True),
        command(ids.FIT_STEP, "fit.step"),
        command(ids.FIT_RESET, "fit.reset"),
    )
    return html.Div([html.Div(fields, className="fields"), pressed], className="command-bar")


def run_bar() -> html.Div:
    """The run's progress, its counters, and the playback bar."""
    progress = labelled(
        html.Progress(id=ids.FIT_PROGRESS, max="1", value="0"), "fit.progress_label"
    )
    return html.Div(
        [
            progress,
            html.P([_count(*each) for each in COUNTERS], className="counters"),
            html.Div(id=ids.FIT_PLAYBACK, className="playback"),
            html.Div(
                [
                    html.Span(id=ids.FIT_COMPLAINT, className="complaint", role="alert"),
                    html.Span(id=ids.COUNT_STATUS),
                    html.Span(id=ids.FIT_LOOKING_BACK),
                    _tour_offer(),
                    html.Div(id=ids.FIT_FORMULA, className="net-formula"),
                ],
                className="status-line",
            ),
        ],
        className="run-bar",
    )


def _tour_offer() -> html.Span:
    """The offer of a tour on the first visit; ``assets/lessons/offer.ts`` shows it."""
    dismiss = labelled(html.Button("✕", id=ids.TOUR_DISMISS), "tour.dismiss")
    start = html.Button(text("tour.start"), id=ids.TOUR_START)
    offer = [text("tour.new"), " ", start, dismiss]
    return html.Span(offer, id=ids.TOUR_OFFER, className="tour-offer", hidden=True)


def _count(id_: str, key: str) -> html.Span:
    hidden = id_ == ids.COUNT_TEST  # the lecture's data have no held-out points
    return html.Span([text(key), " ", live_number(id_)], className="count", hidden=hidden)


def options_drawer() -> html.Details:
    """The drawer with net, optimizer and engine, which the lecture does not need."""
    return drawer(
        ids.FIT_OPTIONS,
        "fit.options",
        html.Div(id=ids.FIT_ARCHITECTURE, className="architecture"),
        _net(),
        _optimizer(),
        _engine(),
    )


def engine_options(engines: tuple[EngineInfo, ...]) -> list[dict[str, Any]]:
    """The engines as options of a radio list."""
    named = [
        {
            "value": engine.id,
            "label": html.Span([text(f"engine.{engine.loop}_{engine.kind}"), f": {engine.device}"]),
        }
        for engine in engines
    ]
    return [{"value": AUTO, "label": text("engine.auto")}, *named]


def _fieldset(title: str, *children: Any) -> html.Fieldset:
    return html.Fieldset([html.Legend(text(title)), *children])


def _net() -> html.Fieldset:
    fields = [
        field(ids.FIT_HIDDEN, "fit.hidden", "2", size=6),
        choice(
            ids.FIT_ACTIVATION,
            "fit.activation",
            ("relu", text("activation.relu")),
            ("sigmoid", text("activation.sigmoid")),
        ),
        choice(
            ids.FIT_LOSS,
            "fit.loss",
            ("bce", text("fit.loss_bce")),
            ("mse", text("fit.loss_mse")),
        ),
        check(ids.FIT_BIAS, "fit.bias", "bias1"),
    ]
    return _fieldset(
        "fit.net",
        html.Div(fields, className="fields"),
        html.P(text("fit.net_hint"), className="hint"),
    )


def _optimizer() -> html.Fieldset:
    fields = [
        choice(
            ids.FIT_OPTIMIZER,
            "fit.method",
            ("adam", text("optimizer.adam")),
            ("sgd", text("optimizer.sgd")),
        ),
        field(ids.FIT_LR, "fit.lr", LEARNING_RATE, mode="text", size=7),
        field(ids.FIT_MOMENTUM, "fit.momentum", "0", mode="text", size=7),
    ]
    return _fieldset(
        "fit.optimizer",
        html.Div(fields, className="fields"),
        html.P(text("fit.optimizer_hint"), className="hint"),
    )


def _engine() -> html.Fieldset:
    engines = dcc.RadioItems(
        id=ids.FIT_ENGINE, options=engine_options(()), value=AUTO, className="radios"
    )
    return _fieldset(
        "fit.engine",
        labelled(html.Div(engines, role="radiogroup"), "fit.engine"),
        html.P(id=ids.FIT_ENGINE_USED, className="engine-used"),
        html.P(text("fit.engine_hint"), className="hint"),
    )
