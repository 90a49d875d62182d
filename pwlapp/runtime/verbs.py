"""The commands that there are, by name; see `commands`."""

from __future__ import annotations

from pwlapp.runtime import saved, session_data, whole_net
from pwlapp.runtime.begin import begin
from pwlapp.runtime.commands import Verb
from pwlapp.runtime.seeds import seeds, seek_plateaus

VERBS: dict[str, Verb] = {
    "params": whole_net.params,
    "begin": begin,
    "plateaus": seek_plateaus,
    "seeds": seeds,
    "restore": saved.restore,
    "saved": saved.save,
    "use_data": session_data.use_data,
}
