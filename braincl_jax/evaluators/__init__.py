"""What was learned and what is remembered: the accuracy matrix, named metrics, recall quality."""

from braincl_jax.evaluators.accuracy import count_correct
from braincl_jax.evaluators.metrics import psnr, summarise
from braincl_jax.evaluators.recall import recall_slots

__all__ = ["count_correct", "psnr", "recall_slots", "summarise"]
