"""iCaRL, DER++, WA, EWC and LwF against what PyTorch answers to the equations of their papers (oracles/rivals.npz).

The script beside it, which says how it was made, and this file know of each other's numbers below, and of nothing else.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import build_method, init_brain
from braincl_jax.config import CodecConfig, Config, SleepConfig, WakeConfig
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.memory.exemplars import CameIn, write_images
from braincl_jax.methods import Method
from braincl_jax.networks import Network
from braincl_jax.sleep import rehearse_step
from braincl_jax.sleep.align import align_step
from braincl_jax.sleep.consolidate import squared_gradients
from braincl_jax.sleep.teach import Teacher
from braincl_jax.state import BrainState
from braincl_jax.types import Batch, Draw, Now, PyTree, Sample, Shown

with np.load(Path(__file__).parents[1] / "oracles" / "rivals.npz") as file:
    ORACLE = dict(file)
HIDDEN, CLASSES, RATES = 7, 6, (0.05, 0.02)
# The settings of each that the oracle has, by the name of its arrays.
METHODS = {
    "icarl": "icarl(predict_by='head')",
    "der_pp": "der_pp(alpha=0.3, beta=0.6, dtype='float32')",
    "wa": "wa(temperature=2.0)",
    "lwf": "lwf(strength=0.7, temperature=2.0)",
    "lwf_seen": "lwf(strength=0.7, temperature=2.0, among='seen')",
    "ewc": "ewc(strength=40.0, fisher='empirical')",
}
NEW, OLD = slice(0, 8), slice(8, 12)
# Where the four exemplars lie.
SLOTS = np.array([3, 0, 2, 1])
same = functools.partial(np.testing.assert_allclose, rtol=2e-5, atol=2e-6)


class Hidden(nn.Module):
    """A rectified layer."""

    @nn.compact
    def __call__(self, x, *, train, axis_name=None):
        return nn.relu(nn.Dense(HIDDEN)(x.reshape(len(x), -1)))


def params_of(name: str) -> PyTree:
    """A network of the oracle's."""
    shapes = [(4, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(ORACLE[name], ends[:-1])
    w1, b1, w2, b2 = (
        jnp.asarray(part).reshape(shape) for part, shape in zip(parts, shapes, strict=True)
    )
    return {"backbone": {"Dense_0": {"kernel": w1, "bias": b1}}, "head": {"kernel": w2, "bias": b2}}


def flat(params: PyTree) -> np.ndarray:
    """What `params_of` makes, as the oracle has it."""
    layers = (params["backbone"]["Dense_0"], params["head"])
    return np.concatenate(
        [np.ravel(layer[name]) for layer in layers for name in ("kernel", "bias")]
    )


@pytest.fixture(scope="module")
def stream() -> TaskStream:
    """Three tasks of two classes; the first has the oracle's images."""
    images = [ORACLE["first_image"], np.zeros((48, 2, 2, 1), np.uint8)]
    labels = [ORACLE["first_label"], np.repeat([2, 3, 4, 5], 12)]
    arrays = (np.concatenate(images), np.concatenate(labels))
    return TaskStream.create(Dataset.of_arrays(*arrays, *arrays), num_tasks=3, class_order_seed=-1)


def learner(name: str, stream: TaskStream, budget_bytes: int) -> Any:
    """A method with the oracle's network, and nothing that varies images."""
    config = Config(
        method=name,
        num_tasks=3,
        budget_bytes=budget_bytes,
        num_devices=1,
        eval_batch_size=12,
        # There is no codec, but its settings must suit such small images.
        codec=CodecConfig(num_stages=1),
        wake=WakeConfig(batch_size=4),
        sleep=SleepConfig(steps=2, batch_size=8, num_groups=2, momentum=0.9, weight_decay=5e-4),
    )
    method = build_method(config, stream.spec)
    parts = dataclasses.replace(
        method.parts,
        network=Network(Hidden(), nn.Dense(CLASSES)),
        augment=lambda keys, images: images,
    )
    return dataclasses.replace(method, parts=parts)


def brain(method: Method, params: PyTree, task: int) -> BrainState:
    """In the night of a task; the network is given."""
    state = jax.jit(lambda key: init_brain(method, key))(jax.random.key(0))
    return state.replace(
        encoder=state.encoder.replace(params=params),
        consolidation=state.consolidation.replace(
            seen_classes=jnp.arange(CLASSES) < 2 * (task + 1)
        ),
        progress=state.progress.replace(task=jnp.int32(task)),
    )


def now(step: int, rate: float = 0.0) -> Now:
    return Now(jax.random.key(0), jnp.int32(step), jnp.float32(rate))


def batch_of(images: np.ndarray, labels: np.ndarray) -> Batch:
    return Batch(*map(jnp.asarray, (images, labels.astype(np.int32), np.arange(len(labels)))))


def teacher() -> Teacher:
    return Teacher(params_of("teacher"), {}, jnp.arange(CLASSES) < 2)


def night(name: str, stream: TaskStream) -> tuple[Method, BrainState, Sample]:
    """A method in its second night (`ewc`: the third), and what each step shows: groups of four."""
    method = learner(METHODS[name], stream, budget_bytes=12 * 29 + 4)
    task = 2 if name == "ewc" else 1
    state = brain(method, params_of("student"), task)
    image, label, slot = ORACLE["image"], ORACLE["label"], np.full(12, -1)
    if name == "ewc":
        image, label, slot = ORACLE["last_image"], ORACLE["last_label"], np.full(8, -1)
        state = consolidated(method, state)
    elif name.startswith("lwf"):
        image, label, slot = image[NEW], label[NEW], slot[NEW]
        state = state.replace(own={"teacher": teacher()})
    else:
        slot[OLD] = SLOTS
        exemplars = batch_of(image[OLD], label[OLD])._replace(index=jnp.asarray(SLOTS))
        state = state.replace(memory=write_images(state.memory, exemplars, jnp.int32(0)))
        # What is in the memory must be shown from there.
        image = np.where((slot < 0)[:, None, None, None], image, 0)
        logits = jnp.zeros((method.capacity, CLASSES)).at[SLOTS].set(ORACLE["kept"])
        state = state.replace(
            own={"logits": logits} if name == "der_pp" else {"teacher": teacher()}
        )
    image, label, slot = (
        jnp.asarray(array).reshape(-1, 4, *array.shape[1:]) for array in (image, label, slot)
    )
    draw = Draw(jnp.where(slot[:, 0] < 0, task, 0), slot, jnp.ones(slot.shape))
    return method, state, Sample(draw, CameIn(image, label))


def consolidated(method: Any, state: BrainState) -> BrainState:
    """After the consolidation of two tasks, each at its anchor and in batches of four."""
    each = [
        (ORACLE["first_image"], ORACLE["first_label"]),
        (ORACLE["image"][NEW], ORACLE["label"][NEW]),
    ]
    steps = [len(labels) // 4 for _, labels in each]
    step_of = jax.jit(method.step_of(steps))
    for task, (images, labels) in enumerate(each):
        for step in range(steps[task]):
            part = slice(4 * step, 4 * step + 4)
            at = brain(method, params_of(f"anchor{task}"), task).replace(own=state.own)
            after, _ = step_of(at, batch_of(images[part], labels[part]), now(step))
            state = state.replace(own=after.own)
    return state


@pytest.fixture(scope="module", params=METHODS)
def rival(request, stream):
    """(name, method, state, sample) of each."""
    return request.param, *night(request.param, stream)


def shown_in(sample: Sample, method: Method, state: BrainState) -> Shown:
    """What a step makes of a sample."""
    (task, slot, _), came_in = sample
    recalled = method.layout.complete(state.memory, task, slot, came_in)
    image = recalled.image.reshape(-1, 2, 2, 1)
    return Shown(image, recalled.label.reshape(-1), jnp.repeat(task, 4), slot.reshape(-1))


def test_the_loss_of_each_image_and_the_gradient_of_their_mean_are_those_of_the_equations(rival):
    name, method, state, sample = rival
    shown = shown_in(sample, method, state)

    def mean(params: PyTree):
        losses, _ = method.objective(params, shown, state, None)
        return losses.mean(), losses

    gradient, losses = jax.jit(jax.grad(mean, has_aux=True))(state.encoder.params)
    # One penalty about the mean of the anchors stands for those of all tasks, but for a constant.
    constant = left_out_by_ewc() if name == "ewc" else 0
    same(losses + constant, ORACLE[f"{name}_loss"])
    same(flat(gradient), ORACLE[f"{name}_gradient"])


def left_out_by_ewc() -> float:
    """F (x - a)^2 + G (x - b)^2 = (F + G) (x - mean)^2 + F G / (F + G) (a - b)^2: the last, times lambda / 2."""
    one, two = ORACLE["fisher0"], ORACLE["fisher1"]
    both = np.where(one + two > 0, one + two, 1)
    return 40 / 2 * float((one * two / both * (ORACLE["anchor0"] - ORACLE["anchor1"]) ** 2).sum())


def after_a_night(method: Method, state: BrainState, sample: Sample) -> BrainState:
    step = jax.jit(functools.partial(rehearse_step, method=method))
    for number, rate in enumerate(RATES):
        state, _ = step(state, sample, now(number, rate))
    return state


def test_two_steps_of_a_night_end_at_the_same_weights(rival):
    name, method, state, sample = rival
    state = after_a_night(method, state, sample)
    same(flat(state.encoder.params), ORACLE[f"{name}_after"])
    assert np.abs(ORACLE[f"{name}_after"] - ORACLE["student"]).max() > 0.01


def test_wa_aligns_the_head_after_the_night(stream):
    state = after_a_night(*night("wa", stream))
    state, _ = align_step(state, None, now(0))
    same(flat(state.encoder.params), ORACLE["wa_aligned"])
    assert np.abs(ORACLE["wa_aligned"] - ORACLE["wa_after"]).max() > 0.1


def test_ewc_keeps_the_sum_of_the_empirical_fisher_diagonals(stream):
    method, state, _ = night("ewc", stream)
    del method
    same(flat(state.own["fisher"]), ORACLE["fisher0"] + ORACLE["fisher1"])


def test_the_fisher_information_by_drawn_labels_is_that_of_the_network_s_own_answers(stream):
    method = learner("ewc", stream, 1000)
    state, number = brain(method, params_of("anchor0"), 0), 400
    # Labels of the data do not matter.
    many = batch_of(np.tile(ORACLE["first_image"], (number, 1, 1, 1)), np.zeros(24 * number))
    keys = jax.random.split(jax.random.key(3), 24 * number)
    found = jax.jit(lambda keys: squared_gradients(state, many, keys, "true", method.parts))(keys)
    # Of independent draws: the variance of their mean is the mean variance over their number.
    error = np.sqrt(ORACLE["true_variance"] / (24 * number))
    off = np.abs(flat(found) - ORACLE["true_fisher"])
    assert (off <= 4 * error + 1e-6).all()
    # It could be told from that of the data's labels.
    assert (np.abs(ORACLE["fisher0"] - ORACLE["true_fisher"]) > 8 * error).any()


@pytest.fixture(scope="module")
def remembered(stream):
    """(iCaRL, its brain after the first night, which has left the student)."""
    # Six exemplars of each of two classes.
    method = learner("icarl", stream, budget_bytes=12 * 5 + 4)
    state = brain(method, params_of("student"), 0)
    for phase in method.phases(stream):
        if phase.name in ("look", "choose", "keep", "class_means"):
            step = jax.jit(phase)
            for batch in phase.batches(0):
                state, _ = step(state, batch)
    return method, state


def test_icarl_herds_the_images_that_algorithm_4_chooses_in_its_order(remembered):
    _, state = remembered
    stored = state.memory.long_term.images
    for one, chosen in enumerate(ORACLE["herded"]):
        images = np.asarray(stored.image)[np.asarray(stored.label) == one]
        of_class = ORACLE["first_image"][ORACLE["first_label"] == one]
        np.testing.assert_array_equal(images, of_class[chosen])
        assert chosen.tolist() != sorted(chosen)


def test_icarl_answers_by_the_distance_to_the_means_of_its_exemplars(remembered):
    method, state = remembered
    logits = np.asarray(jax.jit(method.predict)(state, ORACLE["first_image"]))
    same(logits[:, :2], ORACLE["minus_distances"])
    assert (logits[:, 2:] < -1e8).all()
    assert set(ORACLE["minus_distances"].argmax(-1)) == {0, 1}
