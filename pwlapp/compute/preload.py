"""The modules that the fork server imports once, so that all worker processes share their memory.

Importing this module loads torch and, if it has been compiled, the fused engine. It starts no
thread: processes are forked from here.
"""

from __future__ import annotations

import gc

import torch

from pwlapp.compute import warmup

torch.set_num_threads(1)  # the processes run in parallel, one core each
warmup.load_if_compiled()
gc.freeze()  # a garbage collection would write to shared pages, which copies them
