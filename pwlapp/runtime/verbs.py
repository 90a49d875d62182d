"""The commands that there are, by name; see `commands`."""

from __future__ import annotations

from pwlapp.runtime import begin, saved, seeds, session_data, whole_net
from pwlapp.runtime.commands import Verb

VERBS: dict[str, Verb] = {
    "begin": begin.begin,
    "params": whole_net.params,
    "plateaus": seeds.seek_plateaus,
    "restore": saved.restore,
    "saved": saved.save,
    "seeds": seeds.seeds,
    "use_data": session_data.use_data,
}
