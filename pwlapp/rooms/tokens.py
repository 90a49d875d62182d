"""Signed tokens that identify the teacher of a room, or the student in a seat.

They are signed with the room's own key, so they are invalid once the room is deleted.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal, TypeAlias

from itsdangerous import BadData, URLSafeSerializer

from pwlapp.rooms.codes import read_code
from pwlapp.rooms.state import Room

Role: TypeAlias = Literal["teacher", "seat"]

MAX_TOKEN = 200  # characters


def teacher_token(room: Room) -> str:
    """The token of the room's teacher."""
    return _serializer(room.key, "teacher").dumps([room.code])


def seat_token(room: Room, number: int) -> str:
    """The token of the student in a seat."""
    return _serializer(room.key, "seat").dumps([room.code, number])


def claimed_code(token: str) -> str | None:
    """The code of the room that a token names, not verified; None if it is not a token."""
    if len(token) > MAX_TOKEN:
        return None
    try:
        _, payload = _serializer(b"", "").loads_unsafe(token)
    except (BadData, ValueError):
        return None
    code = payload[0] if isinstance(payload, list) and payload else None
    return code if isinstance(code, str) and read_code(code) == code else None


def is_teacher(room: Room, token: str) -> bool:
    """Whether a token is the teacher's token of this room."""
    return bool(_verified(room, "teacher", token) == [room.code])


def seat_number(room: Room, token: str) -> int | None:
    """The number of the seat to which a token belongs; None if it is not a token of this room."""
    match _verified(room, "seat", token):
        case [room.code, int(number)]:
            return number
    return None


def _verified(room: Room, role: Role, token: str) -> Any:
    try:
        return _serializer(room.key, role).loads(token) if len(token) <= MAX_TOKEN else None
    except BadData:
        return None


def _serializer(key: bytes, salt: str) -> URLSafeSerializer:
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(key, salt=salt, signer_kwargs=options)
