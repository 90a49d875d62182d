"""The lecture's run in JAX and in scikit-learn, in the usual style of each library.

JAX reads its environment when it is imported, so it is imported late. One process can't use it with
one thread and with several, so its default, all cores, runs in a separate process.
"""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.sides.side import LR, Side, Timed, clock
from pwlapp.core.data.points import Points
from pwlapp.core.net import Array

if TYPE_CHECKING:
    from jax import Array as JaxArray

CORES = "NPROC"  # the number of XLA's threads; its documented flags have no effect here


@cache
def jax_loop() -> Any:
    """Make the compiled run: ``run(params, x, y, epochs)`` -> weights; epochs are static."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(LR)

    def loss(params: dict[str, JaxArray], x: JaxArray, y: JaxArray) -> JaxArray:
        v = jax.nn.relu(x[:, None] * params["W1"])  # (n, 1) * (h,) -> (n, h)
        logit = v @ params["W2"] + params["b2"]  # (n, h) @ (h,) -> (n,)
        return optax.sigmoid_binary_cross_entropy(logit, y).mean()

    @partial(jax.jit, static_argnames="epochs")
    def run(params: dict[str, JaxArray], x: JaxArray, y: JaxArray, epochs: int) -> JaxArray:
        def epoch(carry: Any, _: None) -> tuple[Any, None]:
            params, state = carry
            updates, state = optimizer.update(jax.grad(loss)(params, x, y), state)
            return (optax.apply_updates(params, updates), state), None

        (params, _), _ = jax.lax.scan(epoch, (params, optimizer.init(params)), None, length=epochs)
        return jnp.concatenate([params["W1"], params["W2"], params["b2"][None]])

    return run


def jax_train(points: Points, start: Array, epochs: int) -> Timed:
    """Train with JAX and optax."""
    run = jax_loop()
    import jax.numpy as jnp

    h = (start.size - 1) // 2
    params = {
        "W1": jnp.asarray(start[:h]),
        "W2": jnp.asarray(start[h:-1]),
        "b2": jnp.asarray(start[-1]),
    }
    x, y = jnp.asarray(points.x), jnp.asarray(points.y)
    with clock() as watch:
        result = run(params, x, y, epochs).block_until_ready()
    return watch.timed(np.asarray(result))


def use_cores(cores: int) -> None:
    """Make JAX compute on the CPU with this number of threads; call it before importing JAX."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ[CORES] = str(cores)


def jax_sides(cores: int) -> list[Side]:
    """JAX with optax, on one thread and with its default; it compiles during the warm-up."""
    use_cores(1)
    name = "JAX, jit(lax.scan), optax.adam"
    process = ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=use_cores, initargs=(cores,)
    )

    def elsewhere(points: Points, start: Array, epochs: int) -> Timed:
        return process.submit(jax_train, points, start, epochs).result()

    return [
        Side("jax", name, jax_train, 5000),
        Side("jax_cores", name, elsewhere, 5000, cores),
    ]


def sklearn_side() -> Side:
    """scikit-learn's MLP, which has a first-layer bias and its own initial weights."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    def train(points: Points, start: Array, epochs: int) -> Timed:
        model = MLPClassifier(
            hidden_layer_sizes=((start.size - 1) // 2,), activation="relu", solver="adam", alpha=0,
            batch_size=points.x.size, learning_rate_init=LR, max_iter=epochs, tol=0,
            n_iter_no_change=epochs + 1, shuffle=False, random_state=1,
        )  # fmt: skip
        x, y = points.x.reshape(-1, 1), np.rint(points.y).astype(np.int64)
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are wanted
            with clock() as watch:
                model.fit(x, y)
        return watch.timed(model.loss_curve_)

    name = "scikit-learn, MLPClassifier (with a first-layer bias)"
    return Side("sklearn", name, train, 1000, agrees=False)
