"""Imported by the fork server, so that all worker processes share the memory of these modules.

Importing this module loads torch and, if it has been compiled, the compiled engine. It must not
start a thread, since processes are forked from here.
"""

from __future__ import annotations

import gc

import torch

from pwlapp.compute import warmup

torch.set_num_threads(1)  # the processes run in parallel, one core each
warmup.load_if_compiled()
gc.freeze()  # a garbage collection would write to shared memory pages and so copy them
