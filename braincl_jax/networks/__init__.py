"""Backbones and the linear head."""

from braincl_jax.networks.network import (
    Network,
    backbone_names,
    build_network,
    masked_logits,
    register_backbone,
)

__all__ = ["Network", "backbone_names", "build_network", "masked_logits", "register_backbone"]
