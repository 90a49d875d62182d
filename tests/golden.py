"""``python -m tests.golden``: the expected values for the tests of the TypeScript code.

Writes ``build/golden.json``, which vitest reads. Its numbers come from torch (layers, losses,
autograd), closed forms and ``pwlapp.core``, in double precision unless a test is about float32.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from pwlapp.core.analysis.plateaus import plateaus
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.net import Architecture, Loss
from pwlapp.ui.limits import limits

Vector = NDArray[np.float64]
Cases = list[dict[str, Any]]

PATH = Path(__file__).parents[1] / "build" / "golden.json"
INF = float("inf")
MAX_EPOCHS = 1_000_000  # the setting's default
SAME_SLOPE = 1e-9  # of the largest slope

NETS = (
    Architecture(1),
    Architecture(2),
    Architecture(2, bias1=True, activation="sigmoid"),
    Architecture(3, bias1=True, loss="mse"),
    Architecture(8, activation="sigmoid", loss="mse"),
    Architecture(8, bias1=True),
)
SURFACE_NETS = (
    Architecture(),
    Architecture(loss="mse"),
    Architecture(3, bias1=True),
    Architecture(8, bias1=True, activation="sigmoid"),
    Architecture(1, bias1=True, activation="sigmoid", loss="mse"),
)


def main() -> None:
    golden = {
        "nets": nets(),
        "surfaces": surfaces(),
        "planes": planes(),
        "pieces": pieces(),
        "bent": bent_lines(),
        "links": links(),
        "spaced": spaced(),
        "limits": limits(MAX_EPOCHS),
    }
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(golden, default=as_json, allow_nan=False), "utf-8")


def spaced() -> Cases:
    """Evenly spaced points, like the server's data."""
    ends = [(-1.0, 1.0, 2000), (-3.0, 2.5, 201), (0.0, 1.0, 2)]
    return [
        {"from": low, "to": high, "n": n, "x": np.linspace(low, high, n).astype(np.float32)}
        for low, high, n in ends
    ]


def as_json(value: Any) -> Any:
    return vars(value) if isinstance(value, Architecture) else value.tolist()


# --- a net in torch -------------------------------------------------------------------------------


def double(values: ArrayLike) -> torch.Tensor:
    return torch.tensor(np.asarray(values, float))


def layers(p: ArrayLike, net: Architecture) -> torch.nn.Sequential:
    """The net's l1, a1 and l2 with these parameters, in double precision."""
    hidden = torch.nn.ReLU() if net.activation == "relu" else torch.nn.Sigmoid()
    l1, l2 = torch.nn.Linear(1, net.h, bias=net.bias1), torch.nn.Linear(net.h, 1)
    model = torch.nn.Sequential(l1, hidden, l2).double()
    torch.nn.utils.vector_to_parameters(double(p), model.parameters())
    return model


def forward(p: ArrayLike, x: ArrayLike, net: Architecture) -> dict[str, Vector]:
    """Logit, yhat, each unit's part of the logit, and the logit's slope at x by autograd."""
    model = layers(p, net)
    at = double(x).reshape(-1, 1).requires_grad_()
    logit = model(at)
    (slope,) = torch.autograd.grad(logit.sum(), at)
    yhat = logit.sigmoid() if net.loss == "bce" else logit
    found = {"logit": logit, "yhat": yhat, "slope": slope}
    parts = model[:2](at) * model[2].weight
    flat = {name: value.detach().numpy().ravel() for name, value in found.items()}
    return {**flat, "parts": parts.detach().numpy().T}


def loss_of(p: ArrayLike, x: ArrayLike, y: ArrayLike, net: Architecture) -> float:
    loss = torch.nn.BCELoss() if net.loss == "bce" else torch.nn.MSELoss()
    return float(loss(double(forward(p, x, net)["yhat"]), double(y)))


def nets() -> Cases:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-2, 2, 50), rng.uniform(0, 1, 50)
    far = np.array([-1e4, 1e4])  # left and right of all bends
    cases = []
    for net in NETS * 3:
        p = rng.normal(size=net.size)
        left, right = forward(p, far, net)["slope"]
        wanted = {"loss": loss_of(p, x, y, net), "slopes": {"left": left, "right": right}}
        cases.append({"net": net, "p": p, "x": x, "y": y, **forward(p, x, net), **wanted})
    return cases


# --- the loss surface -----------------------------------------------------------------------------


def surfaces() -> Cases:
    """Grids over two weights of one unit, of two units or with b2, and over all weights."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 2, 1500)  # more than one block of points, not whole ones
    a, b = np.linspace(-2, 2, 5), np.linspace(-1, 2, 4)
    cases = []
    for net in SURFACE_NETS:
        y = (rng.uniform(size=x.size) < 0.6).astype(float)
        p = rng.normal(0, 0.7, net.size)  # torch's own sigmoid reaches 1 from logits of 37
        units = np.eye(net.size)
        pairs = [(0, 1), (0, net.size - 2), (net.size - 1, 0)]
        everything = tuple(rng.normal(0, 0.3, (2, net.size)))
        for u, v in [*((units[i], units[j]) for i, j in pairs), everything]:
            loss = [loss_of(p + s * u + t * v, x, y, net) for t in b for s in a]
            plane = {"origin": p, "u": u, "v": v}
            cases.append({"net": net, "x": x, "y": y, "plane": plane, "as": a, "bs": b,
                          "loss": loss})  # fmt: skip
    return cases


def planes() -> Cases:
    """Planes through three nets, and the coordinates of these and a fourth net on them."""
    rng = np.random.default_rng(1)
    cases = []
    for size in (5, 7, 25):
        start, end, third, _ = places = rng.normal(size=(4, size))
        q, r = np.linalg.qr(np.stack([end - start, third - start], axis=1))
        q *= np.sign(np.diag(r))  # Gram-Schmidt has positive lengths, QR may not
        cases.append({"nets": places, "u": q[:, 0], "v": q[:, 1], "places": (places - start) @ q})
    return cases


# --- the logit in pieces --------------------------------------------------------------------------


def in_pieces(p: Vector, net: Architecture, low: float, high: float) -> dict[str, Vector]:
    """The pieces of the logit: slopes by autograd between all bends, equal neighbours joined."""
    W1, b1 = p[: net.h], p[net.h : 2 * net.h] if net.bias1 else np.zeros(net.h)
    bends = np.unique(-b1[W1 != 0] / W1[W1 != 0]) + 0.0  # no negative zero
    bends = bends[(bends > low) & (bends < high)]
    ends = [max(low, min([0, *bends]) - 1), *bends, min(high, max([0, *bends]) + 1)]
    middles = (np.array(ends[:-1]) + np.array(ends[1:])) / 2
    found = forward(p, middles, net)
    slopes, intercepts = found["slope"], found["logit"] - found["slope"] * middles
    is_bend = np.abs(np.diff(slopes)) > SAME_SLOPE * np.abs(slopes).max()
    begins = np.concatenate([[True], is_bend])
    return {"knots": bends[is_bend], "slopes": slopes[begins], "intercepts": intercepts[begins]}


def tied(seed: int, net: Architecture) -> Vector:
    """Random weights, with zeros in W1 and W2, and knots that several units share."""
    rng = np.random.default_rng(seed)
    W1, W2, b1 = rng.normal(0, 2, (3, net.h)).astype(np.float32)
    if net.h > 2:
        W1[::5] = 0
        W2[1::5] = 0
        b1[2::5] = W1[2::5] / 4  # all of these bend at -1/4
    biases = [b1] if net.bias1 else []
    return np.concatenate([W1, *biases, W2, rng.normal(size=1).astype(np.float32)]).astype(float)


def pieces() -> Cases:
    ranges = [(-1.5, 2.0), (-INF, INF), (0.5, 0.75)]
    nets = [Architecture(h, bias1) for h in (1, 2, 8, 512) for bias1 in (False, True)]
    asked = [(net, tied(seed, net), *ends) for net in nets for seed, ends in enumerate(ranges)]
    rng = np.random.default_rng(11)
    for h in range(1, 13):  # many knots in common, at the ends too, and many changes that cancel
        whole = rng.integers(-3, 4, 3 * h).astype(float)
        asked.append((Architecture(h, bias1=True), np.append(whole, 0.5), -2.0, 2.0))
    return [
        {"net": net, "p": p, "low": None if low == -INF else low,
         "high": None if high == INF else high, **in_pieces(p, net, low, high)}
        for net, p, low, high in asked
    ]  # fmt: skip


# --- plateaus -------------------------------------------------------------------------------------


def bent_lines() -> Cases:
    """The plateaus of the lecture's data, with either loss."""
    points = lecture_points()
    losses: tuple[Loss, ...] = ("bce", "mse")
    found = {loss: plateaus(points.x, points.y, loss) for loss in losses}
    return [
        {"loss": loss, "x": points.x, "y": points.y,
         "plateaus": asdict(best) | {"bent_below": best.bent_below}}
        for loss, best in found.items()
    ]  # fmt: skip


# --- links ----------------------------------------------------------------------------------------


def links() -> dict[str, Any]:
    """Links of both formats, with vectors as the server saves them: base64 of float32."""
    rng = np.random.default_rng(3)
    content = {"f": {"key": "0123456789abcdef", "label": "ㅎㅏㅎㅏ"}}
    floats = rng.normal(size=25).astype("<f4")
    vectors = {
        "params": floats,
        "m": rng.normal(size=25) * 1e-38,
        "v": np.append(np.abs(rng.normal(size=24)) * 1e-12, INF),
    }
    saved = {name: base64_of(np.asarray(v, "<f4").tobytes()) for name, v in vectors.items()}
    texts = [packed(content, floats, deflated) for deflated in (False, True)]
    points = np.sort(np.random.default_rng(4).normal(size=150)).astype("<f4")
    return {"vectors": saved, "points": points, "content": content, "floats": floats,
            "texts": texts}  # fmt: skip


def packed(content: object, floats: ArrayLike = (), deflated: bool = False) -> str:
    """The text of a link, as described in ``assets/share/pack.ts``."""
    told = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    body = len(told).to_bytes(2, "little") + told + np.asarray(floats, "<f4").tobytes()
    head = bytes([deflated]) + zlib.crc32(body).to_bytes(4, "little")
    stream = zlib.compressobj(wbits=-15)
    kept = stream.compress(body) + stream.flush() if deflated else body
    return "1." + base64_of(head + kept, altchars=b"-_").rstrip("=")


def base64_of(data: bytes, altchars: bytes | None = None) -> str:
    return base64.b64encode(data, altchars).decode()


if __name__ == "__main__":
    main()
