"""The commands that there are, by name; see `commands`."""

from __future__ import annotations

from pwlapp.runtime import saved, session_data, uploads
from pwlapp.runtime.commands import Verb

VERBS: dict[str, Verb] = {
    "move_points": uploads.move_points,
    "restore": saved.restore,
    "saved": saved.save,
    "upload": uploads.upload,
    "use_data": session_data.use_data,
}
