"""The stages of a task: the phases of the method, and between them the moments at which evaluators look."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Demanding, Evaluator, Moment
from braincl_jax.pipeline import Phase
from braincl_jax.registry import EVALUATORS


class Examination(NamedTuple):
    """A moment at which evaluators look.

    Attributes:
        name: see `evaluators.base.Moment`.
        evaluators: by the text that names them in the config.
    """

    name: Moment
    evaluators: dict[str, Evaluator]


Stage = Phase | Examination


def stages_of(
    phases: Sequence[Phase], evaluators: dict[str, Evaluator], *, last_task: bool
) -> list[Stage]:
    """What happens in a task, in order.

    Args:
        phases: of the method.
        evaluators: of the config.
        last_task: whether the end is looked at as well.

    Raises:
        ValueError: two of them have the same name.
    """

    def look(moment: Moment) -> list[Stage]:
        chosen = {name: one for name, one in evaluators.items() if one.when == moment}
        return [Examination(moment, chosen)] if chosen else []

    asleep = [index for index, phase in enumerate(phases) if phase.asleep]
    dusk = asleep[0] if asleep else len(phases)
    stages = [
        *phases[:dusk],
        *look("after_wake"),
        *phases[dusk:],
        *look("after_task"),
        *(look("at_end") if last_task else []),
    ]
    names = [stage.name for stage in stages]
    if len(set(names)) < len(names):
        raise ValueError(f"phases need names of their own, other than those of moments: {names}")
    return stages


def require_demands(evaluators: Iterable[Evaluator], config: Config, stream: TaskStream) -> None:
    """Sees that all is there that evaluators need.

    Raises:
        ValueError: something is missing.
    """
    for evaluator in evaluators:
        if isinstance(evaluator, Demanding):
            evaluator.check(config, stream)


def build_evaluators(texts: Sequence[str]) -> dict[str, Evaluator]:
    """The evaluators that a config names, by these names."""
    return {text: EVALUATORS.build(text) for text in texts}
