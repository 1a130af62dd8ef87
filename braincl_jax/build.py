"""From settings to a brain: the task stream, the default parts, and the first state."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import optax

from braincl_jax.config import Config, SleepConfig
from braincl_jax.data import TaskStream, add_noise, crop_and_flip, load_source, shrunk
from braincl_jax.memory.budget import plan_channels
from braincl_jax.memory.codec.transforms import build_codec
from braincl_jax.methods import get_method
from braincl_jax.networks import build_network
from braincl_jax.parts import Augment, Parts
from braincl_jax.schedules import FINAL_FRACTION, phase_schedule
from braincl_jax.sleep import class_balanced, nothing_prefetched
from braincl_jax.state import BrainState, Consolidation, Encoder, Progress, named_key
from braincl_jax.types import Array, StreamSpec


def build_stream(config: Config) -> TaskStream:
    """The task stream that `config` describes.

    Raises:
        ValueError: the data set cannot be read, or not be cut into such tasks.
    """
    return TaskStream.create(
        shrunk(load_source(config.dataset), config.image_side),
        num_tasks=config.num_tasks,
        classes_per_task=config.classes_per_task,
        class_order_seed=config.class_order_seed,
        validation_fraction=config.validation_fraction,
    )


def default_augment(config: SleepConfig) -> Augment:
    """Crop, flip and noise of the strengths that `config` sets."""

    def augment(keys: Array, images: Array) -> Array:
        geometry, noise = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
        images = crop_and_flip(geometry, images, padding=config.crop_padding, flip=config.flip)
        return add_noise(noise, images, largest=config.noise)

    return augment


def mean_squared_error(images: Array, recalled: Array) -> Array:
    """float32 [B, H, W, C] twice -> float32 [B]."""
    return jnp.square(images - recalled).mean((1, 2, 3))


def with_budget(config: Config, spec: StreamSpec) -> Config:
    """The same settings, with the budget of the whole memory where one for each class is set."""
    if not config.bytes_per_class:
        return config
    return dataclasses.replace(config, budget_bytes=config.bytes_per_class * spec.num_classes)


def with_channels(config: Config, spec: StreamSpec) -> Config:
    """The same settings, with the number of latent channels that suits the budget where none is set."""
    if config.codec.latent_channels:
        return config
    channels = plan_channels(
        config.budget_bytes,
        num_images=spec.num_images,
        image_shape=spec.image_shape,
        block=2**config.codec.num_stages,
    )
    return dataclasses.replace(
        config, codec=dataclasses.replace(config.codec, latent_channels=channels)
    )


def build_parts(config: Config, spec: StreamSpec) -> Parts:
    """The default parts for these settings; replace any of them with `dataclasses.replace`.

    Raises:
        ValueError: a setting does not fit the stream (budget, lanes, unknown names).
    """
    config = with_channels(with_budget(config, spec), spec)
    codec = build_codec(config.codec, spec.image_shape)
    height = codec.latent_shape[0]
    if height % config.codec.lanes_per_image:
        raise ValueError(
            f"codec.lanes_per_image={config.codec.lanes_per_image} must divide the {height} rows of a cue"
        )
    codec_optimiser = optax.chain(
        optax.clip_by_global_norm(config.codec.clip_norm), optax.scale_by_adam()
    )
    sleep, wake = config.sleep, config.wake
    wake_steps = wake.epochs * math.ceil(spec.max_task_size / wake.batch_size)
    method = get_method(config.method)
    return Parts(
        config=config,
        spec=spec,
        network=build_network(config.network, spec.num_classes),
        codec=codec,
        memory=method.build_memory(config, spec, codec, codec_optimiser),
        sampler=class_balanced,
        augment=default_augment(sleep),
        distortion=mean_squared_error,
        codec_optimiser=codec_optimiser,
        wake_optimiser=optax.trace(wake.momentum),
        sleep_optimiser=optax.chain(
            optax.add_decayed_weights(sleep.weight_decay), optax.trace(sleep.momentum)
        ),
        codec_rate=phase_schedule(
            "encode",
            first_steps=config.codec.first_steps,
            steps=config.codec.steps,
            peak=config.codec.learning_rate,
            final=FINAL_FRACTION * config.codec.learning_rate,
            warmup_fraction=0.05,
        ),
        wake_rate=phase_schedule(
            "classify",
            first_steps=wake_steps,
            steps=wake_steps,
            peak=wake.learning_rate,
            final=FINAL_FRACTION * wake.learning_rate,
            warmup_fraction=0.1,
        ),
        sleep_rate=phase_schedule(
            "replay",
            first_steps=sleep.first_steps,
            steps=sleep.steps,
            peak=sleep.learning_rate,
            final=sleep.final_learning_rate,
            warmup_fraction=sleep.warmup_fraction,
        ),
    )


def init_brain(parts: Parts, key: Array) -> BrainState:
    """A brain that has seen nothing. Pure; all shapes follow from `parts` and never change.

    Args:
        parts: from `build_parts`.
        key: root PRNG key; every random number of the run is derived from it.
    """
    params, batch_stats = parts.network.init(named_key(key, "network"), parts.spec.image_shape)
    memory = parts.memory.init(key)
    state = BrainState(
        encoder=Encoder(
            params=params,
            batch_stats=batch_stats,
            wake_opt=parts.wake_optimiser.init(params["head"]),
            sleep_opt=parts.sleep_optimiser.init(params),
        ),
        memory=memory.replace(prefetched=nothing_prefetched(parts, memory)),
        consolidation=Consolidation(
            seen_classes=jnp.zeros(parts.spec.num_classes, bool),
            examples={name: jnp.int32(0) for name in ("encode", "refine", "classify", "replay")},
        ),
        progress=Progress(task=jnp.int32(-1), phase=jnp.int32(0), step=jnp.int32(0)),
        key=key,
    )
    # No two leaves may share a buffer, or the state could not be donated.
    return jax.tree.map(jnp.copy, state)
