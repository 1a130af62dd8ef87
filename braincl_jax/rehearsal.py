"""Rehearsal: a night's images that are read from the data set, as they are drawn, and are no part of the state.

What a step shows follows from seed, task and step alone. It is drawn on the host, by the same sampler as what a memory
recalls, while the steps before it run; so a run can go on from any step, and every process draws the same and reads its
own part.
"""

import functools
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.memory.exemplars import CameIn
from braincl_jax.memory.places import Places
from braincl_jax.memory.working import EMPTY
from braincl_jax.parts import Parts
from braincl_jax.prefetch import draw_steps
from braincl_jax.state import named_key
from braincl_jax.types import Array, Draw, Index, Sample


class Drawable(NamedTuple):
    """What may be drawn in a night: slots of the memory, and behind them images of the data set.

    Attributes:
        known: what the sampler sees of them, NumPy arrays.
        position: int32 [S + N], of each image among its task's images; `EMPTY` of slots.
    """

    known: Index
    position: np.ndarray


def rehearsed(
    phase: str,
    parts: Parts,
    stream: TaskStream,
    *,
    at_hand: Callable[[int], Sequence[int]],
    slots: Callable[[int], Places],
) -> Callable[[int, int], Sample]:
    """The samples of a phase: (task, step) -> this process's groups, NumPy arrays.

    Args:
        phase: its name; random numbers depend on it.
        parts: sampler and settings.
        stream: the tasks.
        at_hand: task -> the tasks whose images may be drawn that night.
        slots: task -> what the memory holds that night. Exemplars of tasks that are at hand are not drawn: they are
            among the images.

    Raises:
        ValueError: the sampler looks at what the network has lately done, which is not known beforehand; or JAX has no
            CPU to draw on.
    """
    config, turn, host = parts.config, threading.Lock(), host_device()
    together, num_groups = config.sleep.prefetch_steps, config.sleep.num_groups
    draw = jax.jit(functools.partial(draw_steps, parts=parts))
    most = max(
        sum(parts.spec.task_sizes[one] for one in at_hand(task))
        for task in range(parts.spec.num_tasks)
    )

    @functools.lru_cache(maxsize=1)
    def drawable(task: int) -> Drawable:
        return drawable_in(stream, at_hand(task), slots(task), most)

    @functools.lru_cache(maxsize=2)
    def drawn(task: int, first: int) -> Draw:
        with jax.default_device(host):
            key = named_key(jax.random.key(config.seed), phase, task)
            return jax.device_get(draw(drawable(task).known, key, jnp.int32(first)))

    def sample_at(task: int, step: int) -> Sample:
        # Two threads ask at once, and mostly for steps that are drawn together.
        with turn:
            known, draws = drawable(task), drawn(task, step - step % together)
        own, place = stream.own(num_groups), step % together
        return read(stream, known, Draw(*(leaf[own, place] for leaf in draws)))

    require_known_beforehand(draw, most + len(slots(0).label))
    return sample_at


def drawable_in(stream: TaskStream, tasks: Sequence[int], places: Places, most: int) -> Drawable:
    """Exemplars in their places, and all images of some tasks.

    Args:
        stream: the tasks.
        tasks: whose images.
        places: of the exemplars.
        most: N, for how many images there is room.
    """
    held = (places.label != EMPTY) & ~np.isin(places.task, tasks)
    sizes = [stream.spec.task_sizes[task] for task in tasks]
    room = most - sum(sizes)
    label = np.concatenate([places.label, *map(stream.train_labels, tasks)])
    task = np.concatenate([places.task, np.repeat(tasks, sizes)])
    position = np.concatenate([np.full(len(held), EMPTY), *map(np.arange, sizes)])
    stored = np.concatenate([held, np.ones(sum(sizes), bool)])
    label, task, position = (
        np.pad(part, (0, room), constant_values=EMPTY).astype(np.int32)
        for part in (label, task, position)
    )
    known = Index(*map(_as_array, (np.maximum(label, 0), task, np.pad(stored, (0, room)))))
    return Drawable(known, position)


def read(stream: TaskStream, drawable: Drawable, draw: Draw) -> Sample:
    """The sample of some draws: images are read, and slots left to the memory."""
    position = drawable.position[draw.slot]
    comes_in = position != EMPTY
    label, task = (np.asarray(part)[draw.slot] for part in drawable.known[:2])
    image = np.zeros((*position.shape, *stream.spec.image_shape), np.uint8)
    image[comes_in] = stream.images_of_tasks(task[comes_in], position[comes_in])
    slot = np.where(comes_in, -1, draw.slot)
    return Sample(draw._replace(slot=_as_array(slot)), CameIn(_as_array(image), _as_array(label)))


def require_known_beforehand(draw: Callable[..., Draw], number: int) -> None:
    """Raises ValueError, by the sampler itself, if it must see what classes have lately cost."""
    numbers = jax.ShapeDtypeStruct((number,), jnp.int32)
    known = Index(numbers, numbers, jax.ShapeDtypeStruct((number,), jnp.bool_))  # pyright: ignore
    jax.eval_shape(draw, known, jax.random.key(0), jnp.int32(0))


def host_device() -> Any:
    """The CPU of this process, so that draws neither wait for an accelerator nor depend on its kind.

    Raises:
        ValueError: JAX was told not to use it.
    """
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError as error:
        raise ValueError(
            f"JAX_PLATFORMS={os.environ.get('JAX_PLATFORMS')} leaves out the CPU, on which images are drawn: add it, "
            "as in JAX_PLATFORMS=cuda,cpu"
        ) from error


def _as_array(array: np.ndarray) -> Array:
    # As in `data.stream`: outside jit, JAX takes NumPy arrays in place of its own.
    return cast(Array, array)
