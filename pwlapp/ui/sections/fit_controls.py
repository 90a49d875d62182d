"""The card of Fit that is pressed: fields, buttons, the run's progress and its playback.

Net, optimizer and engine are folded away: what a beginner sees is the lecture's net.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from pwlapp.core.engines import AUTO, EngineInfo
from pwlapp.ui import ids
from pwlapp.ui.components import button, card, check, choice, field, labelled, text


def controls_card() -> html.Section:
    """The whole card; the browser fills it when the session is open."""
    fields = [
        field(ids.FIT_SEED, "fit.seed", "1", size=6),
        field(ids.FIT_EPOCHS, "fit.epochs", "5000", size=9),
    ]
    buttons = [
        button(ids.FIT_TRAIN, "fit.train", kind="primary"),
        button(ids.FIT_PAUSE, "fit.pause"),
        button(ids.FIT_RESUME, "fit.resume", hidden=True),
        button(ids.FIT_STEP, "fit.step"),
        button(ids.FIT_RESET, "fit.reset"),
    ]
    progress = labelled(
        html.Progress(id=ids.FIT_PROGRESS, max="1", value="0"), "fit.progress_label"
    )
    return card(
        html.Div(
            [html.Div(id=ids.FIT_ARCHITECTURE, className="architecture"), html.P(id=ids.FIT_LAYERS)]
        ),
        html.Div(
            [html.Div(fields, className="fields"), html.Div(buttons, className="buttons")],
            className="commands",
        ),
        _fold(),
        html.Div([progress, html.P(id=ids.FIT_STATUS, className="status")], className="progress"),
        html.Div(id=ids.FIT_PLAYBACK, className="playback"),
        html.Div(
            [
                html.Span(id=ids.FIT_LOOKING_BACK),
                html.A(
                    text("stuck.link"),
                    href=f"#{ids.FIT_STUCK}",
                    id=ids.STUCK_LINK,
                    className="link",
                    hidden=True,
                ),
            ],
            className="hint looking-back",
        ),
        class_name="controls",
    )


def engine_options(engines: tuple[EngineInfo, ...]) -> list[dict[str, Any]]:
    """The engines to choose from, as a radio list takes them."""
    named = [
        {
            "value": engine.id,
            "label": html.Span([text(f"engine.{engine.loop}_{engine.kind}"), f": {engine.device}"]),
        }
        for engine in engines
    ]
    return [{"value": AUTO, "label": text("engine.auto")}, *named]


def _fold() -> html.Details:
    summary = html.Summary(
        [text("fit.options"), html.Span(id=ids.FIT_SUMMARY, className="fold-summary")]
    )
    return html.Details(
        [summary, html.Div([_net(), _optimizer(), _engine()], className="fold")],
        id=ids.FIT_OPTIONS,
    )


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
        field(ids.FIT_LR, "fit.lr", "0.001", mode="text", size=7),
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
        labelled(html.Div(engines, role="group"), "fit.engine"),
        html.P(id=ids.FIT_ENGINE_USED, className="engine-used"),
        html.P(text("fit.engine_hint"), className="hint"),
    )
