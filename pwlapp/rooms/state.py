"""The state of a room, and of a student's seat in it.

A room is one small document, which the teacher's commands change. Each seat is a document of its
own, so that many students can join or answer at the same moment without a conflict.

A seat has two sessions. `Seat.own` is what the student's tab had before; the room never changes it.
`Seat.class_sid` is made when the teacher first sends a setting, and is deleted with the room.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from pwlapp.core.net import Architecture

QuestionKind = Literal["number", "choice", "curve"]
ChallengeKind = Literal["match", "lowest"]
Value: TypeAlias = int | float | tuple[float, ...]
Sketch: TypeAlias = tuple[float, ...]  # CURVE_VALUES of them

CURVE_VALUES = 21  # of a sketched curve: yhat at even x over the data's range
MAX_SEATS = 1000
ROOM_S = 24 * 3600.0  # a room ends so many seconds after it was opened
CONTROLS = ("seed", "net", "optimizer", "data", "weights", "train", "lessons", "explore")


class Setting(msgspec.Struct, frozen=True):
    """What the teacher sent to all seats.

    Attributes
    ----------
    id : int
        Counts up within the room, together with those of questions and challenges.
    seed : int
    seat_seeds : bool
        Whether each seat has a seed of its own; see `seed_of`.
    net : Architecture
    optimizer : dict
        As `codec.optimizer_header` writes it.
    epochs : int
        How long the class has trained since; 0: the nets wait. Late joiners train as long.
    data_key : str
        The points, which the store has.
    """

    id: int
    seed: int
    seat_seeds: bool
    net: Architecture
    optimizer: dict[str, Any]
    epochs: int
    data_key: str

    def seed_of(self, seat: int) -> int:
        """The seed of a seat: the setting's, or, with a seed each, the next ones in turn."""
        return (self.seed + seat - 1) % 2**32 if self.seat_seeds else self.seed


class Spotlight(msgspec.Struct, frozen=True):
    """One student's net, shown to all.

    Attributes
    ----------
    seat : int
    sid : str
        The locked copy of the seat's session that every page follows.
    """

    seat: int
    sid: str


class Answers(msgspec.Struct, frozen=True, omit_defaults=True):
    """All answers to a question, without names; only the field of the question's kind is set.

    Attributes
    ----------
    numbers : tuple of float or None
        Of kind "number".
    counts : tuple of int or None
        Of kind "choice": for each option, how many chose it.
    curves : tuple of tuple of float or None
        Of kind "curve".
    """

    numbers: tuple[float, ...] | None = None
    counts: tuple[int, ...] | None = None
    curves: tuple[Sketch, ...] | None = None


class Question(msgspec.Struct, frozen=True):
    """A question to all seats; their answers are in `Seat.answer`.

    Attributes
    ----------
    id : int
        Counts up within the room, together with those of settings and challenges.
    kind : {"number", "choice", "curve"}
    text : str
    options : tuple of str
        Of kind "choice".
    revealed : Answers or None
        What the students see of all answers; None until the teacher reveals them.
    text_is_preset, options_are_preset : bool
        Whether they are the page's own: each page shows them in its language.
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
        See `Question.id`.
    kind : {"match", "lowest"}
        Match a bent line, or reach the lowest loss within `epochs`.
    epochs : int
    target : tuple of float or None
        Parameters of the net to match, in the order of `net.to_vector`.
    ranking : tuple of Place
        Best first; every seat that has a score.
    of_class : bool
        Whether the nets of the class count, else the students' own. Once the class was led during
        the challenge it stays so: a release changes no score.
    """

    id: int
    kind: ChallengeKind
    epochs: int
    target: tuple[float, ...] | None = None
    ranking: tuple[Place, ...] = ()
    of_class: bool = False


class Room(msgspec.Struct, frozen=True):
    """What the teacher controls; see `repository.RoomRepository` for how it is saved.

    Attributes
    ----------
    code : str
        What the students type; see `codes`.
    key : bytes
        Signs the tokens of the teacher and of the seats; never sent to a browser.
    ends : float
        Seconds since 1970.
    version : int
        Goes up by one with each save.
    leading : bool
        Whether the pages follow the class's sessions instead of their own.
    frozen : bool
        Whether the students must look up. Sessions of the class are locked meanwhile.
    setting : Setting or None
        What was sent last; None until then.
    hidden : tuple of str
        Names of `CONTROLS` that the pages hide.
    lesson : tuple of (str, int) or None
        The lesson and its step that the pages show.
    spotlight : Spotlight or None
    question : Question or None
    challenge : Challenge or None
    next_id : int
        Of the next setting, question or challenge.
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
    """A seat's answer to the question of this id."""

    question: int
    value: Value


class Seat(msgspec.Struct, frozen=True):
    """A student in a room.

    Attributes
    ----------
    own : str
        Id of the session that the student's tab had when joining.
    nickname : str
        As typed, or empty; the teacher sees it even if `name_hidden`.
    name_hidden : bool
        Whether all others see no name.
    class_sid : str or None
        Id of the seat's session of the class.
    setting : int
        Id of the setting that the seat's session of the class was made for last.
    answer : Answer or None
        To the latest question that the student answered.
    number : int
        From 1 in the order of joining, never given twice; the store keeps it beside the document.
    version : int
        Goes up by one with each save.
    seen : float
        When a page of this seat was last connected, in seconds since 1970; kept beside the document
        and no part of its version. 0: not connected.
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
        """The nickname that everybody may see."""
        return "" if self.name_hidden else self.nickname


def followed(room: Room, seat: Seat) -> str | None:
    """The session that the seat's page follows; None: the tab's own."""
    if room.spotlight is not None:
        return room.spotlight.sid
    return seat.class_sid if room.leading else None


def scored(challenge: Challenge, seat: Seat) -> str | None:
    """The session of the seat that counts in a challenge."""
    return seat.class_sid if challenge.of_class else seat.own


def watched(room: Room, seat: Seat) -> str:
    """The session of the seat that the board shows."""
    return (seat.class_sid if room.leading else None) or seat.own


def encode(document: Room | Seat) -> bytes:
    """Pack a room or a seat for the store."""
    return msgspec.msgpack.encode(document)


decode_room = msgspec.msgpack.Decoder(Room).decode
decode_seat = msgspec.msgpack.Decoder(Seat).decode
