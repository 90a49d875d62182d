"""The bodies of the teacher's commands."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, ValidationInfo, model_validator

from pwlapp.commands.data import Data
from pwlapp.commands.fields import (
    Body,
    Epochs,
    Net,
    Optimizer,
    Param,
    Seed,
    read_epochs,
    refused,
)
from pwlapp.core.net import LECTURE, MAX_PARAM
from pwlapp.errors import UserError
from pwlapp.rooms.nicknames import is_allowed
from pwlapp.rooms.state import CONTROLS, ChallengeKind, QuestionKind

MAX_TEXT, MAX_OPTION = 300, 80  # characters
MAX_OPTIONS = 8
MAX_STEP = 99
MAX_ADDRESS = 500  # so that a QR code holds it


def read_epochs_or_none(value: object, info: ValidationInfo) -> int:
    """Read a number of epochs, or 0 for no run. Raises ``bad_epochs`` (min, max)."""
    return 0 if type(value) is int and value == 0 else read_epochs(value, info)


def read_text(most: int) -> Callable[[object], str]:
    """Make a reader for text of at most `most` characters.

    The reader raises ``bad_question`` (max, options).
    """

    def read(value: object) -> str:
        typed = value[: 2 * MAX_TEXT] if isinstance(value, str) else ""
        text = " ".join(unicodedata.normalize("NFC", typed).split())
        if not 0 < len(text) <= most or not all(map(is_allowed, text)):
            raise bad_question()
        return text

    return read


def bad_question() -> UserError:
    """The error for a question that can't be asked."""
    return UserError("bad_question", max=MAX_TEXT, options=MAX_OPTIONS)


def read_page(value: object) -> str:
    """Check that a value is the address of a page, which ends with a slash. Raises ValueError."""
    if not isinstance(value, str) or len(value) > MAX_ADDRESS or not value.isascii():
        raise ValueError
    address = urlsplit(value)  # this and address.port raise ValueError
    is_page = address.scheme in ("http", "https") and address.hostname and address.port != 0
    if not is_page or not address.path.endswith("/") or set(value) & set('?# @<>"\\'):
        raise ValueError
    return value


Flag: TypeAlias = Annotated[bool, Field(strict=True)]
SeatNumber: TypeAlias = Annotated[int, Field(strict=True, ge=1)]
EpochsOrNone: TypeAlias = Annotated[int, PlainValidator(read_epochs_or_none)]
Text: TypeAlias = Annotated[str, PlainValidator(read_text(MAX_TEXT))]
Option: TypeAlias = Annotated[str, PlainValidator(read_text(MAX_OPTION))]
PageAddress: TypeAlias = Annotated[str, PlainValidator(read_page)]
Step: TypeAlias = tuple[
    Annotated[str, Field(strict=True, pattern=r"^[a-z_]{1,40}$")],
    Annotated[int, Field(strict=True, ge=0, le=MAX_STEP)],
]
Target: TypeAlias = Annotated[
    list[Param],
    Field(min_length=LECTURE.size, max_length=LECTURE.size),
    refused("bad_params", max=MAX_PARAM),
]


class Push(Body):
    """Send a setting to all seats; with 0 epochs the nets wait for `Start`."""

    data: Data
    seed: Seed
    net: Net
    optimizer: Optimizer
    epochs: EpochsOrNone
    seat_seeds: Flag = False


class Start(Body):
    """Train `epochs` more."""

    epochs: Epochs


class Freeze(Body):
    """Cover the pages, or uncover them."""

    on: Flag


class Lesson(Body):
    """Show a step of a lesson, or none."""

    lesson: Step | None


class Hide(Body):
    """Hide these controls on the pages, and show all others."""

    controls: list[Literal[CONTROLS]]  # type: ignore[valid-type]  # not a literal for mypy


class ShowSeat(Body):
    """Show the net of a seat on all pages, or of none."""

    seat: SeatNumber | None


class OpenNet(Body):
    """Replace the teacher's own session by a copy of a seat's."""

    seat: SeatNumber
    sid: Annotated[str, Field(strict=True)]


class HideName(Body):
    """Hide a seat's nickname from everyone but the teacher, or show it again."""

    seat: SeatNumber
    on: Flag


class Invite(Body):
    """Make links into the room; `page` is the address at which the teacher has opened the page."""

    page: PageAddress


class Ask(Body):
    """Ask a question; see `state.Question`. Only a choice has options."""

    kind: QuestionKind
    text: Text
    options: tuple[Option, ...] = ()
    text_is_preset: Flag = False
    options_are_preset: Flag = False

    @model_validator(mode="after")
    def _has_a_choice(self) -> Ask:
        most = MAX_OPTIONS if self.kind == "choice" else 0
        if not min(2, most) <= len(self.options) <= most:
            raise bad_question()
        return self


class SetChallenge(Body):
    """Start a challenge; see `state.Challenge`."""

    kind: ChallengeKind
    epochs: EpochsOrNone = 0
    target: Target | None = None

    @model_validator(mode="after")
    def _has_a_goal(self, info: ValidationInfo) -> SetChallenge:
        if self.kind == "match" and self.target is None:
            raise UserError("bad_params", max=MAX_PARAM)
        if self.kind == "lowest":
            read_epochs(self.epochs, info)
        return self
