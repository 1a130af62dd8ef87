"""The classifier: a backbone from the registry and a linear head over all classes of the sequence."""

import dataclasses
from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp

from braincl_jax.registry import BACKBONES
from braincl_jax.types import Array, PyTree

# A finite stand-in for -inf: exp underflows to 0 and no gradient turns into NaN.
MASKED_LOGIT = -1e9


@dataclasses.dataclass(frozen=True)
class Network:
    """Backbone and head; parameters live in the state as {"backbone", "head"}.

    Attributes:
        backbone: images to features.
        head: features to logits.
        side: height and width of what it sees, the middle of larger images; 0 sees images whole.
    """

    backbone: nn.Module
    head: nn.Dense
    side: int = 0

    def seen_shape(self, image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """What it sees of images of shape (H, W, C)."""
        return (self.side, self.side, image_shape[2]) if self.side else image_shape

    def init(self, key: Array, image_shape: tuple[int, int, int]) -> tuple[PyTree, PyTree]:
        """Random parameters and BatchNorm statistics, for images of shape (H, W, C)."""
        image = jnp.zeros((1, *self.seen_shape(image_shape)))
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
        if self.side:
            images = middle(images, self.side)
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

    def predict(
        self,
        params: PyTree,
        batch_stats: PyTree,
        seen_classes: Array,
        images: Array,
        *,
        train: bool = False,
        axis_name: str | None = None,
    ) -> tuple[Array, PyTree]:
        """Images to logits among the classes seen: what wake, sleep and evaluation share.

        Args:
            params: {"backbone", "head"}.
            batch_stats: BatchNorm statistics.
            seen_classes: bool [K].
            images: uint8 [B, H, W, C].
            train: whether BatchNorm takes the statistics of the batch and moves its own.
            axis_name: of the devices over which it takes them.

        Returns:
            logits float32 [B, K], `MASKED_LOGIT` for unseen classes, and the BatchNorm statistics.
        """
        features, batch_stats = self.features(
            params, batch_stats, images, train=train, axis_name=axis_name
        )
        logits = self.logits(params, features)
        return jnp.where(seen_classes[None], logits, MASKED_LOGIT), batch_stats


def middle(images: Array, side: int) -> Array:
    """The squares in the middle of images: [B, H, W, C] -> [B, side, side, C].

    Of images that were themselves cut out of a middle (`data.resize`) it is what would have been cut out at once, if
    the two sides differ by a multiple of 4; else half pixels may have been rounded the other way.

    Raises:
        ValueError: images are smaller.
    """
    height, width = images.shape[1:3]
    if side > min(height, width):
        raise ValueError(
            f"images of {height}x{width} are too small: the network sees {side}x{side}"
        )
    top, left = round((height - side) / 2), round((width - side) / 2)
    return images[:, top : top + side, left : left + side]


def build_network(backbone: str, num_classes: int, side: int = 0) -> Network:
    """The network with that backbone (a name with settings) and a head over K classes.

    Args:
        backbone: a name with settings.
        num_classes: K.
        side: see `Network`.

    Raises:
        ValueError: there is no such backbone, or it has no such setting.
    """
    return Network(BACKBONES.build(backbone)(), nn.Dense(num_classes), side)
