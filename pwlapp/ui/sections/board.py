"""The view of the teacher's board: controls, a tile for each student, and plots of the class.

The scripts in ``assets/board/`` paint the tiles and the plots, and send the commands.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, buttons, labelled, text
from pwlapp.ui.i18n import t
from pwlapp.ui.sections import board_drawers
from pwlapp.ui.sections.board_drawers import check, typed

ORDERS = ("seat", "name", "loss", "epoch", "seed")
TABS = ("plots", "question", "challenge")


def layout() -> html.Section:
    """The whole section."""
    stage = html.Div(
        [_head(), _chips(), _controls(), html.Div([_tiles(), _side()], className="board-main")],
        id=ids.BOARD_STAGE,
        hidden=True,
    )
    return html.Section(
        [
            html.H2(text("board.title")),
            _closed(),
            stage,
            html.Div(id=ids.BOARD_TIP, hidden=True, **{"aria-hidden": "true"}),
        ],
        id=ids.BOARD,
        className="view stage",
    )


def _closed() -> html.Section:
    """The card that is shown without a room."""
    return html.Section(
        [
            html.H3(text("board.title")),
            html.P(text("board.lead"), className="hint"),
            html.P(id=ids.BOARD_ENDED, role="status"),
            buttons(button(ids.BOARD_OPEN, "board.open", kind="primary")),
        ],
        id=ids.BOARD_CLOSED,
        className="card",
    )


def _head() -> html.Div:
    code = labelled(html.Button(id=ids.BOARD_CODE, className="board-code"), "board.invite")
    news = html.Div(
        [
            html.P(id=ids.BOARD_HEADLINE, className="board-headline"),
            html.Div(id=ids.BOARD_BAR, className="board-bar", **{"aria-hidden": "true"}),
        ],
        className="board-news",
    )
    about = html.Div(
        [html.Span(id=ids.BOARD_SEATS), html.Span(id=ids.BOARD_LEADS)], className="board-about"
    )
    return html.Div([code, news, about], className="board-head")


def _chips() -> html.Div:
    """A container for buttons with the count and share of each group; a script fills it."""
    return labelled(html.Div(id=ids.BOARD_CHIPS, role="group"), "board.groups")


def _controls() -> html.Section:
    commands = html.Div(
        [
            button(ids.BOARD_PUSH, "board.push", kind="primary"),
            check(ids.BOARD_SEAT_SEEDS, "board.seat_seeds"),
            html.Label([text("board.epochs"), typed(ids.BOARD_EPOCHS)], className="field"),
            button(ids.BOARD_START, "board.start"),
            button(ids.BOARD_PAUSE, "board.pause"),
            button(ids.BOARD_FREEZE, "board.freeze"),
            button(ids.BOARD_RELEASE, "board.release"),
        ],
        className="board-commands",
    )
    drawers = html.Div(board_drawers.layout(), className="drawers")
    line = html.Div(
        [
            html.Span(id=ids.BOARD_SETTING, className="board-setting"),
            html.Button(text("board.setting_fit"), id=ids.BOARD_SETTING_FIT, hidden=True),
            html.Span(id=ids.BOARD_SAID, className="board-said", role="status"),
        ],
        className="board-line",
    )
    return html.Section([commands, drawers, line], className="card board-controls")


def _tiles() -> html.Section:
    orders = [
        html.Option(t(f"board.order_{name}"), value=name, **{"data-t": f"board.order_{name}"})
        for name in ORDERS
    ]
    tools = html.Div(
        [
            labelled(typed(ids.BOARD_SEARCH, kind="search"), "board.search"),
            html.Label(
                [text("board.order"), html.Select(orders, id=ids.BOARD_ORDER)], className="field"
            ),
            check(ids.BOARD_HERE, "board.here"),
            check(ids.BOARD_LARGE, "board.large"),
            check(ids.BOARD_NAMES, "board.names"),
        ],
        className="board-tools",
    )
    listed = labelled(
        html.Div(id=ids.BOARD_LIST, className="visually-hidden", role="listbox"), "board.list"
    )
    tiles = html.Div(
        [
            html.Canvas(id=ids.BOARD_CANVAS, **{"aria-hidden": "true"}),
            html.Div(id=ids.BOARD_SPACE),
            html.P(id=ids.BOARD_NOBODY, className="board-nobody"),
        ],
        id=ids.BOARD_TILES,
    )
    return html.Section([tools, tiles, listed], className="card board-students")


def _chosen() -> html.Section:
    """One student's net with its plots and commands, shown in place of all curves."""
    head = html.Div(
        [
            html.H3(
                [html.I(className="outcome-mark"), html.Span(id=ids.BOARD_CHOSEN_NAME)],
                className="card-title",
            ),
            button(ids.BOARD_CHOSEN_CLOSE, "board.back"),
        ],
        className="spread",
    )
    plots = html.Div(
        [
            _canvas(ids.BOARD_CHOSEN_YHAT, "fit.yhat_label"),
            _canvas(ids.BOARD_CHOSEN_BENT, "fit.logit_label"),
        ],
        className="board-chosen-plots",
    )
    commands = buttons(
        button(ids.BOARD_OPEN_NET, "board.open_net"),
        button(ids.BOARD_SPOTLIGHT, "board.spotlight", kind="primary"),
        button(ids.BOARD_HIDE_NAME, "board.hide_name"),
    )
    return html.Section(
        [
            head,
            plots,
            html.P(id=ids.BOARD_CHOSEN_WORDS),
            html.Ul(id=ids.BOARD_CHOSEN_WEIGHTS),
            commands,
        ],
        id=ids.BOARD_CHOSEN,
        className="card",
        hidden=True,
    )


def _side() -> html.Div:
    curves = html.Section(
        [
            _title("board.curves"),
            _canvas(ids.BOARD_CURVES, "board.curves_label"),
            html.P(text("board.chosen_none"), className="hint"),
        ],
        id=ids.BOARD_ALL_CURVES,
        className="card board-curves",
    )
    tabs = html.Div(
        [button(f"board-tab-{name}", f"board.tab_{name}") for name in TABS],
        id=ids.BOARD_TABS,
        className="buttons",
        hidden=True,
    )
    plots = html.Div(
        [
            html.Section(
                [_title("board.losses"), _canvas(ids.BOARD_LOSSES, "board.losses_label")],
                className="card",
            ),
            html.Section(
                [_title("board.slopes"), _canvas(ids.BOARD_SLOPES, "board.slopes_label")],
                className="card",
            ),
        ],
        id="board-panel-plots",
        className="board-pair",
    )
    return html.Div(
        [curves, _chosen(), tabs, plots, _question(), _results()], className="board-side"
    )


def _question() -> html.Section:
    return html.Section(
        [
            html.P(id=ids.BOARD_QUESTION_TEXT, className="board-question"),
            html.P(id=ids.BOARD_ANSWERED, className="hint"),
            _canvas(ids.BOARD_ANSWERS, "board.answers_label"),
            buttons(
                button(ids.BOARD_REVEAL, "board.reveal", kind="primary"),
                button(ids.BOARD_QUESTION_END, "board.question_end"),
            ),
        ],
        id="board-panel-question",
        className="card",
        hidden=True,
    )


def _results() -> html.Section:
    return html.Section(
        [
            html.P(id=ids.BOARD_CHALLENGE_WORDS, className="board-question"),
            html.Ol(id=ids.BOARD_RANKING),
            buttons(button(ids.BOARD_CHALLENGE_END, "board.challenge_end")),
        ],
        id="board-panel-challenge",
        className="card",
        hidden=True,
    )


def _title(key: str) -> html.H3:
    return html.H3(text(key), className="card-title")


def _canvas(id_: str, key: str) -> html.Canvas:
    return labelled(html.Canvas(id=id_, className="board-plot", role="img"), key)
