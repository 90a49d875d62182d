"""Fit: section 3 of the lecture, Adam looks for the bent line in the data.

Commands go to the server as callbacks and are answered with a snapshot of the session. What the
training produces comes by the event stream and is painted by ``assets/fit.js``.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, NamedTuple

from dash import Dash, Input, Output, State, dcc, html

from pwlapp.errors import UserError
from pwlapp.runtime.trainer import Trainer
from pwlapp.ui import figures, ids, inputs
from pwlapp.ui.components import button, card, field, graph, labelled, legend, text
from pwlapp.ui.i18n import t

DEVICE_KINDS = {"cpu": "CPU", "cuda": "GPU"}


class Reply(NamedTuple):
    """Answer to a command: the session as it is now, or why the command was refused."""

    snapshot: dict[str, Any] | None
    error: dict[str, Any] | None


async def _answer(command: Awaitable[dict[str, Any]]) -> Reply:
    try:
        return Reply(await command, None)
    except UserError as error:
        return Reply(None, {"code": error.code, "args": error.args_})


async def open_session(trainer: Trainer, tab: Any) -> dict[str, Any]:
    """Find the session that the tab remembers, or begin a new one; or say why neither can be."""
    remembered = tab.get("sid") if isinstance(tab, dict) else None
    try:
        sid, snapshot = await trainer.open(remembered)
    except UserError as error:
        return {"sid": None, "error": {"code": error.code, "args": error.args_}}
    problem = trainer.data_problem
    return {
        "sid": sid,
        "snapshot": snapshot,
        # beside the data itself, which browsers keep for a year by its numbers alone
        "data": {"origin": trainer.points.origin, "label": trainer.points.label},
        "data_problem": problem and {"code": problem.code, "args": problem.args_},
    }


async def start_run(
    trainer: Trainer, session: Any, epochs: Any, lr: Any, device: Any, seed: Any
) -> Reply:
    """Train for `epochs` more, from where the net stands.

    A net that has not been trained takes the seed that stands in the field. One that has been
    would be lost by that, so it is refused until the student says which of the two is meant.
    """

    async def command() -> dict[str, Any]:
        sid = inputs.session_id(session)
        count = inputs.whole_number(epochs, "bad_epochs", 1, trainer.limits.max_epochs)
        rate = inputs.learning_rate(lr)
        typed = inputs.seed(seed)
        now = await trainer.look(sid)
        if typed != now["seed"]:
            if now["epoch"] > 0:
                raise UserError("seed_differs", seed=now["seed"], typed=typed)
            await trainer.reset(sid, typed)
        return await trainer.start_run(sid, count, rate, device)

    return await _answer(command())


async def pause(trainer: Trainer, session: Any) -> Reply:
    """Stop after the slice in flight; the rest of the run can be resumed."""
    return await _answer(_with_session(session, trainer.pause))


async def resume(trainer: Trainer, session: Any) -> Reply:
    """Go on with a paused run."""
    return await _answer(_with_session(session, trainer.resume))


async def step(trainer: Trainer, session: Any, lr: Any) -> Reply:
    """Train one epoch."""

    async def command() -> dict[str, Any]:
        return await trainer.step(inputs.session_id(session), inputs.learning_rate(lr))

    return await _answer(command())


async def reset(trainer: Trainer, session: Any, seed: Any) -> Reply:
    """Back to epoch 0, at the initial weights of `seed`."""

    async def command() -> dict[str, Any]:
        number = inputs.seed(seed)
        return await trainer.reset(inputs.session_id(session), number)

    return await _answer(command())


async def edit_params(trainer: Trainer, session: Any, edit: Any) -> Reply:
    """Replace the weights by those that were set by hand."""

    async def command() -> dict[str, Any]:
        params = edit.get("params") if isinstance(edit, dict) else None
        return await trainer.set_params(inputs.session_id(session), params)

    return await _answer(command())


async def _with_session(session: Any, verb: Any) -> dict[str, Any]:
    snapshot: dict[str, Any] = await verb(inputs.session_id(session))
    return snapshot


def layout() -> html.Section:
    """The whole section; the browser fills it when the session is open."""
    return html.Section(
        [
            html.H2(text("fit.title")),
            html.P(text("fit.lead"), className="lead"),
            html.Div(id=ids.FIT_NOTICE, className="notice", role="alert", hidden=True),
            _controls_card(),
            html.Div([_yhat_card(), _logit_card()], className="grid halves"),
            html.Div([_loss_card(), _weights_card()], className="grid halves"),
            _checkpoints_card(),
            dcc.Store(id=ids.TAB),
            dcc.Store(id=ids.SESSION),
            dcc.Store(id=ids.EDIT),
            dcc.Store(id=ids.REPLY),
        ],
        id=ids.FIT,
        className="section",
    )


def _controls_card() -> html.Section:
    devices = dcc.RadioItems(
        id=ids.FIT_DEVICE, options=[{"label": "CPU", "value": "cpu"}], value="cpu"
    )
    fields = [
        field(ids.FIT_SEED, "fit.seed", "1", size=6),
        field(ids.FIT_EPOCHS, "fit.epochs", "5000", size=9),
        field(ids.FIT_LR, "fit.lr", "0.001", mode="text", size=7),
        html.Div([text("fit.device"), devices], className="field device"),
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
        html.Div(id=ids.FIT_DATA_PROBLEM, className="notice", role="alert", hidden=True),
        html.P(id=ids.FIT_DATA, className="data-line"),
        html.Div(id=ids.FIT_ARCHITECTURE, className="architecture"),
        html.Div(
            [html.Div(fields, className="fields"), html.Div(buttons, className="buttons")],
            className="commands",
        ),
        html.Div([progress, html.P(id=ids.FIT_STATUS, className="status")], className="progress"),
        html.Div(id=ids.FIT_PLAYBACK, className="playback"),
        html.P(id=ids.FIT_LOOKING_BACK, className="hint looking-back"),
        class_name="controls",
    )


def _yhat_card() -> html.Section:
    return card(
        legend(("data", "role.data"), ("truth", "role.prob"), ("yhat", "role.yhat")),
        graph(
            "fit.yhat_label",
            "tall",
            (ids.FIT_POINTS_PLOT, figures.points_figure()),
            (ids.FIT_YHAT_PLOT, figures.yhat_figure()),
        ),
        title="fit.after_sigmoid",
    )


def _logit_card() -> html.Section:
    return card(
        legend(
            ("truth", "role.true_logit"),
            ("yhat", "role.logit"),
            ("unit1", "role.unit1"),
            ("unit2", "role.unit2"),
        ),
        graph("fit.logit_label", "tall", (ids.FIT_LOGIT_PLOT, figures.logit_figure())),
        title="fit.before_sigmoid",
    )


def _loss_card() -> html.Section:
    log_x = html.Label(
        [
            dcc.Checklist(
                id=ids.FIT_LOG_X, options=[{"label": text("fit.log_x"), "value": "log"}], value=[]
            )
        ],
        className="check",
    )
    return card(
        html.Div(
            [legend(("yhat", "role.loss"), ("truth", "role.true_loss")), log_x], className="spread"
        ),
        graph(
            "fit.loss_label",
            "tall",
            (ids.FIT_LOSS_PLOT, figures.loss_figure(t("word.epoch"), t("word.loss"))),
        ),
        title="fit.loss_title",
    )


def _weights_card() -> html.Section:
    return card(
        html.P(text("fit.weights_lead"), className="hint"),
        html.Div(id=ids.FIT_WEIGHTS, className="weights"),
        title="fit.weights_title",
    )


def _checkpoints_card() -> html.Section:
    return card(
        html.P(text("checkpoints.lead"), className="hint"),
        html.Div(id=ids.FIT_CHECKPOINTS, className="table-box", tabIndex="0"),
        title="checkpoints.title",
    )


def register(app: Dash, trainer: Trainer) -> None:
    """Wire the commands; every answer goes through one store to ``pwl.fit``."""
    session = State(ids.SESSION, "data")
    lr = State(ids.FIT_LR, "value")

    @app.callback(
        Output(ids.SESSION, "data"),
        Output(ids.FIT_DEVICE, "options"),
        Input(ids.TAB, "data"),
        prevent_initial_call=True,
    )
    async def on_open(tab: Any) -> Any:
        opened = await open_session(trainer, tab)
        return opened, [
            {"label": f"{DEVICE_KINDS[d.kind]}: {d.name}", "value": d.id} for d in trainer.devices
        ]

    def command(*inputs_and_states: Any) -> Any:
        return app.callback(
            Output(ids.REPLY, "data", allow_duplicate=True),
            *inputs_and_states,
            prevent_initial_call=True,
        )

    epochs, device = State(ids.FIT_EPOCHS, "value"), State(ids.FIT_DEVICE, "value")
    seed = State(ids.FIT_SEED, "value")

    @command(
        Input(ids.FIT_TRAIN, "n_clicks"),
        Input(ids.FIT_EPOCHS, "n_submit"),
        *(session, epochs, lr, device, seed),
    )
    async def on_train(_clicks: Any, _enter: Any, *typed: Any) -> Any:
        return (await start_run(trainer, *typed))._asdict()

    @command(Input(ids.FIT_PAUSE, "n_clicks"), session)
    async def on_pause(_clicks: Any, sid: Any) -> Any:
        return (await pause(trainer, sid))._asdict()

    @command(Input(ids.FIT_RESUME, "n_clicks"), session)
    async def on_resume(_clicks: Any, sid: Any) -> Any:
        return (await resume(trainer, sid))._asdict()

    @command(Input(ids.FIT_STEP, "n_clicks"), session, lr)
    async def on_step(_clicks: Any, sid: Any, rate: Any) -> Any:
        return (await step(trainer, sid, rate))._asdict()

    @command(
        Input(ids.FIT_RESET, "n_clicks"),
        Input(ids.FIT_SEED, "n_submit"),
        session,
        seed,
    )
    async def on_reset(_clicks: Any, _enter: Any, sid: Any, typed: Any) -> Any:
        return (await reset(trainer, sid, typed))._asdict()

    @command(Input(ids.EDIT, "data"), session)
    async def on_edit(edit: Any, sid: Any) -> Any:
        return (await edit_params(trainer, sid, edit))._asdict()

    app.clientside_callback(
        "(data) => pwl.fit.opened(data)", Input(ids.SESSION, "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        "(data) => pwl.fit.reply(data)", Input(ids.REPLY, "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        "(data) => pwl.fit.logX(data)", Input(ids.FIT_LOG_X, "value"), prevent_initial_call=True
    )
