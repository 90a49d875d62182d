"""Fit: section 3 of the lecture, Adam finds the bent line in data.

Controls send commands to the server as Dash callbacks, which return a snapshot of the session.
Frames arrive by the event stream, and ``assets/fit/paint.ts`` paints them.
"""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html

from pwlapp.commands import table
from pwlapp.core.messages import fill
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.ui import figures, ids, inputs
from pwlapp.ui.components import card, check, drawer, graph, in_browser, legend, text
from pwlapp.ui.i18n import t
from pwlapp.ui.sections import fit_controls, fit_dataset, fit_stuck
from pwlapp.ui.sections.explore.compare import keep_button
from pwlapp.web.http.rate_limits import visitor

# The fields of the commands' bodies (see `commands.training`) and the components that hold them.
NET: dict[str, Any] = {
    "seed": State(ids.FIT_SEED, "value"),
    "net": {
        "h": State(ids.FIT_HIDDEN, "value"),
        "bias1": State(ids.FIT_BIAS, "value"),
        "activation": State(ids.FIT_ACTIVATION, "value"),
        "loss": State(ids.FIT_LOSS, "value"),
    },
}
OPTIMIZER: dict[str, Any] = {
    "optimizer": {
        "kind": State(ids.FIT_OPTIMIZER, "value"),
        "lr": State(ids.FIT_LR, "value"),
        "momentum": State(ids.FIT_MOMENTUM, "value"),
    },
    "engine": State(ids.FIT_ENGINE, "value"),
}
EPOCHS = {"epochs": State(ids.FIT_EPOCHS, "value")}

# The commands that Dash handles: the controls that send each, and the fields of its body.
CONTROLS: dict[str, tuple[list[Input], dict[str, Any]]] = {
    "train": (
        [Input(ids.FIT_TRAIN, "n_clicks"), Input(ids.FIT_EPOCHS, "n_submit")],
        NET | OPTIMIZER | EPOCHS,
    ),
    "pause": ([Input(ids.FIT_PAUSE, "n_clicks")], {}),
    "resume": ([Input(ids.FIT_RESUME, "n_clicks")], NET | OPTIMIZER),
    "step": ([Input(ids.FIT_STEP, "n_clicks")], NET | OPTIMIZER),
    "reset": ([Input(ids.FIT_RESET, "n_clicks")], NET),
    "prepare": ([Input(ids.FIT_SEED, "n_submit"), Input(ids.FIT_HIDDEN, "n_submit")], NET),
}

LAYERS = "Linear(1, 2, bias=False) → ReLU → Linear(2, 1) → Sigmoid"

# Catalogue keys for the truth: with BCE, with MSE, and if y is not within [0, 1].
TRUTH = ("role.prob", "role.prob", "role.truth")


def layout() -> html.Section:
    """The whole view; the browser fills it when the session is open."""
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
            *(dcc.Store(id=id_) for id_ in (ids.TAB, ids.SESSION, ids.EDIT, ids.REPLY)),
        ],
        id=ids.FIT,
        className="view stage",
    )


def _foot() -> html.Div:
    """Three lines: the net's layers, net and optimizer in words, and the data."""
    return html.Div(
        [
            html.P(LAYERS, id=ids.FIT_LAYERS, className="layers"),
            html.P(_summary(), id=ids.FIT_SUMMARY),
            html.P(id=ids.FIT_DATA),
        ],
        className="stage-foot",
    )


def _summary() -> str:
    """The lecture's net and optimizer in words; ``assets/fit/fields.ts`` updates them."""
    adam = t("summary.lr").format(method=t("optimizer.adam"), lr=fit_controls.LEARNING_RATE)
    units = fill(t("summary.units"), units=2)
    keys = ("activation.relu", "summary.no_bias", "summary.bce")
    return " · ".join([units, *map(t, keys), adam, t("summary.auto")])


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
    return card(
        html.Div(
            [
                legend(
                    ("test-loss", "role.test_loss"),
                    ("truth", "role.true_loss", "role.true_loss", "role.truth_loss"),
                ),
                check(ids.FIT_LOG_X, "fit.log_x", "log"),
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
        keep_button(ids.COMPARE_KEEP_IN_FIT, ids.COMPARE_SAID_IN_FIT),
    )


async def open_session(service: SessionService, tab: Any) -> dict[str, Any]:
    """Find the session that the tab remembers, or create one; returns an error if that fails."""
    try:
        sid, snapshot = await service.open(_sid(tab), admit=visitor().new_session)
    except UserError as error:
        return {"sid": None, "error": error.to_json()}
    problem = service.data_problem
    return {
        "sid": sid,
        "snapshot": snapshot,
        # not part of the data, which browsers cache by a hash of its numbers
        "data": {"origin": service.points.origin, "label": service.points.label},
        "data_problem": problem and problem.to_json(),
    }


async def send(service: SessionService, session: Any, name: str, body: Any) -> dict[str, Any]:
    """Run a command; returns its answer with the session's snapshot, or an error."""
    sid = _sid(session)
    try:
        visitor().command(sid, name)
        answer = await table.run(service, sid, name, body)
    except UserError as error:
        answer = {"error": error.to_json()}
    return {"sid": sid, **answer}  # the page may show another session when the answer arrives


def _sid(store: Any) -> str:
    """The session id in the data of a dcc.Store; "" if there is none."""
    sid = store.get("sid") if isinstance(store, dict) else None
    return sid if isinstance(sid, str) else ""


def register(app: Dash, service: SessionService) -> None:
    """Register the callbacks; all answers go through one dcc.Store to ``assets/fit/fit.ts``."""
    _register_opening(app, service)
    for name in CONTROLS:
        _register_control(app, service, name)
    _register_edit(app, service)
    for where, function in (
        (Input(ids.SESSION, "data"), "opened"),
        (Input(ids.REPLY, "data"), "reply"),
        (Input(ids.FIT_LOG_X, "value"), "logX"),
    ):
        app.clientside_callback(in_browser(function), where, prevent_initial_call=True)
    net, optimizer = NET["net"].values(), OPTIMIZER["optimizer"].values()
    fields = [NET["seed"], *net, *optimizer, OPTIMIZER["engine"], *EPOCHS.values()]
    app.clientside_callback(
        in_browser("fieldsChanged"), *[Input(each.component_id, "value") for each in fields]
    )


def _register_opening(app: Dash, service: SessionService) -> None:
    @app.callback(
        Output(ids.SESSION, "data"),
        Output(ids.FIT_ENGINE, "options"),
        Input(ids.TAB, "data"),
        prevent_initial_call=True,
    )
    async def on_open(tab: Any) -> Any:
        return await open_session(service, tab), fit_controls.engine_options(service.engines)


def _register_control(app: Dash, service: SessionService, name: str) -> None:
    controls, fields = CONTROLS[name]

    @app.callback(
        Output(ids.REPLY, "data", allow_duplicate=True),
        inputs={"_pressed": controls},
        state={"session": State(ids.SESSION, "data"), "fields": fields},
        prevent_initial_call=True,
    )
    async def on_press(_pressed: Any, session: Any, fields: Any) -> Any:
        return await send(service, session, name, inputs.read(fields))


def _register_edit(app: Dash, service: SessionService) -> None:
    @app.callback(
        Output(ids.REPLY, "data", allow_duplicate=True),
        Input(ids.EDIT, "data"),
        State(ids.SESSION, "data"),
        prevent_initial_call=True,
    )
    async def on_edit(edit: Any, session: Any) -> Any:
        body = edit if isinstance(edit, dict) else {}
        return await send(service, session, "edit", body)
