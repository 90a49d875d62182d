"""The lecture's "irony of spec" data: the 2,000 points of its section 3.

They equal the lecture's file, ironyofspec.csv: x and y exactly, prob within 2e-7, the rounding
error of the float32 program that wrote the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pwlapp.core.data.points import Points

N = 2000

# y as 250 bytes in hexadecimal, the first point in the highest bit of the first byte.
LABELS = (
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000800200000000010000000600800000000200000041e0000200200118144a48d4a3031bf0e1"
    "83ebae0a0cfbfceeffbffff7b279ffff7ffde7ffd7dfefffffffffbfefffffffffffffffff7fffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffbfff7ffffffffffffffffffffffffffeff"
    "ffffffbfffffdfffdfffffffffdffffffffbff3f77edb7ffdffffbdfffffffffbffdeddefefffdde"
    "fffeffffbfffdffefbffdcfdeb3ffde7fffff5e77fb76f3ff37b7ccaf7d7d7b7f97e5cbdabd678bb"
    "efd8eb91760d8c7e50c3"
)


def logit(x: Any, lib: Any) -> Any:
    """The law's logit: ``5 + 15x`` for x < 0 and ``5 - 5x`` for x >= 0.

    Parameters
    ----------
    x : ndarray or Tensor of shape (n,)
    lib : module
        The library of x: `numpy` or `torch`.

    Returns
    -------
    ndarray or Tensor of shape (n,)
        With the dtype of x.
    """
    return lib.where(x < 0, 5 + 15 * x, 5 - 5 * x)


def lecture_points() -> Points:
    """The lecture's points: x from -1 to 1, prob by `logit`, y as the lecture drew it."""
    x = np.linspace(-1, 1, N)
    prob = 1 / (1 + np.exp(-logit(x, np)))
    y = np.unpackbits(np.frombuffer(bytes.fromhex(LABELS), dtype=np.uint8))
    return Points(
        x.astype(np.float32), prob.astype(np.float32), y.astype(np.float32), origin="lecture"
    )


def is_lecture(points: Points) -> bool:
    """Whether x and y equal the lecture's to the bit, held-out points included.

    Where the points come from does not matter.
    """
    own = lecture_points()
    return np.array_equal(points.x, own.x) and np.array_equal(points.y, own.y)
