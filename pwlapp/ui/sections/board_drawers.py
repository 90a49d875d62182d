"""The drawers of the teacher's board: students' pages, questions, challenges, files, the room."""

from __future__ import annotations

from typing import Any

from dash import html

from pwlapp.rooms.state import CONTROLS
from pwlapp.ui import board_ids
from pwlapp.ui.components import button, buttons, drawer, labelled, text
from pwlapp.ui.i18n import t
from pwlapp.ui.lessons import LESSONS

QUESTIONS = ("number", "choice", "curve")
CHALLENGES = ("match", "lowest")
FILES = ("csv", "notebook", "picture")


def layout() -> list[html.Details]:
    """All drawers, in the order of their buttons."""
    return [_pages(), _ask(), _challenge(), _save(), _room()]


def _pages() -> html.Details:
    """The drawer for the students' pages: show a step of a lesson, hide controls."""
    lessons = [
        html.Option(t(f"lesson.{lesson.id}"), value=lesson.id, **_lesson_words(lesson))
        for lesson in LESSONS
    ]
    shown = html.Div(
        [
            labelled(html.Select(lessons, id=board_ids.LESSON), "board.lesson"),
            labelled(typed(board_ids.STEP, "1"), "board.step"),
            button(board_ids.LESSON_SHOW, "board.lesson_show"),
            button(board_ids.LESSON_END, "board.lesson_end"),
        ],
        className="board-row",
    )
    hidden = [check(f"board-hide-{name}", f"board.hide_{name}") for name in CONTROLS]
    return drawer(
        board_ids.PAGES,
        "board.pages",
        html.H3(text("board.lesson")),
        shown,
        html.P(id=board_ids.LESSON_NOW, className="hint"),
        html.H3(text("board.hide")),
        html.Div(hidden, id=board_ids.HIDE, className="board-checks"),
    )


def _lesson_words(lesson: Any) -> dict[str, Any]:
    return {"data-t": f"lesson.{lesson.id}", "data-steps": str(len(lesson.steps))}


def _ask() -> html.Details:
    return drawer(
        board_ids.ASK,
        "board.ask",
        html.P(text("board.ask_hint"), className="hint"),
        radios(board_ids.ASK_KIND, "board.ask_kind", "board.ask_", QUESTIONS),
        html.Label(
            [text("board.ask_text"), html.Textarea(id=board_ids.ASK_TEXT, rows=2)],
            className="field",
        ),
        html.Label(
            [text("board.ask_options"), html.Textarea(id=board_ids.ASK_OPTIONS, rows=4)],
            className="field",
        ),
        buttons(button(board_ids.ASK_SEND, "board.ask_send", kind="primary")),
    )


def _challenge() -> html.Details:
    return drawer(
        board_ids.CHALLENGE,
        "board.challenge",
        radios(board_ids.CHALLENGE_KIND, "board.challenge", "board.challenge_", CHALLENGES),
        html.P(id=board_ids.CHALLENGE_ABOUT, className="hint"),
        html.Label(
            [text("board.challenge_epochs"), typed(board_ids.CHALLENGE_EPOCHS, "5000")],
            className="field",
        ),
        html.Div(
            button(board_ids.CHALLENGE_START, "board.challenge_start", kind="primary"),
            className="buttons",
        ),
    )


def _save() -> html.Details:
    buttons = [button(f"board-file-{name}", f"board.file_{name}") for name in FILES]
    return drawer(
        board_ids.SAVE,
        "board.save",
        html.P(text("board.save_hint"), className="hint"),
        check(board_ids.WITH_NAMES, "board.with_names"),
        html.Div(buttons, className="buttons"),
        html.P(id=board_ids.SAVED, className="hint", role="status"),
    )


def _room() -> html.Details:
    return drawer(
        board_ids.ROOM,
        "board.room",
        html.P(text("board.links_hint"), className="hint"),
        html.Div(id=board_ids.LINKS, className="board-links"),
        html.P(id=board_ids.ENDS, className="hint"),
        buttons(button(board_ids.END, "board.end")),
    )


def typed(id_: str, value: str = "", kind: str = "text") -> html.Span:
    """A placeholder for an input that ``assets/board/inputs.ts`` makes: Dash has no html.Input."""
    return html.Span(id=id_, **{"data-input": kind, "data-value": value})


def check(id_: str, key: str) -> html.Label:
    """A labelled checkbox."""
    return html.Label([typed(id_, kind="checkbox"), text(key)], className="check")


def radios(name: str, label: str, keys: str, values: tuple[str, ...]) -> html.Div:
    """Radio buttons; the catalogue key of a label is ``keys + value``."""
    choices = [
        html.Label(
            [typed(f"{name}-{value}", value, "radio"), text(keys + value)], className="check"
        )
        for value in values
    ]
    return labelled(html.Div(choices, id=name, className="board-row", role="radiogroup"), label)
