"""The view of the teacher's board: controls, a tile for each student, and plots of the class.

The scripts in ``assets/board/`` paint the tiles and the plots, and send the commands.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import board_ids, ids
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
        id=board_ids.STAGE,
        hidden=True,
    )
    return html.Section(
        [
            html.H2(text("board.title")),
            _closed(),
            stage,
            html.Div(id=board_ids.TIP, hidden=True, **{"aria-hidden": "true"}),
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
            html.P(id=board_ids.ENDED, role="status"),
            buttons(button(board_ids.OPEN, "board.open", kind="primary")),
        ],
        id=board_ids.CLOSED,
        className="card",
    )


def _head() -> html.Div:
    code = labelled(html.Button(id=board_ids.CODE, className="board-code"), "board.invite")
    news = html.Div(
        [
            html.P(id=board_ids.HEADLINE, className="board-headline"),
            html.Div(id=board_ids.BAR, className="board-bar", **{"aria-hidden": "true"}),
        ],
        className="board-news",
    )
    about = html.Div(
        [html.Span(id=board_ids.SEATS), html.Span(id=board_ids.LEADS)], className="board-about"
    )
    return html.Div([code, news, about], className="board-head")


def _chips() -> html.Div:
    """A container for buttons with the count and share of each group; a script fills it."""
    return labelled(html.Div(id=board_ids.CHIPS, role="group"), "board.groups")


def _controls() -> html.Section:
    commands = html.Div(
        [
            button(board_ids.PUSH, "board.push", kind="primary"),
            check(board_ids.SEAT_SEEDS, "board.seat_seeds"),
            html.Label([text("board.epochs"), typed(board_ids.EPOCHS)], className="field"),
            button(board_ids.START, "board.start"),
            button(board_ids.PAUSE, "board.pause"),
            button(board_ids.FREEZE, "board.freeze"),
            button(board_ids.RELEASE, "board.release"),
        ],
        className="board-commands",
    )
    drawers = html.Div(board_drawers.layout(), className="drawers")
    line = html.Div(
        [
            html.Span(id=board_ids.SETTING, className="board-setting"),
            html.Button(text("board.setting_fit"), id=board_ids.SETTING_FIT, hidden=True),
            html.Span(id=board_ids.SAID, className="board-said", role="status"),
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
            labelled(typed(board_ids.SEARCH, kind="search"), "board.search"),
            html.Label(
                [text("board.order"), html.Select(orders, id=board_ids.ORDER)], className="field"
            ),
            check(board_ids.HERE, "board.here"),
            check(board_ids.LARGE, "board.large"),
            check(board_ids.NAMES, "board.names"),
        ],
        className="board-tools",
    )
    listed = labelled(
        html.Div(id=board_ids.LIST, className="visually-hidden", role="listbox"), "board.list"
    )
    tiles = html.Div(
        [
            html.Canvas(id=board_ids.CANVAS, **{"aria-hidden": "true"}),
            html.Div(id=board_ids.SPACE),
            html.P(id=board_ids.NOBODY, className="board-nobody"),
        ],
        id=board_ids.TILES,
    )
    return html.Section([tools, tiles, listed], className="card board-students")


def _chosen() -> html.Section:
    """One student's net with its plots and commands, shown in place of all curves."""
    head = html.Div(
        [
            html.H3(
                [html.I(className="outcome-mark"), html.Span(id=board_ids.CHOSEN_NAME)],
                className="card-title",
            ),
            button(board_ids.CHOSEN_CLOSE, "board.back"),
        ],
        className="spread",
    )
    plots = html.Div(
        [
            _canvas(board_ids.CHOSEN_YHAT, "fit.yhat_label"),
            _canvas(board_ids.CHOSEN_BENT, "fit.logit_label"),
        ],
        className="board-chosen-plots",
    )
    commands = buttons(
        button(board_ids.OPEN_NET, "board.open_net"),
        button(board_ids.SPOTLIGHT, "board.spotlight", kind="primary"),
        button(board_ids.HIDE_NAME, "board.hide_name"),
    )
    return html.Section(
        [
            head,
            plots,
            html.P(id=board_ids.CHOSEN_WORDS),
            html.Ul(id=board_ids.CHOSEN_WEIGHTS),
            commands,
        ],
        id=board_ids.CHOSEN,
        className="card",
        hidden=True,
    )


def _side() -> html.Div:
    curves = html.Section(
        [
            _title("board.curves"),
            _canvas(board_ids.CURVES, "board.curves_label"),
            html.P(text("board.chosen_none"), className="hint"),
        ],
        id=board_ids.ALL_CURVES,
        className="card board-curves",
    )
    tabs = html.Div(
        [button(f"board-tab-{name}", f"board.tab_{name}") for name in TABS],
        id=board_ids.TABS,
        className="buttons",
        hidden=True,
    )
    plots = html.Div(
        [
            html.Section(
                [_title("board.losses"), _canvas(board_ids.LOSSES, "board.losses_label")],
                className="card",
            ),
            html.Section(
                [_title("board.slopes"), _canvas(board_ids.SLOPES, "board.slopes_label")],
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
            html.P(id=board_ids.QUESTION_TEXT, className="board-question"),
            html.P(id=board_ids.ANSWERED, className="hint"),
            _canvas(board_ids.ANSWERS, "board.answers_label"),
            buttons(
                button(board_ids.REVEAL, "board.reveal", kind="primary"),
                button(board_ids.QUESTION_END, "board.question_end"),
            ),
        ],
        id="board-panel-question",
        className="card",
        hidden=True,
    )


def _results() -> html.Section:
    return html.Section(
        [
            html.P(id=board_ids.CHALLENGE_WORDS, className="board-question"),
            html.Ol(id=board_ids.RANKING),
            buttons(button(board_ids.CHALLENGE_END, "board.challenge_end")),
        ],
        id="board-panel-challenge",
        className="card",
        hidden=True,
    )


def _title(key: str) -> html.H3:
    return html.H3(text(key), className="card-title")


def _canvas(id_: str, key: str) -> html.Canvas:
    return labelled(html.Canvas(id=id_, className="board-plot", role="img"), key)
