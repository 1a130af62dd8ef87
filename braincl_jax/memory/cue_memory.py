"""The semi-parametric memory of BrainCL as one part: working cues and codec, long-term strings and decoders."""

import dataclasses

import jax
import jax.numpy as jnp
import optax

from braincl_jax.config import Config
from braincl_jax.memory import budget, quantise, store, tables, working
from braincl_jax.memory.codec import Codec
from braincl_jax.state import Memory, named_key
from braincl_jax.types import Array, Index, PyTree, Recalled, StreamSpec


@dataclasses.dataclass(frozen=True, eq=False)
class CueMemory:
    """Implements `parts.ReplayMemory`.

    Attributes:
        config: the settings.
        spec: the static facts of the task stream.
        codec: the networks.
        codec_optimiser: its state is part of the working memory.
    """

    config: Config
    spec: StreamSpec
    codec: Codec
    codec_optimiser: optax.GradientTransformation

    @property
    def lanes(self) -> int:
        return self.config.codec.lanes_per_image

    @property
    def max_words(self) -> int:
        return store.max_string_words(self.codec.latent_shape, self.lanes)

    def init(self, key: Array) -> Memory:
        """An empty memory whose long-term arrays take all of the budget and no more.

        Raises:
            ValueError: the budget does not pay for the decoders.
        """
        params = self.codec.init(key)
        codec_config = self.config.codec
        long_term = store.empty_memory(
            self._capacity(params),
            num_tasks=self.spec.num_tasks,
            num_classes=self.spec.num_classes,
            lanes=self.lanes,
            max_words=self.max_words,
            empty_tables=tables.init(
                self.spec.num_tasks, codec_config.latent_channels, codec_config.alphabet_size
            ),
            empty_decoders=quantise.empty_like(params["synthesis"], self.spec.num_tasks),
        )
        return Memory(working=self.empty_working(params), long_term=long_term)

    def _capacity(self, params: PyTree) -> budget.Capacity:
        spec, codec_config = self.spec, self.config.codec
        empty = jax.eval_shape(
            lambda: (
                quantise.empty_like(params["synthesis"], spec.num_tasks),
                tables.init(
                    spec.num_tasks, codec_config.latent_channels, codec_config.alphabet_size
                ),
                jnp.zeros(spec.num_tasks, jnp.int32),
            )
        )
        length_bytes = budget.smallest_unsigned(self.max_words).itemsize * self.lanes
        return budget.plan_capacity(
            self.config.budget_bytes,
            fixed_bytes=budget.tree_bytes(empty),
            slot_bytes=length_bytes + budget.smallest_unsigned(spec.num_classes - 1).itemsize,
            min_string_bytes=budget.MIN_STRING_BYTES * self.lanes,
            num_images=spec.num_images,
            num_tasks=spec.num_tasks,
        )

    def empty_working(self, params: PyTree) -> working.WorkingMemory:
        """No cues, and a codec of zeros in the shapes of `params`."""
        zeros = jax.tree.map(jnp.zeros_like, params)
        return working.WorkingMemory(
            cues=jnp.zeros((self.spec.max_task_size, *self.codec.latent_shape)),
            labels=jnp.full(self.spec.max_task_size, working.EMPTY, jnp.int32),
            codec=zeros,
            codec_opt=self.codec_optimiser.init(zeros),
        )

    def open_working(self, memory: Memory, task: Array, key: Array) -> Memory:
        """A fresh codec; with `codec.warm_start`, g_s starts from the decoder of the last task.

        g_a is always new: the one of the last task was dropped when its cues were transferred. The same key
        gives g_a the same initial weights in every task, which is where g_s once learned to understand it.
        """
        params = self.codec.init(named_key(key, "codec"))
        if self.config.codec.warm_start:
            last = jax.tree.map(
                lambda leaf: leaf[jnp.maximum(task - 1, 0)], memory.long_term.decoders
            )
            params["synthesis"] = jax.tree.map(
                lambda new, old: jnp.where(task > 0, old, new),
                params["synthesis"],
                quantise.dequantise(last),
            )
        opened = self.empty_working(params).replace(
            codec=params, codec_opt=self.codec_optimiser.init(params)
        )
        return memory.replace(working=opened)

    def share(self, memory: Memory, task: Array) -> tuple[Array, Array]:
        """Words and slots that `task` may use of what is left, in proportion to its images (int32 scalars)."""
        stored: store.EpisodicMemory = memory.long_term
        sizes = jnp.asarray(self.spec.task_sizes)
        to_come = jnp.where(jnp.arange(self.spec.num_tasks) >= task, sizes, 0).sum()
        part = sizes[task] / to_come
        words = budget.fair_share(len(stored.words) - store.used_words(stored), part)
        slots = budget.fair_share(len(stored.labels) - stored.task_counts.sum(), part)
        return words, slots

    def index(self, memory: Memory) -> Index:
        return store.index(memory.long_term)

    def recall(self, memory: Memory, task: Array, slot: Array) -> Recalled:
        return store.recall(memory.long_term, task, slot, self.codec)

    def bill(self, memory: Memory) -> dict[str, int]:
        return store.memory_bytes(memory.long_term)

    def num_stored(self, memory: Memory) -> int:
        return int(memory.long_term.task_counts.sum())
