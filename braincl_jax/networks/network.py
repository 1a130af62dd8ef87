"""The classifier: a backbone from the registry and a linear head over all classes of the sequence."""

import dataclasses
from collections.abc import Callable
from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp

from braincl_jax.config import NetworkConfig
from braincl_jax.networks.resnet import ResNet
from braincl_jax.types import Array, PyTree

_BACKBONES: dict[str, Callable[[int], nn.Module]] = {}
# A finite stand-in for -inf: exp underflows to 0 and no gradient turns into NaN.
MASKED_LOGIT = -1e9


def register_backbone(
    name: str,
) -> Callable[[Callable[[int], nn.Module]], Callable[[int], nn.Module]]:
    """Makes `builder(width) -> nn.Module` available as `config.network.name`.

    The module maps float32 [B, H, W, C] to features float32 [B, F] and takes `train` and `axis_name`, as `ResNet`.
    An attribute `dtype`, if it has one, says what it computes in.
    """

    def register(builder: Callable[[int], nn.Module]) -> Callable[[int], nn.Module]:
        if name in _BACKBONES:
            raise ValueError(f"backbone {name!r} is registered already")
        _BACKBONES[name] = builder
        return builder

    return register


def backbone_names() -> tuple[str, ...]:
    """Names that `config.network.name` may take."""
    return tuple(sorted(_BACKBONES))


register_backbone("resnet8")(lambda width: ResNet((1, 1, 1), width))
register_backbone("resnet8_half")(lambda width: ResNet((1, 1, 1), width, stem="half"))
register_backbone("resnet32")(lambda width: ResNet((5, 5, 5), width))
register_backbone("resnet18")(lambda width: ResNet((2, 2, 2, 2), width))
register_backbone("resnet18_224")(lambda width: ResNet((2, 2, 2, 2), width, stem="large"))


def masked_logits(logits: Array, seen_classes: Array) -> Array:
    """Logits [B, K] with those of unseen classes (bool [K]) out of play."""
    return jnp.where(seen_classes[None], logits, MASKED_LOGIT)


@dataclasses.dataclass(frozen=True)
class Network:
    """Backbone and head; parameters live in the state as {"backbone", "head"}."""

    backbone: nn.Module
    head: nn.Dense

    def init(self, key: Array, image_shape: tuple[int, int, int]) -> tuple[PyTree, PyTree]:
        """Random parameters and BatchNorm statistics."""
        image = jnp.zeros((1, *image_shape))
        variables = self.backbone.init(jax.random.fold_in(key, 0), image, train=False)
        features = jax.eval_shape(lambda x: self.backbone.apply(variables, x, train=False), image)
        head = self.head.init(jax.random.fold_in(key, 1), jnp.zeros(features.shape))["params"]
        params = {"backbone": variables["params"], "head": head}
        return params, variables.get("batch_stats", {})

    def features(
        self,
        params: PyTree,
        batch_stats: PyTree,
        images: Array,
        *,
        train: bool = False,
        axis_name: str | None = None,
    ) -> tuple[Array, PyTree]:
        """uint8 [B, H, W, C] -> features float32 [B, F] and the BatchNorm statistics, moved only if `train`."""
        x = images.astype(jnp.float32) / 127.5 - 1
        variables = {"params": params["backbone"], "batch_stats": batch_stats}
        if not train:
            return cast(Array, self.backbone.apply(variables, x, train=False)), batch_stats
        features, updated = self.backbone.apply(
            variables, x, train=True, axis_name=axis_name, mutable=["batch_stats"]
        )
        return features, updated.get("batch_stats", {})

    def logits(self, params: PyTree, features: Array) -> Array:
        """Features float32 [B, F] -> logits float32 [B, K]."""
        return cast(Array, self.head.apply({"params": params["head"]}, features))


def build_network(config: NetworkConfig, num_classes: int) -> Network:
    """The network that `config` names, with a head over K classes.

    Raises:
        ValueError: there is no such backbone, or it cannot compute in that dtype.
    """
    if config.name not in _BACKBONES:
        raise ValueError(
            f"network.name={config.name!r} is unknown; known: {', '.join(backbone_names())}"
        )
    backbone = _BACKBONES[config.name](config.width)
    if config.dtype != "float32":
        if not hasattr(backbone, "dtype"):
            raise ValueError(
                f"network.dtype={config.dtype!r}: {config.name} has no attribute dtype and computes in float32 only"
            )
        backbone = backbone.clone(dtype=jnp.dtype(config.dtype))
    return Network(backbone, nn.Dense(num_classes))
