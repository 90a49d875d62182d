"""The teacher's board: the whole class at a glance, and what a teacher does with it.

The scripts in ``assets/board/`` paint the tiles and the plots, and send the commands.
"""

from __future__ import annotations

from typing import Any

from dash import html

from pwlapp.rooms.state import CONTROLS
from pwlapp.ui import ids
from pwlapp.ui.components import button, drawer, labelled, text
from pwlapp.ui.i18n import t
from pwlapp.ui.lessons import LESSONS

ORDERS = ("seat", "name", "loss", "epoch", "seed")
QUESTIONS = ("number", "choice", "curve")
CHALLENGES = ("match", "lowest")
TABS = ("plots", "question", "challenge")
FILES = ("csv", "notebook", "picture")


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
    """What is shown without a room."""
    return html.Section(
        [
            html.H3(text("board.title")),
            html.P(text("board.lead"), className="hint"),
            html.P(id=ids.BOARD_ENDED, role="status"),
            html.Div(button(ids.BOARD_OPEN, "board.open", kind="primary"), className="buttons"),
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
    """A button for each group, with its count and share; the script fills it."""
    return labelled(html.Div(id=ids.BOARD_CHIPS, role="group"), "board.groups")


def _controls() -> html.Section:
    commands = html.Div(
        [
            button(ids.BOARD_PUSH, "board.push", kind="primary"),
            _check(ids.BOARD_SEAT_SEEDS, "board.seat_seeds"),
            html.Label([text("board.epochs"), _input(ids.BOARD_EPOCHS)], className="field"),
            button(ids.BOARD_START, "board.start"),
            button(ids.BOARD_PAUSE, "board.pause"),
            button(ids.BOARD_FREEZE, "board.freeze"),
            button(ids.BOARD_RELEASE, "board.release"),
        ],
        className="board-commands",
    )
    drawers = html.Div([_pages(), _ask(), _challenge(), _save(), _room()], className="drawers")
    line = html.Div(
        [
            html.Span(id=ids.BOARD_SETTING, className="board-setting"),
            html.Span(id=ids.BOARD_SAID, className="board-said", role="status"),
        ],
        className="board-line",
    )
    return html.Section([commands, drawers, line], className="card board-controls")


def _pages() -> html.Details:
    """What the students' pages show: a step of a lesson, and no more than these controls."""
    lessons = [
        html.Option(t(f"lesson.{lesson.id}"), value=lesson.id, **_lesson_words(lesson))
        for lesson in LESSONS
    ]
    shown = html.Div(
        [
            labelled(html.Select(lessons, id=ids.BOARD_LESSON), "board.lesson"),
            labelled(_input(ids.BOARD_STEP, "1"), "board.step"),
            button(ids.BOARD_LESSON_SHOW, "board.lesson_show"),
            button(ids.BOARD_LESSON_END, "board.lesson_end"),
        ],
        className="board-row",
    )
    hidden = [_check(f"board-hide-{name}", f"board.hide_{name}") for name in CONTROLS]
    return drawer(
        ids.BOARD_PAGES,
        "board.pages",
        html.H3(text("board.lesson")),
        shown,
        html.P(id=ids.BOARD_LESSON_NOW, className="hint"),
        html.H3(text("board.hide")),
        html.Div(hidden, id=ids.BOARD_HIDE, className="board-checks"),
    )


def _lesson_words(lesson: Any) -> dict[str, Any]:
    return {"data-t": f"lesson.{lesson.id}", "data-steps": str(len(lesson.steps))}


def _ask() -> html.Details:
    return drawer(
        ids.BOARD_ASK,
        "board.ask",
        html.P(text("board.ask_hint"), className="hint"),
        _radios(ids.BOARD_ASK_KIND, "board.ask_kind", "board.ask_", QUESTIONS),
        html.Label(
            [text("board.ask_text"), html.Textarea(id=ids.BOARD_ASK_TEXT, rows=2)],
            className="field",
        ),
        html.Label(
            [text("board.ask_options"), html.Textarea(id=ids.BOARD_ASK_OPTIONS, rows=4)],
            className="field",
        ),
        html.Div(button(ids.BOARD_ASK_SEND, "board.ask_send", kind="primary"), className="buttons"),
    )


def _challenge() -> html.Details:
    return drawer(
        ids.BOARD_CHALLENGE,
        "board.challenge",
        _radios(ids.BOARD_CHALLENGE_KIND, "board.challenge", "board.challenge_", CHALLENGES),
        html.P(id=ids.BOARD_CHALLENGE_ABOUT, className="hint"),
        html.Label(
            [text("board.challenge_epochs"), _input(ids.BOARD_CHALLENGE_EPOCHS, "5000")],
            className="field",
        ),
        html.Div(
            button(ids.BOARD_CHALLENGE_START, "board.challenge_start", kind="primary"),
            className="buttons",
        ),
    )


def _save() -> html.Details:
    buttons = [button(f"board-file-{name}", f"board.file_{name}") for name in FILES]
    return drawer(
        ids.BOARD_SAVE,
        "board.save",
        html.P(text("board.save_hint"), className="hint"),
        _check(ids.BOARD_WITH_NAMES, "board.with_names"),
        html.Div(buttons, className="buttons"),
        html.P(id=ids.BOARD_SAVED, className="hint", role="status"),
    )


def _room() -> html.Details:
    return drawer(
        ids.BOARD_ROOM,
        "board.room",
        html.P(text("board.links_hint"), className="hint"),
        html.Div(id=ids.BOARD_LINKS, className="board-links"),
        html.P(id=ids.BOARD_ENDS, className="hint"),
        html.Div(button(ids.BOARD_END, "board.end"), className="buttons"),
    )


def _tiles() -> html.Section:
    orders = [
        html.Option(t(f"board.order_{name}"), value=name, **{"data-t": f"board.order_{name}"})
        for name in ORDERS
    ]
    tools = html.Div(
        [
            labelled(_input(ids.BOARD_SEARCH, kind="search"), "board.search"),
            html.Label(
                [text("board.order"), html.Select(orders, id=ids.BOARD_ORDER)], className="field"
            ),
            _check(ids.BOARD_HERE, "board.here"),
            _check(ids.BOARD_LARGE, "board.large"),
            _check(ids.BOARD_NAMES, "board.names"),
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


def _side() -> html.Div:
    one = html.Div(
        [
            html.P(id=ids.BOARD_CHOSEN_WORDS),
            html.Div(
                [
                    button(ids.BOARD_OPEN_NET, "board.open_net", kind="primary"),
                    button(ids.BOARD_SPOTLIGHT, "board.spotlight"),
                    button(ids.BOARD_HIDE_NAME, "board.hide_name"),
                ],
                className="buttons",
            ),
        ],
        id=ids.BOARD_CHOSEN,
    )
    curves = html.Section(
        [_title("board.curves"), _canvas(ids.BOARD_CURVES, "board.curves_label"), one],
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
    return html.Div([curves, tabs, plots, _question(), _results()], className="board-side")


def _question() -> html.Section:
    return html.Section(
        [
            html.P(id=ids.BOARD_QUESTION_TEXT, className="board-question"),
            html.P(id=ids.BOARD_ANSWERED, className="hint"),
            _canvas(ids.BOARD_ANSWERS, "board.answers_label"),
            html.Div(
                [
                    button(ids.BOARD_REVEAL, "board.reveal", kind="primary"),
                    button(ids.BOARD_QUESTION_END, "board.question_end"),
                ],
                className="buttons",
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
            html.Div(button(ids.BOARD_CHALLENGE_END, "board.challenge_end"), className="buttons"),
        ],
        id="board-panel-challenge",
        className="card",
        hidden=True,
    )


def _title(key: str) -> html.H3:
    return html.H3(text(key), className="card-title")


def _canvas(id_: str, key: str) -> html.Canvas:
    return labelled(html.Canvas(id=id_, className="board-plot", role="img"), key)


def _input(id_: str, value: str = "", kind: str = "text") -> html.Span:
    """The place of an input, which ``assets/board/inputs.ts`` makes: Dash has none of HTML's."""
    return html.Span(id=id_, **{"data-input": kind, "data-value": value})


def _check(id_: str, key: str) -> html.Label:
    return html.Label([_input(id_, kind="checkbox"), text(key)], className="check")


def _radios(name: str, label: str, keys: str, values: tuple[str, ...]) -> html.Div:
    choices = [
        html.Label(
            [_input(f"{name}-{value}", value, "radio"), text(keys + value)], className="check"
        )
        for value in values
    ]
    return labelled(html.Div(choices, id=name, className="board-row", role="radiogroup"), label)
