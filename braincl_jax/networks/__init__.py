"""Backbones and the linear head."""

from braincl_jax.networks import backbones as _backbones  # registers them
from braincl_jax.networks.network import Network, build_network

__all__ = ["Network", "build_network"]

del _backbones
