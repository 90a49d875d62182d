"""The command ``params``: a net's numbers to the last bit."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pwlapp.commands.table import run
from pwlapp.core.net import Architecture
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from tests.support.sessions import finished


async def test_float32_is_preserved_exactly(service: SessionService) -> None:
    sid, _ = await service.open(net=Architecture(64, bias1=True))
    await service.start_run(sid, 3, (await service.state(sid)).optimizer, "auto")
    await finished(service, sid)
    answer = await run(service, sid, "params", {})
    state = await service.state(sid)
    assert (answer["epoch"], answer["version"]) == (3, state.version)
    sent = json.loads(json.dumps(answer["params"], allow_nan=False))
    np.testing.assert_array_equal(np.array(sent, np.float32), state.train.params)
    assert all(math.isfinite(value) for value in sent)


async def test_what_is_refused(service: SessionService) -> None:
    sid, _ = await service.open()
    with pytest.raises(UserError, match="bad_request"):
        await run(service, sid, "params", {"epoch": 3})
    for unknown in ("A" * 22, "../etc", ""):
        with pytest.raises(UserError, match="session_unknown"):
            await run(service, unknown, "params", {})
