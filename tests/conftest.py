"""Set-up of every test: four virtual devices, no silent broadcasting, and one tiny brain to look at."""

import importlib.metadata
import os
import re
import sys

_DEVICES = "--xla_force_host_platform_device_count"
_OTHERS = re.sub(rf"{_DEVICES}=\d+", "", os.environ.get("XLA_FLAGS", ""))
# Nearly all of the time goes into compiling. XLA's older emitter of CPU code, with one LLVM module for a whole program
# instead of one for each kernel, takes less than half of it. An XLA without these flags ends with their names, so one
# that was not tried does without.
_TRIED = importlib.metadata.version("jaxlib").startswith("0.10.")
_QUICK = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1" * _TRIED
os.environ["XLA_FLAGS"] = f"{_OTHERS} {_QUICK} {_DEVICES}=4".strip()

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import build_method, init_brain
from braincl_jax.config import CodecConfig, Config, SleepConfig, WakeConfig
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.methods import Method
from braincl_jax.networks import Network
from braincl_jax.pipeline import Phase
from braincl_jax.registry import AUGMENTATIONS, BACKBONES, EVALUATORS, METHODS, POLICIES, SAMPLERS
from braincl_jax.state import BrainState
from braincl_jax.types import Draw, Incoming, Shown

# A busy machine is no fault, and what fails does so every time.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")
jax.config.update("jax_numpy_rank_promotion", "raise")
# This too makes compiling two to nine times faster.
jax.config.update("jax_disable_most_optimizations", True)

NUM_CLASSES, NUM_TASKS, SIDE = 4, 2, 16
TRAIN_PER_CLASS, TEST_PER_CLASS = 24, 8
MOST_MAPS = 30_000


class Moment(NamedTuple):
    """A brain on the verge of a step, and what comes in."""

    state: BrainState
    batch: Incoming


@dataclasses.dataclass
class Diary:
    """One brain's whole life on one device.

    Attributes:
        method: its method.
        before: the moment before the last step of each phase of each task, by (task, phase).
        after: the state after each phase of each task.
        metrics: of the last step of each phase of each task.
        phases: by name.
        steps: the compiled phases by name; nothing is donated.
        traces: how often the Python body of each phase's step ran.
        order: (task, phase) of everything that was done, in order.
    """

    method: Method
    before: dict[tuple[int, str], Moment] = dataclasses.field(default_factory=dict)
    after: dict[tuple[int, str], BrainState] = dataclasses.field(default_factory=dict)
    metrics: dict[tuple[int, str], Any] = dataclasses.field(default_factory=dict)
    phases: dict[str, Phase] = dataclasses.field(default_factory=dict)
    steps: dict[str, Callable] = dataclasses.field(default_factory=dict)
    traces: Counter = dataclasses.field(default_factory=Counter)
    order: list[tuple[int, str]] = dataclasses.field(default_factory=list)


def live(method: Method, stream: TaskStream) -> Diary:
    """All phases of all tasks, each compiled once without donation, on one device."""
    diary, traces = Diary(method), Counter()
    seed = method.parts.config.seed
    state = jax.jit(lambda key: init_brain(method, key))(jax.random.key(seed))
    diary.phases = {phase.name: phase for phase in method.phases(stream)}

    def counted(phase: Phase) -> Callable:
        def body(state, batch):
            traces[phase.name] += 1
            return phase(state, batch)

        return jax.jit(body)

    diary.steps = {name: counted(phase) for name, phase in diary.phases.items()}
    for task in range(stream.spec.num_tasks):
        for name, phase in diary.phases.items():
            diary.order.append((task, name))
            for batch in phase.batches(task):
                diary.before[task, name] = Moment(state, batch)
                state, diary.metrics[task, name] = diary.steps[name](state, batch)
            diary.after[task, name] = state
    # A copy: who runs the steps once more may have them traced once more.
    diary.traces = Counter(traces)
    return diary


@pytest.fixture(scope="module", autouse=True)
def few_compiled_programs():
    """Forgets compiled programs before there are too many of them for one process.

    Linux lets a process map 65,530 pieces of memory, and each program takes a dozen: XLA crashes beyond.
    """
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_text().splitlines()) > MOST_MAPS:
        jax.clear_caches()


@pytest.fixture(scope="session")
def tiny_config() -> Config:
    """Every phase in a few seconds; every batch can be shared by four devices."""
    return Config(
        num_tasks=NUM_TASKS,
        budget_bytes=8_000,
        num_devices=1,
        eval_batch_size=20,
        network="resnet8(width=4)",
        codec=CodecConfig(
            latent_channels=4,
            width=8,
            analysis_width=8,
            # Where nothing is shared there is most that may go wrong.
            shared="nothing",
            first_steps=10,
            steps=10,
            batch_size=16,
        ),
        # Recalling takes long to compile: tests/wake/test_reactivate.py has what it is about.
        wake=WakeConfig(epochs=1, batch_size=16, reactivation=False),
        sleep=SleepConfig(
            steps=4, batch_size=16, num_groups=4, prefetch_steps=3, learning_rate=0.05
        ),
    )


@pytest.fixture(scope="session")
def tiny_stream() -> TaskStream:
    """Grey 16x16 images; the class decides which quarter of the rows is bright."""
    rng = np.random.default_rng(0)

    def split(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        label = np.arange(NUM_CLASSES * per_class) % NUM_CLASSES
        bright = np.arange(SIDE) * NUM_CLASSES // SIDE == label[:, None]
        noise = rng.integers(0, 60, (len(label), SIDE, SIDE, 1))
        return (150 * bright[:, :, None, None] + noise).astype(np.uint8), label

    dataset = Dataset.of_arrays(*split(TRAIN_PER_CLASS), *split(TEST_PER_CLASS))
    return TaskStream.create(dataset, num_tasks=NUM_TASKS)


@pytest.fixture(scope="session")
def make_method(tiny_config, tiny_stream) -> Callable[..., Method]:
    """A method with the tiny configuration, some fields of it changed, such as `method`."""
    return lambda **changes: build_method(
        dataclasses.replace(tiny_config, **changes), tiny_stream.spec
    )


@pytest.fixture(scope="session")
def diary_of(make_method, tiny_stream) -> Callable[[str], Diary]:
    """The life of a tiny brain of some method, lived once a session."""
    return functools.cache(lambda method: live(make_method(method=method), tiny_stream))


@pytest.fixture(scope="session")
def live_one() -> Callable[[Method, TaskStream], Diary]:
    """Lives the life of a brain with a method of your own."""
    return live


@pytest.fixture(scope="session")
def diary(diary_of) -> Diary:
    """The life of a tiny BrainCL."""
    return diary_of("braincl")


@pytest.fixture(scope="session")
def tiny_method(diary) -> Method:
    """The method of `diary`."""
    return diary.method


# Short lives: tiny images, and a network, a sampler and an augmentation that are compiled in no time.
SHORT_SIDE, SHORT_PER_CLASS, SHORT_FEATURES = 4, 10, 6
# Of 16 pixels and a label each, 8 exemplars and their number.
SHORT_BUDGET = 8 * 17 + 4


class Small(nn.Module):
    """A dense layer with BatchNorm, in place of a residual network."""

    @nn.compact
    def __call__(self, x, *, train, axis_name=None):
        x = nn.Dense(SHORT_FEATURES)(x.reshape(len(x), -1))
        return nn.relu(nn.BatchNorm(not train, axis_name=axis_name if train else None)(x))


def one_slot_a_group(key, index, num_classes, num_groups, group_size) -> Draw:
    """A sampler that is compiled in no time: stored slots at random, each for a whole group."""
    del num_classes
    slot = jax.random.categorical(key, jnp.where(index.stored, 0.0, -jnp.inf), shape=(num_groups,))
    shape = (num_groups, group_size)
    return Draw(index.task[slot], jnp.broadcast_to(slot[:, None], shape), jnp.ones(shape))


@pytest.fixture(scope="session")
def short_stream() -> TaskStream:
    """Grey 4x4 images of 4 classes in 2 tasks; the class decides which row is bright."""
    rng = np.random.default_rng(0)

    def split(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        label = np.arange(NUM_CLASSES * per_class) % NUM_CLASSES
        bright = np.arange(SHORT_SIDE) == label[:, None]
        noise = rng.integers(0, 100, (len(label), SHORT_SIDE, SHORT_SIDE, 1))
        return (120 * bright[:, :, None, None] + noise).astype(np.uint8), label

    return TaskStream.create(
        Dataset.of_arrays(*split(SHORT_PER_CLASS), *split(4)),
        num_tasks=NUM_TASKS,
        class_order_seed=-1,
    )


@pytest.fixture(scope="session")
def short(short_stream) -> Callable[..., Method]:
    """A method with these parts and settings for a short life, some of those of sleep changed."""

    def make(method: str, **changes) -> Method:
        sleep = SleepConfig(
            steps=4, batch_size=8, num_groups=4, prefetch_steps=2, learning_rate=0.05
        )
        config = Config(
            method=method,
            num_tasks=NUM_TASKS,
            budget_bytes=SHORT_BUDGET,
            num_devices=1,
            eval_batch_size=6,
            wake=WakeConfig(epochs=1, batch_size=8, reactivation=False),
            sleep=dataclasses.replace(sleep, **changes),
        )
        made = build_method(config, short_stream.spec)
        parts = dataclasses.replace(
            made.parts,
            network=Network(Small(), nn.Dense(NUM_CLASSES)),
            sampler=one_slot_a_group,
            augment=lambda keys, images: images,
        )
        return dataclasses.replace(made, parts=parts)

    return make


@pytest.fixture(scope="session")
def life_of(short, short_stream, live_one) -> Callable:
    """The short life of a method, lived once a session."""
    return functools.cache(lambda method: live_one(short(method), short_stream))


@pytest.fixture(scope="session")
def shown(short_stream) -> Callable[[int], Shown]:
    """The first five images of a task, as a step of replay shows them."""

    def make(task: int) -> Shown:
        image = short_stream.train_images(task, np.arange(5))
        label = short_stream.train_labels(task)[:5]
        return Shown(*map(jnp.asarray, (image, label, np.full(5, task), np.full(5, -1))))

    return make


@pytest.fixture(scope="session")
def to_numpy() -> Callable[[Any], list[tuple[str, np.ndarray]]]:
    """A deep copy of a tree as (path, NumPy array) pairs; keys become their numbers."""

    def one(path, leaf) -> tuple[str, np.ndarray]:
        is_key = jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        data = jax.random.key_data(leaf) if is_key else leaf
        return jax.tree_util.keystr(path), np.array(data)

    return lambda tree: [one(*pair) for pair in jax.tree_util.tree_leaves_with_path(tree)]


@pytest.fixture(scope="session")
def assert_same(to_numpy) -> Callable[[Any, Any], None]:
    """Fails unless two trees have the same leaves, bit for bit."""

    def check(one: Any, other: Any) -> None:
        assert jax.tree.structure(one) == jax.tree.structure(other)
        for (path, a), (_, b) in zip(to_numpy(one), to_numpy(other), strict=True):
            assert a.dtype == b.dtype, path
            np.testing.assert_array_equal(a, b, err_msg=path)

    return check


@pytest.fixture
def plugin(tmp_path, monkeypatch) -> Callable[..., str]:
    """Writes a module of a researcher's own and gives its name; what it registers is forgotten afterwards."""
    for registry in (METHODS, EVALUATORS, SAMPLERS, AUGMENTATIONS, BACKBONES, POLICIES):
        registry.names()  # what is our own stays
        monkeypatch.setattr(registry, "_parts", dict(registry._parts))
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str, name: str = "my_plugin") -> str:
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.setitem(sys.modules, name, None)  # forgets what is imported from now on
        monkeypatch.delitem(sys.modules, name)
        return name

    return write
