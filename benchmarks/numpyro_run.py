"""NumPyro's ``svi.run`` as a program that can be continued.

The run is compiled once for each number of steps, outside the timed blocks: what is timed is its speed, not
its compile time. Data are arguments, so that XLA does not fold them into the program as constants.
"""

from functools import partial
from typing import Any

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np

from benchmarks.case import Program
from benchmarks.data import Table


def jax_array(data: Table) -> Any:
    """The data as an array of JAX."""
    return jnp.asarray(np.frombuffer(data.values, np.float32).reshape(data.shape))


def svi_program(svi: Any, *data: Any) -> Program:
    """Starts a run of ``svi`` on ``data`` and returns the program that goes on with it."""
    key = jax.random.PRNGKey(0)
    state = svi.init(key, *data)

    @partial(jax.jit, static_argnums=0)
    def advance(steps: int, state: Any, *data: Any) -> Any:
        result = svi.run(key, steps, *data, init_state=state, progress_bar=False)
        return result.state, result.losses.mean()

    def run(steps: int) -> float:
        nonlocal state
        state, loss = advance(steps, state, *data)
        return float(loss)

    return run
