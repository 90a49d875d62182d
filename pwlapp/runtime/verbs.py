"""The commands that there are, by name; see `commands`."""

from __future__ import annotations

from pwlapp.runtime import saved, session_data, whole_net
from pwlapp.runtime.begin import begin
from pwlapp.runtime import begin, saved, seeds, session_data
from pwlapp.runtime.commands import Verb

VERBS: dict[str, Verb] = {
    "params": whole_net.params,
    "begin": begin,
    "plateaus": seek_plateaus,
    "seeds": seeds,
    "begin": begin.begin,
    "plateaus": seeds.seek_plateaus,
    "restore": saved.restore,
    "saved": saved.save,
    "seeds": seeds.seeds,
from pwlapp.runtime import saved, session_data, uploads
from pwlapp.runtime.commands import Verb

VERBS: dict[str, Verb] = {
    "move_points": uploads.move_points,
    "restore": saved.restore,
    "saved": saved.save,
    "upload": uploads.upload,
    "use_data": session_data.use_data,
}
