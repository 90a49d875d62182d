"""The commands that there are, by name; see `commands`."""

from __future__ import annotations

from pwlapp.runtime import whole_net
from pwlapp.runtime.commands import Verb

VERBS: dict[str, Verb] = {
    "params": whole_net.params,
}
