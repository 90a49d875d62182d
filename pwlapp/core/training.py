"""A training run: its initial state, one slice of it, and weights set by hand.

The module does not import torch, but `train_slice` and `initial_state` do when they are called, so
they are called in worker processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from pwlapp.core import net as nets
from pwlapp.core.engines import TORCH_CPU, pick
from pwlapp.core.net import LECTURE, MAX_PARAM, Architecture, Array, check_vector
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import MAX_SEED, Budget, SliceResult, TrainState
from pwlapp.errors import UserError

CHECKPOINT_EVERY = 5000  # epochs, for the page's table of checkpoints


def frame_epochs(start: int, target: int, n_frames: int = 240) -> tuple[int, ...]:
    """Choose the epochs of a run that are recorded as frames.

    About ``n_frames`` epochs that are dense at the start of the run, where the loss changes most
    (the k-th is about ``(k / n_frames)^3`` of the run), all multiples of `CHECKPOINT_EVERY`, and
    the last epoch.

    Parameters
    ----------
    start, target : int
        The run trains the epochs in (start, target].
    n_frames : int

    Returns
    -------
    tuple of int
        Ascending, without repeats.

    Raises
    ------
    ValueError
        If target is not greater than start.
    """
    if target <= start:
        raise ValueError(f"target {target}, expected more than start {start}")
    n_epochs = target - start
    # Whole numbers, so that every processor chooses the same epochs
    dense = [start - (-n_epochs * k**3 // n_frames**3) for k in range(1, n_frames + 1)]
    every = CHECKPOINT_EVERY
    checkpoints = range((start // every + 1) * every, target + 1, every)
    return tuple(sorted({*dense, *checkpoints}))


def train_slice(
    state: TrainState,
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budget: Budget,
    engine: str = TORCH_CPU,
) -> SliceResult:
    """Train from ``state`` towards ``budget.target_epoch``.

    Pure: if a worker dies, another one can run the slice again. With the same engine, consecutive
    slices give the same numbers as one uninterrupted run, to the last bit.

    Parameters
    ----------
    state : TrainState
    x, y : ndarray of shape (n,), float32
        y within [0, 1].
    options : AdamOptions or SgdOptions
    budget : Budget
    engine : str
        ``"auto"``, or an id that `engines.engines` lists.

    Raises
    ------
    UserError
        ``bad_engine`` (name); ``bad_params`` (max) if any number is NaN or a parameter is infinite.
        Adam's v may be infinite after huge gradients; such weights no longer change.
    ValueError
        If the budget's target is not after the state's epoch, or the state's vectors are not of
        length ``net.size``.
    """
    if budget.target_epoch <= state.epoch:
        raise ValueError(f"target {budget.target_epoch}, expected more than {state.epoch}")
    for vector in (state.params, state.m, state.v):
        if vector.shape != (state.net.size,):
            raise ValueError(f"shape {vector.shape}, expected ({state.net.size},) of {state.net}")
        if np.isnan(vector).any() or not np.isfinite(state.params).all():
            raise UserError("bad_params", max=MAX_PARAM)
    return pick(engine, state.net, x.size).train(state, x, y, options, budget)


def initial_state(seed: int, x: Array, y: Array, net: Architecture = LECTURE) -> TrainState:
    """The untrained net that torch initialises after ``torch.manual_seed(seed)``.

    The state of torch's global random generator does not change.

    Parameters
    ----------
    seed : int
        0 to `MAX_SEED`.
    x, y : ndarray of shape (n,), float32
        The points at which the loss is evaluated.
    net : Architecture

    Raises
    ------
    UserError
        ``bad_seed`` (max).
    """
    if not 0 <= seed <= MAX_SEED:
        raise UserError("bad_seed", max=MAX_SEED)

    from pwlapp.core.engines.torch_engine import new_net

    params, loss = new_net(seed, x, y, net)
    zeros = np.zeros_like(params)
    return TrainState(params, m=zeros, v=zeros, epoch=0, loss=loss, net=net)


def initial_states(
    seeds: Sequence[int], x: Array, y: Array, net: Architecture = LECTURE
) -> list[TrainState]:
    """`initial_state` for each of the seeds."""
    return [initial_state(seed, x, y, net) for seed in seeds]


def with_new_optimizer(state: TrainState) -> TrainState:
    """Reset the optimizer's memory, as if a new ``torch.optim`` object were created."""
    zeros = np.zeros_like(state.params)
    return replace(state, m=zeros, v=zeros, optimizer_epoch=state.epoch)


def with_params(state: TrainState, vector: ArrayLike, x: Array, y: Array) -> TrainState:
    """Replace the weights and evaluate the loss; the epoch and the optimizer's memory stay.

    A memory that has overflowed is reset, since the weights could no longer change with it. Does
    not need torch; the loss is within 1e-6 of torch's.

    Parameters
    ----------
    state : TrainState
    vector : array-like of shape (k,)
        In the order of `net.to_vector`.
    x, y : ndarray of shape (n,), float32

    Raises
    ------
    UserError
        ``bad_params`` (max) unless these are k numbers that are finite in float32.
    """
    params = check_vector(vector, state.params.size, limit=float(np.finfo(np.float32).max))
    if not (np.isfinite(state.m).all() and np.isfinite(state.v).all()):
        state = with_new_optimizer(state)
    return replace(state, params=params, loss=nets.loss(params, x, y, state.net))
