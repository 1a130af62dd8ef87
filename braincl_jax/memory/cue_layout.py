"""The semi-parametric memory of BrainCL as one part: working cues and codec, long-term strings and decoders."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Self

import jax
import jax.numpy as jnp
import optax

from braincl_jax.config import CodecConfig, Config
from braincl_jax.memory import budget, cue_strings, working
from braincl_jax.memory.block import store
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.codec.transforms import ANALYSIS, Codec, build_codec
from braincl_jax.memory.limits import require_few, require_room
from braincl_jax.memory.policy import BudgetPolicy, Funds, OpenEnded
from braincl_jax.memory.record import record_shapes
from braincl_jax.plan import Plan, wanted_images
from braincl_jax.registry import POLICIES, RECALL_ERRORS
from braincl_jax.state import Memory, named_key
from braincl_jax.types import Array, Index, PyTree, Recalled, StreamSpec

INITIAL_TRADEOFF = 0.003
# Hardly a string of a task is longer than this many times their mean.
LONGEST_OVER_MEAN = 2.0


@dataclasses.dataclass(frozen=True, eq=False)
class CueLayout:
    """Implements `parts.MemoryLayout`.

    Attributes:
        settings: of the codec, with the number of latent channels resolved.
        spec: the static facts of the task stream.
        codec: the networks.
        recall_error: (images float32 [B, H, W, C] in [0, 1], recalled, of that shape) -> float32 [B]: what the codec is
            trained to keep.
        codec_optimiser: without learning rate; its state is part of the working memory.
        format: how the block of long-term memory is read.
        policy: how the budget is spent.
    """

    settings: CodecConfig
    spec: StreamSpec
    codec: Codec
    recall_error: Callable[[Array, Array], Array]
    codec_optimiser: optax.GradientTransformation
    format: store.Format
    policy: BudgetPolicy

    @classmethod
    def build(cls, config: Config, plan: Plan, **own: Any) -> Self:
        """The layout that a run's settings come to.

        Args:
            config: the settings.
            plan: what follows from them.
            own: further fields of a subclass.

        Raises:
            ValueError: the budget does not pay for the decoders, lanes do not divide a cue, or the policy gives later
                tasks fewer bytes for an image than a codec can take that all of them share.
        """
        settings = dataclasses.replace(config.codec, latent_channels=plan.latent_channels)
        codec = build_codec(settings, plan.spec.image_shape)
        lanes, height = settings.lanes_per_image, codec.latent_shape[0]
        if height % lanes:
            possible = (str(number) for number in range(1, height + 1) if height % number == 0)
            raise ValueError(
                f"codec.lanes_per_image={lanes} must divide the {height} rows of a cue: "
                f"it may be {', '.join(possible)}"
            )
        require_few(config.sleep, codec.latent_shape)
        policy = POLICIES.build(config.budget_policy)
        if isinstance(policy, OpenEnded) and settings.shares_analysis:
            raise ValueError(
                f"budget_policy={config.budget_policy} is impossible where codec.shared={settings.shared}: the first "
                "task's half of the budget would settle how long all cues are, and most of later ones would not fit; "
                "need codec.shared=decoder, trunk or nothing"
            )
        return cls(
            settings=settings,
            spec=plan.spec,
            codec=codec,
            recall_error=RECALL_ERRORS.build(settings.recall_error),
            codec_optimiser=optax.chain(
                optax.clip_by_global_norm(settings.clip_norm), optax.scale_by_adam()
            ),
            format=plan_format(settings, plan, codec, longest_mean(config, plan, policy)),
            policy=policy,
            **own,
        )

    def init(self, key: Array) -> Memory:
        """An empty memory whose block takes all of the budget and no more."""
        params = self.codec.init(key)
        log_tradeoff = jnp.log(jnp.float32(INITIAL_TRADEOFF))
        return Memory(
            working=self.empty_working(params, log_tradeoff),
            long_term=store.empty_memory(self.format),
        )

    def empty_working(self, params: PyTree, log_tradeoff: Array) -> working.WorkingMemory:
        """No cues, and a codec of zeros in the shapes of `params`; `log_tradeoff` is all that carries over."""
        zeros = jax.tree.map(jnp.zeros_like, params)
        number, shape = self.spec.max_task_size, self.codec.latent_shape
        return working.WorkingMemory(
            cues=jnp.zeros((number, *shape), jnp.int8),
            labels=jnp.full(number, working.EMPTY, jnp.int32),
            clipped=jnp.int32(0),
            codec=zeros,
            codec_opt=self.codec_optimiser.init(zeros),
            log_tradeoff=log_tradeoff,
        )

    def open_working(self, memory: Memory, task: Array, key: Array) -> Memory:
        """A fresh codec; with `codec.warm_start`, g_s starts from the decoder of the last task.

        What all tasks share is what is stored of it, warm or cold, from the second task on. A g_a that is not shared
        is always new: the one of the last task was dropped when its cues were transferred. The same key gives it the
        same initial weights in every task, which is where g_s once learned to understand it.
        """
        params = self.codec.init(named_key(key, "codec"))
        fresh = self.codec.stored(params)
        record, _ = store.read_record(memory.long_term, self.format, jnp.maximum(task - 1, 0))
        kept = fresh if self.settings.warm_start else self.codec.trunk
        opened = jax.tree.map(
            lambda new, old: jnp.where(task > 0, old, new),
            {name: fresh[name] for name in kept},
            quantise.dequantise({name: record.decoder[name] for name in kept}),
        )
        params = self.codec.with_stored(params, opened)
        empty = self.empty_working(params, memory.working.log_tradeoff).replace(
            codec=params, codec_opt=self.codec_optimiser.init(params)
        )
        return memory.replace(working=working.emptied(memory.working, empty, task))

    def encoder(self, memory: Memory) -> PyTree:
        """g_a as cues are made with it: where all tasks share it, with the weights that are stored of it."""
        own = memory.working.codec["analysis"]
        if ANALYSIS not in self.codec.trunk:
            return own
        return quantise.dequantise(quantise.quantise(own, self.settings.storage))

    def funds(self, memory: Memory, task: Array) -> Funds:
        """What there is to spend on `task` (int32 scalar)."""
        return Funds(
            total=self.format.records_end,
            free=store.free_words(memory.long_term, self.format),
            record=self.format.record_words,
            task=task,
            task_sizes=jnp.asarray(self.spec.task_sizes),
        )

    def cue_words(self, memory: Memory, task: Array) -> Array:
        """Words that the string of one cue of `task` may take, so that all that are wanted fit: float32 scalar."""
        allowance = self.policy.allowance(self.funds(memory, task))
        entry = self.format.entry_words
        most = allowance // (budget.MIN_STRING_WORDS * self.format.lanes + entry)
        wanted = self.policy.wanted(jnp.asarray(self.spec.task_sizes)[task])
        number = jnp.clip(wanted, 1, jnp.maximum(most, 1))
        share = allowance / number - entry
        lanes, longest = self.format.lanes, self.format.max_words
        if longest >= store.longest_string(math.prod(self.format.latent_shape) // lanes):
            return share
        # Where earlier tasks left much unused, a cue might get more than its entry can count.
        return jnp.minimum(share, longest * lanes / LONGEST_OVER_MEAN)

    def index(self, memory: Memory) -> Index:
        return store.index(memory.long_term, self.format)

    def read(self, memory: Memory, task: Array, slot: Array) -> cue_strings.StoredCues:
        return cue_strings.read_cues(memory.long_term, self.format, task, slot)

    def complete(self, memory: Memory, task: Array, slot: Array, read: PyTree) -> Recalled:
        del slot
        return cue_strings.complete(memory.long_term, self.format, task, read, self.codec)

    def bill(self, memory: Memory) -> dict[str, int]:
        return store.memory_bytes(memory.long_term, self.format)

    def num_stored(self, memory: Memory) -> int:
        return int(memory.long_term.task_counts.sum())


def longest_mean(config: Config, plan: Plan, policy: BudgetPolicy) -> float:
    """Words of a cue in the mean, of all tasks or of the first, which a policy may give more."""
    words, sizes = min(plan.budget_bytes // 2, budget.MAX_WORDS), plan.spec.task_sizes
    # Numbers, while a step may be traced around this.
    with jax.ensure_compile_time_eval():
        funds = Funds(
            total=words,
            free=jnp.int32(words),
            record=0,
            task=jnp.int32(0),
            task_sizes=jnp.asarray(sizes),
        )
        first = float(policy.allowance(funds)) / max(float(policy.wanted(jnp.int32(sizes[0]))), 1)
    return max(words / wanted_images(config, plan.spec), first)


def plan_format(settings: CodecConfig, plan: Plan, codec: Codec, mean_words: float) -> store.Format:
    """The block that `plan.budget_bytes` pays for, and how it is read, where cues are to have about so many words.

    Raises:
        ValueError: the budget does not pay for the decoders and a cue of each task, or there are more classes than the
            index can tell apart.
    """
    spec = plan.spec
    require_room(settings, plan)
    lanes, channels = settings.lanes_per_image, codec.latent_shape[-1]
    height, width, _ = codec.latent_shape
    record, trunk = record_shapes(settings, spec.image_shape)

    # Of a budget of any size, as an error tells which would do.
    def longest(budget_bytes: int) -> int:
        mean = mean_words * budget_bytes / plan.budget_bytes
        return store.max_string_words(height * width * channels // lanes, mean / lanes)

    def shortest(budget_bytes: int) -> int:
        entry = store.entry_words(lanes, spec.num_classes, longest(budget_bytes))
        return budget.MIN_STRING_WORDS * lanes + entry

    num_words = budget.plan_words(
        plan.budget_bytes,
        count_bytes=4 * (spec.num_tasks + 2),
        trunk_words=store.part_words(trunk),
        record_words=store.part_words(record),
        cue_words=shortest,
        num_tasks=spec.num_tasks,
    )
    return store.Format(
        latent_shape=codec.latent_shape,
        lanes=lanes,
        num_classes=spec.num_classes,
        num_tasks=spec.num_tasks,
        num_slots=min(spec.num_images, num_words // shortest(plan.budget_bytes)),
        num_words=num_words,
        max_words=longest(plan.budget_bytes),
        record=record,
        trunk=trunk,
    )
