"""The state of a room, and of a student's seat in it.

A room is one small document, which the teacher's commands change. Each seat is a separate document,
so that many students can join or answer at the same time without conflicts.

A seat has two sessions. `Seat.own` is the one that the student's tab had before; the room never
changes it. `Seat.class_sid` is created when the teacher first sends a setting, and is deleted with
the room. The class is led while the pages show the sessions of the class instead of their own.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from pwlapp.core.net import Architecture

QuestionKind = Literal["number", "choice", "curve"]
ChallengeKind = Literal["match", "lowest"]
Value: TypeAlias = int | float | tuple[float, ...]
Sketch: TypeAlias = tuple[float, ...]  # of length CURVE_VALUES

CURVE_VALUES = 21  # values of yhat in a sketched curve, at evenly spaced x over the data's range
MAX_SEATS = 1000
ROOM_S = 24 * 3600.0  # how long a room stays open
CONTROLS = ("seed", "net", "optimizer", "data", "weights", "train", "lessons", "explore")


class Setting(msgspec.Struct, frozen=True):
    """A setting that the teacher has sent to all seats.

    Attributes
    ----------
    id : int
        Settings, questions and challenges of a room share one increasing sequence of ids.
    seed : int
    seat_seeds : bool
        Whether each seat has a seed of its own; see `seed_of`.
    net : Architecture
    optimizer : dict
        See `codec.optimizer_header`.
    epochs : int
        Epochs that the teacher has started with this setting. Late joiners train as many.
    data_key : str
        Key of the points in the store.
    """

    id: int
    seed: int
    seat_seeds: bool
    net: Architecture
    optimizer: dict[str, Any]
    epochs: int
    data_key: str

    def seed_of(self, seat: int) -> int:
        """The seed of a seat: ``seed``, or ``seed + seat - 1`` if `seat_seeds`."""
        return (self.seed + seat - 1) % 2**32 if self.seat_seeds else self.seed


class Spotlight(msgspec.Struct, frozen=True):
    """One student's net that all pages show.

    Attributes
    ----------
    seat : int
    sid : str
        The locked copy of the seat's session that every page follows.
    """

    seat: int
    sid: str


class Answers(msgspec.Struct, frozen=True, omit_defaults=True):
    """All answers to a question, without names; only the field for the question's kind is set.

    Attributes
    ----------
    numbers : tuple of float or None
        For kind "number".
    counts : tuple of int or None
        For kind "choice": how many chose each option.
    curves : tuple of tuple of float or None
        For kind "curve".
    """

    numbers: tuple[float, ...] | None = None
    counts: tuple[int, ...] | None = None
    curves: tuple[Sketch, ...] | None = None


class Question(msgspec.Struct, frozen=True):
    """A question to all seats; their answers are in `Seat.answer`.

    Attributes
    ----------
    id : int
        See `Setting.id`.
    kind : {"number", "choice", "curve"}
    text : str
    options : tuple of str
        For kind "choice".
    revealed : Answers or None
        All answers, for the students; None until the teacher reveals them.
    text_is_preset, options_are_preset : bool
        Whether text and options are the page's own suggestions, which each page shows in its own
        language.
    """

    id: int
    kind: QuestionKind
    text: str
    options: tuple[str, ...] = ()
    revealed: Answers | None = None
    text_is_preset: bool = False
    options_are_preset: bool = False


class Place(msgspec.Struct, frozen=True):
    """A seat's place in a challenge; ``name`` is empty if the teacher hides it. Lower is better."""

    place: int
    seat: int
    name: str
    score: float


class Challenge(msgspec.Struct, frozen=True):
    """A challenge to all seats.

    Attributes
    ----------
    id : int
        See `Setting.id`.
    kind : {"match", "lowest"}
        Match a bent line, or reach the lowest loss within `epochs`.
    epochs : int
    target : tuple of float or None
        Parameters of the net to match, in the order of `net.to_vector`.
    ranking : tuple of Place
        Every seat that has a score, the best first.
    of_class : bool
        Whether the sessions of the class count, instead of the students' own. It stays true once
        the class was led during the challenge, so that a release changes no score.
    """

    id: int
    kind: ChallengeKind
    epochs: int
    target: tuple[float, ...] | None = None
    ranking: tuple[Place, ...] = ()
    of_class: bool = False


class Room(msgspec.Struct, frozen=True):
    """A room: everything that the teacher controls.

    Attributes
    ----------
    code : str
        Typed by the students to join; see `codes`.
    key : bytes
        Signs the tokens of the teacher and of the seats; never sent to a browser.
    ends : float
        When the room ends, in seconds since 1970.
    version : int
        Increases by one with each save.
    leading : bool
        Whether the class is led: the pages show the sessions of the class instead of their own.
    frozen : bool
        Whether the pages are covered, so that students look up; the sessions of the class are
        locked meanwhile.
    setting : Setting or None
        The latest setting.
    hidden : tuple of str
        Names of `CONTROLS` that the pages hide.
    lesson : tuple of (str, int) or None
        The lesson and the step that the pages show.
    spotlight : Spotlight or None
    question : Question or None
    challenge : Challenge or None
    next_id : int
        See `Setting.id`.
    """

    code: str
    key: bytes
    ends: float
    version: int = 1
    leading: bool = False
    frozen: bool = False
    setting: Setting | None = None
    hidden: tuple[str, ...] = ()
    lesson: tuple[str, int] | None = None
    spotlight: Spotlight | None = None
    question: Question | None = None
    challenge: Challenge | None = None
    next_id: int = 1


class Answer(msgspec.Struct, frozen=True):
    """A student's answer to the question with this id."""

    question: int
    value: Value


class Seat(msgspec.Struct, frozen=True):
    """A student in a room.

    Attributes
    ----------
    own : str
        Id of the session that the student's tab had when joining.
    nickname : str
        May be empty. The teacher sees it even if `name_hidden`.
    name_hidden : bool
        Whether the nickname is hidden from everyone but the teacher.
    class_sid : str or None
        Id of the seat's session of the class.
    setting : int
        Id of the latest setting with which that session was set up.
    answer : Answer or None
        The answer to the latest question that the student answered.
    number : int
        From 1 in the order of joining, never used twice. Stored beside the document.
    version : int
        Increases by one with each save. Stored beside the document.
    seen : float
        The latest heartbeat of the seat's pages, in seconds since 1970; 0 if none is connected.
        Stored beside the document; it does not change the version.
    """

    own: str
    nickname: str = ""
    name_hidden: bool = False
    class_sid: str | None = None
    setting: int = 0
    answer: Answer | None = None
    number: int = 0
    version: int = 1
    seen: float = 0.0

    @property
    def name(self) -> str:
        """The nickname as everyone may see it; empty if it is hidden."""
        return "" if self.name_hidden else self.nickname


def session_shown(room: Room, seat: Seat) -> str | None:
    """The session that the seat's page shows; None for the tab's own."""
    if room.spotlight is not None:
        return room.spotlight.sid
    return seat.class_sid if room.leading else None


def session_scored(challenge: Challenge, seat: Seat) -> str | None:
    """The session of the seat that counts in a challenge."""
    return seat.class_sid if challenge.of_class else seat.own


def session_on_board(room: Room, seat: Seat) -> str:
    """The session of the seat that the board shows."""
    return (seat.class_sid if room.leading else None) or seat.own


def encode(document: Room | Seat) -> bytes:
    """Encode a room or a seat for the store."""
    return msgspec.msgpack.encode(document)


decode_room = msgspec.msgpack.Decoder(Room).decode
decode_seat = msgspec.msgpack.Decoder(Seat).decode
