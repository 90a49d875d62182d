"""The commands that there are, by name; see `commands`."""

from __future__ import annotations

from pwlapp.runtime import saved, session_data
from pwlapp.runtime.commands import Verb

VERBS: dict[str, Verb] = {
    "restore": saved.restore,
    "saved": saved.save,
    "use_data": session_data.use_data,
}
