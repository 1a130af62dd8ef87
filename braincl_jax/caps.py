"""Caps on compute: nights are shortened so that methods compare at equal operations, or at equal examples shown."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import jax.numpy as jnp

from braincl_jax.pipeline import Phase
from braincl_jax.types import Array


class Cap(NamedTuple):
    """What all steps of a run together may cost.

    Attributes:
        setting: its name.
        limit: at most so much; 0 is no cap.
        costs: of a step of each phase, by its name.
    """

    setting: str
    limit: float
    costs: Mapping[str, int]


def within(phases: Sequence[Phase], num_tasks: int, caps: Sequence[Cap]) -> tuple[Phase, ...]:
    """The phases, those that train asleep shortened in proportion so that a run stays within all caps.

    The day is counted against a cap as it is: what a codec costs is missing from the nights. A shortened phase goes
    through its whole schedule of learning rates in fewer steps.

    Args:
        phases: of every task.
        num_tasks: T.
        caps: several hold at once.

    Raises:
        ValueError: a cap leaves some night without a step; it says how much would do.
    """
    shares = [_share(phases, num_tasks, cap) for cap in caps if cap.limit]
    share = min(shares, default=Fraction(1))
    if share == 1:
        return tuple(phases)
    return tuple(_shortened(one, num_tasks, share) if _gives(one) else one for one in phases)


def _gives(phase: Phase) -> bool:
    """Whether a phase is shortened: it trains asleep."""
    return phase.asleep and bool(phase.counts_as)


def _share(phases: Sequence[Phase], num_tasks: int, cap: Cap) -> Fraction:
    """Of the steps of every night, what a cap leaves: in (0, 1]."""
    steps = {one.name: [one.num_steps(task) for task in range(num_tasks)] for one in phases}
    nights = [one.name for one in phases if _gives(one)]
    costs = {name: cap.costs[name] * sum(numbers) for name, numbers in steps.items()}
    night = sum(costs[name] for name in nights)
    fixed, limit = sum(costs.values()) - night, int(cap.limit)
    if limit >= fixed + night:
        return Fraction(1)
    shortest = min((number for name in nights for number in steps[name] if number), default=1)
    least = fixed + math.ceil(Fraction(night, shortest))
    if limit < least:
        raise ValueError(
            f"{cap.setting}={cap.limit:,.0f} is too small: what is not sleep takes {fixed:,} of it, and every night "
            f"needs a step of each of its phases; it must be at least {least:,}, or 0 for no cap"
        )
    return Fraction(limit - fixed, night)


def _shortened(phase: Phase, num_tasks: int, share: Fraction) -> Phase:
    full = [phase.num_steps(task) for task in range(num_tasks)]
    kept = [int(share * number) for number in full]
    stretch = [number / max(few, 1) for number, few in zip(full, kept, strict=True)]

    def rate(task: Array, step: Array) -> Array:
        # Step i of n uses the rate at i + 1, as in `schedules`: the last step is still the last of the schedule.
        return phase.rate(task, (step + 1) * jnp.asarray(stretch, jnp.float32)[task] - 1)

    return dataclasses.replace(phase, num_steps=kept.__getitem__, rate=rate)
