"""The verb ``params``: a net's numbers to the last bit."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pwlapp.core.net import Architecture
from pwlapp.errors import UserError
from pwlapp.runtime.trainer import Trainer
from pwlapp.runtime.verbs import VERBS
from tests.runtime.helpers import finished


async def test_float32_comes_back_exactly(trainer: Trainer) -> None:
    sid, _ = await trainer.open(net=Architecture(64, bias1=True))
    await trainer.start_run(sid, 3, (await trainer.state(sid)).optimizer, "auto")
    await finished(trainer, sid)
    answer = await VERBS["params"](trainer, sid, {})
    state = await trainer.state(sid)
    assert (answer["epoch"], answer["version"]) == (3, state.version)
    sent = json.loads(json.dumps(answer["params"], allow_nan=False))
    np.testing.assert_array_equal(np.array(sent, np.float32), state.train.params)
    assert all(math.isfinite(value) for value in sent)


async def test_what_is_refused(trainer: Trainer) -> None:
    sid, _ = await trainer.open()
    with pytest.raises(UserError, match="bad_request"):
        await VERBS["params"](trainer, sid, {"epoch": 3})
    for unknown in ("A" * 22, "../etc", ""):
        with pytest.raises(UserError, match="session_unknown"):
            await VERBS["params"](trainer, unknown, {})
