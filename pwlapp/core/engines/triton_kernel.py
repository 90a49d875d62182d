"""The Triton kernel that trains nets: each program instance trains one net for many epochs.

Triton has wheels for Linux only, so only `triton_nets` imports this module, at its first launch.

Why one program per net: an epoch of these nets takes about a microsecond, while a launch takes
several, and programs cannot wait for each other between epochs. So a program holds one net and all
points in registers and repeats epochs there. A GPU trains as many nets at once as it can run
programs.

Memory plan of a program, with n points padded to N and h units padded to H, powers of two:

- x, y: (1, N), read once, then kept in registers, N / (32 num_warps) of each per thread.
- W1, b1, W2: (H,) and b2, with the optimizer's m and v of each: in registers. Every thread has a
  copy and makes the same step, which costs less than to divide the work and exchange results.
- the (H, N) tile: each thread has all units of its own points, so the sum over units needs no
  other thread. The sums over points use warp shuffles and shared memory, in one reduction.
- global memory: an epoch reads two numbers, and writes only if it is recorded as a frame.

All numbers are float32, computed in torch's order where that costs nothing. Adam's step sizes come
from a table that the host computes in float64, as torch does, so that the slicing of a run does not
change them.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, import-untyped, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

from pwlapp.core import net as nets
from pwlapp.core import state

LOG_FLOOR = tl.constexpr(nets.LOG_FLOOR)
LOSS_LIMIT = tl.constexpr(state.LOSS_LIMIT)
NO_EPOCH = tl.constexpr(-1)  # as `triton_nets` writes it


@triton.jit
def sigmoid(z):
    # if exp overflows to infinity, the result is 0, which is right
    return 1.0 / (1.0 + tl.exp(-z))


@triton.jit
def losses_and_slopes(z, y, BCE: tl.constexpr):
    """Each point's loss at the logit z, and the loss's derivative there; all (1, N)."""
    if BCE:
        yhat = sigmoid(z)
        # not tl.maximum, which drops NaN
        log_yes = tl.log(yhat)
        log_yes = tl.where(log_yes < LOG_FLOOR, LOG_FLOOR, log_yes)
        log_no = tl.log(1.0 - yhat)
        log_no = tl.where(log_no < LOG_FLOOR, LOG_FLOOR, log_no)
        loss = -(y * log_yes + (1.0 - y) * log_no)
        # BCELoss divides by yhat (1 - yhat), but by at least 1e-12; the sigmoid multiplies by it
        spread = yhat * (1.0 - yhat)
        slope = (yhat - y) * tl.where(spread < 1e-12, spread * 1e12, 1.0)
    else:
        error = z - y
        loss = error * error
        slope = 2.0 * error
    return loss, slope


@triton.jit
def load_units(at, h, H: tl.constexpr):
    """Read h numbers into (H,), padded with zeros.

    A plain load fixes a layout over threads that differs from the tile's, and each epoch would
    convert between the two. The result of a reduction has no fixed layout.
    """
    unit = tl.arange(0, H)[:, None]  # (H, 1)
    return tl.max(tl.load(at + unit, mask=unit < h, other=0.0), axis=1)


@triton.jit
def load_vector(at, h, H: tl.constexpr, BIAS1: tl.constexpr):
    """Read W1, b1, W2 (H,) and b2 from a vector in the order of `net.to_vector`."""
    W1 = load_units(at, h, H)
    b1 = W1  # unused
    if BIAS1:
        at += h
        b1 = load_units(at, h, H)
    W2 = load_units(at + h, h, H)
    b2 = tl.load(at + 2 * h)
    return W1, b1, W2, b2


@triton.jit
def store_vector(at, h, W1, b1, W2, b2, H: tl.constexpr, BIAS1: tl.constexpr):
    """Undo `load_vector`."""
    unit = tl.arange(0, H)
    tl.store(at + unit, W1, mask=unit < h)
    if BIAS1:
        at += h
        tl.store(at + unit, b1, mask=unit < h)
    tl.store(at + h + unit, W2, mask=unit < h)
    tl.store(at + 2 * h, b2)


@triton.jit
def step(p, m, v, g, rule, step_size, bias2, ADAM: tl.constexpr):
    """One optimizer step of p, (H,) or a single number, with its gradient g.

    ``rule`` has the values of `triton_nets.constants`. ``step_size`` and ``bias2`` are a row of
    `triton_nets.schedule`. Returns the new p, m and v.
    """
    keep1, take1, keep2, take2, eps, decay = rule
    g += decay * p
    if ADAM:
        m = keep1 * m + take1 * g
        v = keep2 * v + take2 * (g * g)
        p -= step_size * (m / (tl.sqrt(v) / bias2 + eps))
    else:
        g += keep1 * m
        m = tl.where(keep1 > 0.0, g, m)
        p -= step_size * g
    return p, m, v


@triton.jit
def sums(a, b, c, d):
    """Sum four (H, N) tiles over N in one reduction, which synchronises the threads only once."""
    ab, cd = tl.split(tl.sum(tl.join(tl.join(a, b), tl.join(c, d)), axis=1))
    a, b = tl.split(ab)
    c, d = tl.split(cd)
    return a, b, c, d


@triton.jit
def loss_and_gradient(
    W1,
    b1,
    W2,
    b2,
    x,  # (1, N), like y and real
    y,
    real,
    share,
    H: tl.constexpr,
    BIAS1: tl.constexpr,
    RELU: tl.constexpr,
    BCE: tl.constexpr,
):
    """Return the loss and its derivatives by W1, b1, W2, (H,) each, and b2.

    The loss is the mean over the points: ``share`` is 1 / n, and ``real`` is false for padding.
    """
    row = tl.arange(0, H)
    u = W1[:, None] * x  # (H, 1) * (1, N) -> (H, N)
    if BIAS1:
        u += b1[:, None]
    v = tl.where(u <= 0.0, 0.0, u) if RELU else sigmoid(u)  # NaN stays NaN, as in torch
    z = tl.sum(v * W2[:, None], axis=0, keep_dims=True) + b2  # (1, N)
    each, slope = losses_and_slopes(z, y, BCE)
    each = tl.where(real, each * share, 0.0)
    slope = tl.where(real, slope * share, 0.0)
    dv = slope * W2[:, None]  # (H, N)
    du = tl.where(u <= 0.0, 0.0, dv) if RELU else dv * (v * (1.0 - v))
    # One tile for two sums over the points: row 0 gives the loss, row 1 the gradient of b2.
    rest = tl.where(row[:, None] == 0, each, slope)
    gW1, gb1, gW2, rest = sums(du * x, du, v * slope, rest)
    loss = tl.sum(tl.where(row == 0, rest, 0.0))
    gb2 = tl.sum(tl.where(row == 1, rest, 0.0))
    return loss, gW1, gb1, gW2, gb2


@triton.jit(do_not_specialize=["n", "n_records", "h"])
def train_nets(
    which,  # (programs,) int32: the nets to train
    points,  # (2, n) float32: x, y
    begin,  # (S, 3, k) float32: params, m, v
    end,  # (S, 3, k) float32, written: the same, where the net stopped
    plan,  # (S, 2) int32: epochs to train, first row of the schedule
    outcome,  # (S, 2) int32, written: epochs trained, whether the last one diverged
    losses,  # (S,) float32, written: the loss after the last epoch
    constants,  # (6,) float32: see `triton_nets.constants`
    schedule,  # (steps, 2) float32: Adam's step size and its second bias correction
    records,  # (S, n_records) int32, ascending, then -1: epochs to keep, counted from this launch
    frames,  # (S, n_records, k + 1) float32, written: params and loss
    n,
    n_records,
    h,
    N: tl.constexpr,
    H: tl.constexpr,
    BIAS1: tl.constexpr,
    RELU: tl.constexpr,
    BCE: tl.constexpr,
    ADAM: tl.constexpr,
):
    """Train nets for their number of epochs, or until they diverge; see `state.has_diverged`.

    Each iteration evaluates the loss and the gradient of the present weights, then steps unless it
    is the last iteration. So the loss that is written belongs to the weights that are written. A
    net that diverges ends with the weights of that epoch. To keep the last good ones as well would
    need more registers; instead the caller trains it again for one epoch less.
    """
    net = tl.load(which + tl.program_id(0))
    k = (3 if BIAS1 else 2) * h + 1
    source = begin + net * 3 * k
    W1, b1, W2, b2 = load_vector(source, h, H, BIAS1)
    mW1, mb1, mW2, mb2 = load_vector(source + k, h, H, BIAS1)
    vW1, vb1, vW2, vb2 = load_vector(source + 2 * k, h, H, BIAS1)
    epochs = tl.load(plan + 2 * net)
    step_at = schedule + 2 * tl.load(plan + 2 * net + 1)

    keep1, take1 = tl.load(constants), tl.load(constants + 1)
    keep2, take2 = tl.load(constants + 2), tl.load(constants + 3)
    rule = (keep1, take1, keep2, take2, tl.load(constants + 4), tl.load(constants + 5))
    point = tl.arange(0, N)[None, :]
    real = point < n
    repeated = tl.minimum(point, n - 1)  # the padding repeats the last point, with weight 0
    x = tl.load(points + repeated)
    y = tl.load(points + n + repeated)
    share = 1.0 / n.to(tl.float32)
    used = tl.arange(0, H) < h

    epoch = epochs * 0
    n_kept = epochs * 0
    records += net * n_records
    frames += net * n_records * (k + 1)
    next_record = tl.load(records, mask=n_records > 0, other=NO_EPOCH)
    before = share * 0.0 + float("inf")  # the first loss has no predecessor
    loss = before
    fine = epochs >= 0
    running = fine
    while running:
        step_size = tl.load(step_at)
        bias2 = step_size
        if ADAM:
            bias2 = tl.load(step_at + 1)
            step_at += 2

        loss, gW1, gb1, gW2, gb2 = loss_and_gradient(
            W1, b1, W2, b2, x, y, real, share, H, BIAS1, RELU, BCE
        )
        fine = (tl.abs(loss) < float("inf")) & ((before > LOSS_LIMIT) | (loss <= LOSS_LIMIT))

        if epoch == next_record:
            frame = frames + n_kept * (k + 1)
            store_vector(frame, h, W1, b1, W2, b2, H, BIAS1)
            tl.store(frame + k, loss)
            n_kept += 1
            next_record = tl.load(records + n_kept, mask=n_kept < n_records, other=NO_EPOCH)

        running = fine & (epoch < epochs)
        if running:
            if BIAS1:
                b1, mb1, vb1 = step(b1, mb1, vb1, gb1, rule, step_size, bias2, ADAM)
                b1 = tl.where(used, b1, 0.0)
            W1, mW1, vW1 = step(W1, mW1, vW1, gW1, rule, step_size, bias2, ADAM)
            W2, mW2, vW2 = step(W2, mW2, vW2, gW2, rule, step_size, bias2, ADAM)
            b2, mb2, vb2 = step(b2, mb2, vb2, gb2, rule, step_size, bias2, ADAM)
            # padding units stay 0; their step would be 0 / 0 if eps is 0
            W1 = tl.where(used, W1, 0.0)
            W2 = tl.where(used, W2, 0.0)
            before = loss
            epoch += 1

    target = end + net * 3 * k
    store_vector(target, h, W1, b1, W2, b2, H, BIAS1)
    store_vector(target + k, h, mW1, mb1, mW2, mb2, H, BIAS1)
    store_vector(target + 2 * k, h, vW1, vb1, vW2, vb2, H, BIAS1)
    tl.store(outcome + 2 * net, epoch)
    tl.store(outcome + 2 * net + 1, tl.where(fine, 0, 1))
    tl.store(losses + net, loss)
