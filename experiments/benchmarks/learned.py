"""A memory of all tasks without a network that replays it: of each task, only what fills the memory is done."""

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from braincl_jax.build import build_method, build_plan, build_stream, init_brain
from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.coder.tables import CodingTable
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.methods import BrainCL
from braincl_jax.runtime.devices import Devices, require_even_batches
from braincl_jax.state import BrainState
from braincl_jax.types import PyTree


class Learned(NamedTuple):
    """A brain whose memory is full.

    Attributes:
        method: of the brain.
        stream: the images.
        state: of one device, after the last transfer.
        codecs: {"analysis", "synthesis", "density"} of each task, as they were trained.
        sources: int32 [n, 2], task and image behind each slot.
    """

    method: BrainCL
    stream: TaskStream
    state: BrainState
    codecs: tuple[PyTree, ...]
    sources: NDArray[np.int32]

    @property
    def layout(self) -> CueLayout:
        return self.method.layout

    @property
    def stored(self) -> store.EpisodicMemory:
        """Long-term memory."""
        return self.state.memory.long_term

    def slots(self, task: int) -> NDArray[np.int64]:
        """The slots of a task."""
        return np.flatnonzero(self.sources[:, 0] == task)

    def images(self, task: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """All training images of a task and their labels."""
        size = self.stream.spec.task_sizes[task]
        batch = self.stream.ordered_batch_at(task, batch_size=size, step=0)
        return np.asarray(batch.image), np.asarray(batch.label)


def learn(config: Config) -> Learned:
    """Goes through all tasks of a method with cues, without classifying and replaying."""
    stream, devices = build_stream(config), Devices(config.num_devices)
    require_even_batches(config, len(devices))
    method = cast(BrainCL, build_method(config, build_plan(config, stream)))
    phases = [one for one in method.phases(stream) if one.counts_as not in ("wake", "sleep")]
    steps = {phase.name: devices.map_step(phase) for phase in phases}
    state = devices.init(lambda key: init_brain(method, key), jax.random.key(config.seed))
    codecs, notes = [], {}
    for task in range(stream.spec.num_tasks):
        for phase in phases:
            if phase.asleep:
                codecs.append(jax.device_get(devices.first(state).memory.working.codec))
            metrics = {}
            for batch in phase.batches(task):
                state, metrics = steps[phase.name](state, batch)
            phase.after(jax.device_get(devices.first(metrics)), task, notes)
    one = jax.device_put(devices.fetch(state))
    return Learned(method, stream, one, tuple(codecs), notes["sources"])


def stored_cues(learned: Learned, task: int) -> tuple[CodingTable, NDArray[np.int32]]:
    """A task's table, and its stored cues int32 [n, h, w, M] in the order of slots, as they are read from strings."""
    form, which = learned.layout.format, jnp.full(1, task)
    record, _ = store.read_record(learned.stored, form, which[0])
    slots = jnp.asarray(learned.slots(task))[None]
    read = jax.jit(lambda memory: cue_strings.read_cues(memory, form, which, slots))(learned.stored)
    assert bool(read.intact.all())
    return record.table, np.asarray(read.cues[0], np.int32)
