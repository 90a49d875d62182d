"""The commands that there are, by name; see `commands`."""

from __future__ import annotations

from pwlapp.commands import begin, by_hand, saved, seeds, session_data, uploads, whole_net
from pwlapp.web.commands import Command

COMMANDS: dict[str, Command] = {
    "begin": begin.begin,
    "edit": by_hand.edit,
    "move_points": uploads.move_points,
    "params": whole_net.params,
    "plateaus": seeds.seek_plateaus,
    "reset": by_hand.reset,
    "restore": saved.restore,
    "saved": saved.save,
    "seeds": seeds.seeds,
    "upload": uploads.upload,
    "use_data": session_data.use_data,
}
