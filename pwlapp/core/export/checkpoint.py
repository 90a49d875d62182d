"""The weights as a PyTorch ``state_dict`` file."""

from __future__ import annotations

import base64
import io

from pwlapp.core.net import Architecture, Array, from_vector


def state_dict_file(params: Array, net: Architecture) -> str:
    """Make a ``.pt`` file of a net's weights. Imports torch.

    Parameters
    ----------
    params : ndarray of shape (net.size,), float32
    net : Architecture

    Returns
    -------
    str
        The file in base64. ``torch.load(..., weights_only=True)`` gives a ``state_dict`` with the
        keys ``0.weight`` (h, 1), ``0.bias`` (h,) if there is one, ``2.weight`` (1, h) and
        ``2.bias`` (1,).
    """
    import torch

    layers = from_vector(params, net.bias1)
    state = {"0.weight": torch.tensor(layers.W1).reshape(-1, 1)}
    if layers.b1 is not None:
        state["0.bias"] = torch.tensor(layers.b1)
    state["2.weight"] = torch.tensor(layers.W2).reshape(1, -1)
    state["2.bias"] = torch.tensor([layers.b2], dtype=torch.float32)
    file = io.BytesIO()
    torch.save(state, file)
    return base64.b64encode(file.getvalue()).decode("ascii")
