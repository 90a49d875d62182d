"""How the loops are compiled, and arithmetic on single numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from pwlapp.core.net import LOG_FLOOR

FLAGS = {"reassoc", "nsz", "arcp", "contract"}

# Division by zero gives infinity, as in numpy: with a check for it, loops cannot be vectorised.
OPTIONS: Any = {"fastmath": FLAGS, "error_model": "numpy", "nogil": True, "cache": True}
compiled = njit(**OPTIONS)
inlined = njit(inline="always", **OPTIONS)

f4 = np.float32
LOG2_E = f4(1.4426950408889634)
LN_2 = f4(0.6931471805599453)
SATURATED = 16.5  # from |z| = 16.64 on, the sigmoid is 1 in float32, and BCELoss's gradient is 0
LN_2_UP = 0.694  # log(2), rounded up: the loss of a point is at most |logit| + log(2)


@intrinsic
def float_from_bits(_typing: Any, bits: Any) -> Any:
    """Reinterpret the bits of an int32 as a float32."""

    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(bits), build


@inlined
def exp_(t: f4) -> f4:
    """``exp(t)`` for t from -87 to 87, within 2 units of the last place.

    ``exp(t) = 2^k exp(f)`` with a whole k and f within log(2) / 2 of 0; the polynomial is that of
    Cephes' expf, by S. Moshier.
    """
    biased = np.int32(t * LOG2_E + f4(127.5))  # k + 127: positive, so truncation rounds
    f = t - f4(np.int32(biased - np.int32(127))) * LN_2
    p = f4(1.9875691500e-4)
    p = p * f + f4(1.3981999507e-3)
    p = p * f + f4(8.3334519073e-3)
    p = p * f + f4(4.1665795894e-2)
    p = p * f + f4(1.6666665459e-1)
    p = p * f + f4(5.0000001201e-1)
    return (p * f * f + f + f4(1.0)) * float_from_bits(np.int32(biased << np.int32(23)))


@compiled
def torch_point(z, y):
    """Residual and cross-entropy of one point, as torch's Sigmoid and BCELoss compute them.

    BCELoss clamps its logarithms at -100. Its gradient is divided by yhat (1 - yhat), but by at
    least 1e-12, and then multiplied by the sigmoid's derivative yhat (1 - yhat). The residual is
    therefore 0 where yhat is exactly 0 or 1.
    """
    yhat = f4(1.0) / (f4(1.0) + np.exp(-z))
    spread = (f4(1.0) - yhat) * yhat
    r = yhat - y
    if spread < f4(1e-12):
        r = r / f4(1e-12) * spread
    # in float64, and without log(0): the clamp below gives LOG_FLOOR there
    log_yes = math.log(np.float64(yhat)) if yhat > f4(0.0) else LOG_FLOOR
    log_no = math.log(np.float64(f4(1.0) - yhat)) if yhat < f4(1.0) else LOG_FLOOR
    if math.isnan(yhat):
        log_yes = math.nan
    return r, -(y * max(log_yes, LOG_FLOOR) + (f4(1.0) - y) * max(log_no, LOG_FLOOR))
