"""What the fork server imports once, so that all training processes share the memory.

Importing this module loads torch and, if it has been compiled, the fused engine. It starts no
thread: processes are forked from here.
"""

from __future__ import annotations

import gc

import numpy as np
import torch

from pwlapp.compute import warmup
from pwlapp.core.training import AdamOptions, Budget, initial_state, train_slice


def train_an_epoch() -> None:
    """Load what torch loads at its first epoch, which takes about a second."""
    x = np.zeros(1, dtype=np.float32)
    train_slice(initial_state(0, x, x), x, x, AdamOptions(), Budget(target_epoch=1))


torch.set_num_threads(1)  # the processes run in parallel, one core each
if not warmup.load_if_compiled():
    train_an_epoch()  # torch trains until the engine is compiled
gc.freeze()  # a collection would write to shared pages
