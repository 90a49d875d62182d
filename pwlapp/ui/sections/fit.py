"""Fit: section 3 of the lecture, Adam looks for the bent line in the data.

Commands go to the server as callbacks and are answered with a snapshot of the session. What the
training produces comes by the event stream and is painted by ``assets/fit/fit.ts``.
"""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html

from pwlapp.sessions.service import SessionService
from pwlapp.ui import figures, ids
from pwlapp.ui.components import card, drawer, graph, in_browser, legend, text
from pwlapp.ui.i18n import t
from pwlapp.ui.inputs import NetFields, OptimizerFields
from pwlapp.ui.sections import explore_compare, fit_controls, fit_dataset, fit_stuck
from pwlapp.ui.sections import fit_commands as commands
from pwlapp.ui.sections.fit_commands import Start

# The fields, in the order of NetFields and OptimizerFields.
NET = (ids.FIT_HIDDEN, ids.FIT_BIAS, ids.FIT_ACTIVATION, ids.FIT_LOSS)
OPTIMIZER = (ids.FIT_OPTIMIZER, ids.FIT_LR, ids.FIT_MOMENTUM)

# Catalogue keys of the truth: with BCE, with MSE, and where y is no yes and no.
TRUTH = ("role.prob", "role.prob", "role.truth")

SESSION = State(ids.SESSION, "data")
START = (
    State(ids.FIT_SEED, "value"),
    State(ids.KNOWN, "data"),
    *(State(id_, "value") for id_ in NET),
)
OPTIMIZER_STATES = tuple(State(id_, "value") for id_ in OPTIMIZER)


def layout() -> html.Section:
    """The whole section; the browser fills it when the session is open."""
    drawers = [
        fit_stuck.stuck_drawer(),
        fit_dataset.data_drawer(),
        fit_controls.options_drawer(),
        _checkpoints_drawer(),
    ]
    controls = [
        fit_controls.command_bar(),
        html.Div(drawers, className="drawers"),
        fit_controls.run_bar(),
    ]
    plots = [_yhat_card(), _logit_card(), _loss_card(), _weights_card()]
    return html.Section(
        [
            html.H2(text("fit.title")),
            html.Div(id=ids.FIT_NOTICE, className="notice", role="alert", hidden=True),
            html.Div(controls, className="card stage-controls"),
            html.Div(plots, className="stage-plots"),
            _foot(),
            *(dcc.Store(id=id_) for id_ in (ids.TAB, ids.SESSION, ids.EDIT, ids.KNOWN, ids.REPLY)),
        ],
        id=ids.FIT,
        className="view stage",
    )


def _foot() -> html.Div:
    """What is trained, and on what: the net's layers, its options and the data, a line each."""
    return html.Div(
        [
            html.P(id=ids.FIT_LAYERS, className="layers"),
            html.P(id=ids.FIT_SUMMARY),
            html.P(id=ids.FIT_DATA),
        ],
        className="stage-foot",
    )


def _yhat_card() -> html.Section:
    return card(
        legend(
            ("data", "role.data"),
            ("held-out", "role.held_out"),
            ("truth", *TRUTH),
            ("yhat", "role.yhat"),
        ),
        graph(
            "fit.yhat_label",
            "fills",
            (ids.FIT_POINTS_PLOT, figures.points_figure()),
            (ids.FIT_YHAT_PLOT, figures.yhat_figure()),
        ),
        title="fit.after_sigmoid",
        mse="fit.no_sigmoid",
        class_name="plot-yhat",
    )


def _logit_card() -> html.Section:
    return card(
        legend(
            ("truth", "role.true_logit", "role.prob", "role.truth"),
            ("yhat", "role.logit", "role.yhat"),
            ("unit1", "role.unit1"),
            ("unit2", "role.unit2"),
            ("others", "role.others"),
        ),
        graph(
            "fit.logit_label",
            "fills",
            (ids.FIT_LOGIT_PLOT, figures.logit_figure()),
            mse="fit.parts_label",
        ),
        title="fit.before_sigmoid",
        mse="fit.parts",
        class_name="plot-logit",
    )


def _loss_card() -> html.Section:
    log_x = html.Label(
        dcc.Checklist(
            id=ids.FIT_LOG_X, options=[{"label": text("fit.log_x"), "value": "log"}], value=[]
        ),
        className="check",
    )
    return card(
        html.Div(
            [
                legend(
                    ("test-loss", "role.test_loss"),
                    ("truth", "role.true_loss", "role.true_loss", "role.truth_loss"),
                ),
                log_x,
            ],
            className="spread",
        ),
        graph(
            "fit.loss_label",
            "fills",
            (ids.FIT_LOSS_PLOT, figures.loss_figure(t("word.epoch"), t("word.loss"))),
        ),
        title="fit.loss_title",
        class_name="plot-loss",
    )


def _weights_card() -> html.Section:
    return card(
        html.P(text("fit.weights_lead"), className="hint"),
        html.Div(id=ids.FIT_WEIGHTS, className="weights"),
        title="fit.weights_title",
        class_name="plot-weights",
    )


def _checkpoints_drawer() -> html.Details:
    return drawer(
        ids.FIT_CHECKPOINTS_PANEL,
        "checkpoints.title",
        html.P(text("checkpoints.lead"), className="hint"),
        html.Div(id=ids.FIT_CHECKPOINTS, className="table-box", tabIndex="0"),
        explore_compare.keep_button(ids.COMPARE_KEEP_IN_FIT, ids.COMPARE_SAID_IN_FIT),
    )


def register(app: Dash, service: SessionService) -> None:
    """Wire the commands; every answer goes through one store to ``assets/fit/fit.ts``."""
    _register_opening(app, service)
    _register_training(app, service)
    _register_rest(app, service)
    for where, function in (
        (Input(ids.SESSION, "data"), "opened"),
        (Input(ids.REPLY, "data"), "reply"),
        (Input(ids.FIT_LOG_X, "value"), "logX"),
    ):
        app.clientside_callback(in_browser(function), where, prevent_initial_call=True)
    app.clientside_callback(
        in_browser("fieldsChanged"),
        *[Input(id_, "value") for id_ in (ids.FIT_SEED, *NET, *OPTIMIZER, ids.FIT_ENGINE)],
    )


def _start(seed: Any, known: Any, *net: Any) -> Start:
    return Start(seed, NetFields(*net), known)


def _command(app: Dash, *inputs_and_states: Any) -> Any:
    return app.callback(
        Output(ids.REPLY, "data", allow_duplicate=True),
        *inputs_and_states,
        prevent_initial_call=True,
    )


def _register_opening(app: Dash, service: SessionService) -> None:
    @app.callback(
        Output(ids.SESSION, "data"),
        Output(ids.FIT_ENGINE, "options"),
        Input(ids.TAB, "data"),
        prevent_initial_call=True,
    )
    async def on_open(tab: Any) -> Any:
        opened = await commands.open_session(service, tab)
        return opened, fit_controls.engine_options(service.engines)


def _register_training(app: Dash, service: SessionService) -> None:
    epochs, engine = State(ids.FIT_EPOCHS, "value"), State(ids.FIT_ENGINE, "value")
    n_start = len(START)

    @_command(
        app,
        Input(ids.FIT_TRAIN, "n_clicks"),
        Input(ids.FIT_EPOCHS, "n_submit"),
        *(SESSION, epochs, engine, *START, *OPTIMIZER_STATES),
    )
    async def on_train(
        _clicks: Any, _enter: Any, sid: Any, count: Any, chosen: Any, *fields: Any
    ) -> Any:
        start, optimizer = _start(*fields[:n_start]), OptimizerFields(*fields[n_start:])
        reply = await commands.start_run(service, sid, count, chosen, start, optimizer)
        return reply._asdict()

    for button_id, handler in ((ids.FIT_STEP, commands.step), (ids.FIT_RESUME, commands.resume)):

        @_command(app, Input(button_id, "n_clicks"), SESSION, engine, *START, *OPTIMIZER_STATES)
        async def on_go_on(
            _clicks: Any, sid: Any, chosen: Any, *fields: Any, handler: Any = handler
        ) -> Any:
            start, optimizer = _start(*fields[:n_start]), OptimizerFields(*fields[n_start:])
            return (await handler(service, sid, chosen, start, optimizer))._asdict()

    @_command(
        app, Input(ids.FIT_SEED, "n_submit"), Input(ids.FIT_HIDDEN, "n_submit"), SESSION, *START
    )
    async def on_enter(_seed: Any, _hidden: Any, sid: Any, *fields: Any) -> Any:
        return (await commands.take(service, sid, _start(*fields)))._asdict()


def _register_rest(app: Dash, service: SessionService) -> None:
    @_command(app, Input(ids.FIT_PAUSE, "n_clicks"), SESSION)
    async def on_pause(_clicks: Any, sid: Any) -> Any:
        return (await commands.pause(service, sid))._asdict()

    @_command(
        app,
        Input(ids.FIT_RESET, "n_clicks"),
        SESSION,
        State(ids.FIT_SEED, "value"),
        *(State(id_, "value") for id_ in NET),
    )
    async def on_reset(_clicks: Any, sid: Any, seed: Any, *net: Any) -> Any:
        return (await commands.reset(service, sid, seed, NetFields(*net)))._asdict()

    @_command(app, Input(ids.EDIT, "data"), SESSION)
    async def on_edit(edit: Any, sid: Any) -> Any:
        return (await commands.edit_params(service, sid, edit))._asdict()
