"""From settings to a brain: the task stream, the plan, the method with its parts, and the first state."""

import jax
import jax.numpy as jnp
import optax

from braincl_jax.config import Config
from braincl_jax.data import TaskStream, load_source, prepared, without_unreadable
from braincl_jax.methods import Method
from braincl_jax.networks import Network, build_network
from braincl_jax.parts import Augment, Parts
from braincl_jax.plan import Plan, resolve
from braincl_jax.prefetch import nothing_prefetched
from braincl_jax.registry import AUGMENTATIONS, METHODS, SAMPLERS
from braincl_jax.state import BrainState, Consolidation, Encoder, Progress, named_key
from braincl_jax.types import Array, StreamSpec


def build_stream(config: Config) -> TaskStream:
    """The task stream that `config` describes.

    Raises:
        ValueError: the data set cannot be read, or not be cut into such tasks.
    """
    dataset = load_source(config.dataset)
    if config.unreadable == "skip":
        dataset = without_unreadable(config.dataset, dataset)
    dataset = prepared(
        dataset,
        image_side=config.image_side,
        resize_side=config.resize_side,
        decoder=config.decoder,
    )
    return TaskStream.create(
        dataset,
        num_tasks=config.num_tasks,
        classes_per_task=config.classes_per_task,
        class_order_seed=config.class_order_seed,
        validation_fraction=config.validation_fraction,
        protocol=config.protocol,
    )


def build_plan(config: Config, stream: TaskStream) -> Plan:
    """What the settings come to for this stream.

    Raises:
        ValueError: they do not fit it.
    """
    if stream.spec.num_tasks != config.num_tasks:
        raise ValueError(
            f"num_tasks={config.num_tasks}, but the stream has {stream.spec.num_tasks}"
        )
    return resolve(config, stream.spec, stream.class_order, stream.class_names)


def build_parts(config: Config, plan: Plan) -> Parts:
    """What all methods share, for these settings.

    Raises:
        ValueError: a setting does not fit, or names a part that there is not.
    """
    sleep, wake = config.sleep, config.wake
    network = build_network(config.network, plan.spec.num_classes, config.network_side)
    augment = AUGMENTATIONS.build(sleep.augmentation)
    _require_suited(augment, sleep.augmentation, plan.spec, network)
    return Parts(
        config=config,
        plan=plan,
        network=network,
        sampler=SAMPLERS.build(sleep.sampler),
        augment=augment,
        wake_optimiser=optax.trace(wake.momentum),
        sleep_optimiser=optax.chain(
            optax.add_decayed_weights(sleep.weight_decay), optax.trace(sleep.momentum)
        ),
    )


def _require_suited(augment: Augment, name: str, spec: StreamSpec, network: Network) -> None:
    """Raises ValueError for an augmentation that cannot take such images, or makes what the network does not see."""
    images = jax.ShapeDtypeStruct((1, *spec.image_shape), jnp.uint8)
    made = jax.eval_shape(
        augment, jax.eval_shape(lambda: jax.random.split(jax.random.key(0), 1)), images
    )
    seen = (1, *network.seen_shape(spec.image_shape))
    if (made.shape, made.dtype) == (seen, images.dtype):
        return
    remedy, side = "keep shape and dtype of images", network.side
    if seen != images.shape:
        remedy = (
            f"make uint8{list(seen)}, since network_side={side}: random_resized_crop(side={side}) does, or "
            f"random_crop(side={side}), alone or as the first of a chain"
        )
    raise ValueError(
        f"sleep.augmentation={name!r} makes {made.dtype}{list(made.shape)} of uint8{list(images.shape)}; it must "
        f"{remedy}"
    )


def build_method(config: Config, plan: Plan | StreamSpec) -> Method:
    """The method that `config` names, with its parts and its memory.

    Args:
        config: the settings.
        plan: what follows from them; or only the static facts of a stream, from which it is made.

    Raises:
        ValueError: a setting does not fit the stream (budget, lanes, unknown names).
    """
    if isinstance(plan, StreamSpec):
        plan = resolve(config, plan)
    method = METHODS.build(config.method, parts=build_parts(config, plan))
    _ = method.layout  # what cannot be laid out is told now
    return method


def init_brain(method: Method, key: Array) -> BrainState:
    """A brain that has seen nothing. Pure; all shapes follow from the method and never change.

    Args:
        method: from `build_method`.
        key: root PRNG key; every random number of the run is derived from it.
    """
    parts, layout = method.parts, method.layout
    params, batch_stats = parts.network.init(named_key(key, "network"), parts.spec.image_shape)
    encoder = Encoder(
        params=params,
        batch_stats=batch_stats,
        wake_opt=parts.wake_optimiser.init(params["head"]),
        sleep_opt=parts.sleep_optimiser.init(params),
        slow={"params": params, "batch_stats": batch_stats}
        if parts.config.sleep.slow_decay
        else None,
    )
    state = BrainState(
        encoder=encoder if parts.config.wake.lasting else encoder.replace(morning=encoder.heads),
        memory=layout.init(key),
        consolidation=Consolidation.initial(parts.spec.num_classes),
        own=method.init(named_key(key, "own")),
        progress=Progress(task=jnp.int32(-1), phase=jnp.uint32(0), step=jnp.int32(0)),
        key=key,
    )
    # No two leaves may share a buffer, or the state could not be donated.
    return jax.tree.map(jnp.copy, without_what_was_read(method, state))


def brain_shapes(method: Method) -> BrainState:
    """Shapes and dtypes of what `init_brain` makes."""
    return jax.eval_shape(lambda key: init_brain(method, key), jax.random.key(0))


def without_what_was_read(method: Method, state: BrainState) -> BrainState:
    """The state with room for what replay reads ahead, and nothing in it: checkpoints leave it out."""
    memory = state.memory
    prefetched = nothing_prefetched(method.parts, method.layout, memory)
    return state.replace(memory=memory.replace(prefetched=prefetched))
