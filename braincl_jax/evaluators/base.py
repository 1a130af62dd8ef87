"""What an evaluator is: figures of a brain at some moment of its life, and how they are shown.

One of your own is a settings class registered in `registry.EVALUATORS`, in a module that `config.plugins` names. What
it returns reaches `metrics.jsonl`, `summary.json`, the report and comparisons by itself.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from braincl_jax.config import Config
from braincl_jax.data import Images, TaskStream
from braincl_jax.methods.base import Method
from braincl_jax.pipeline import Notes
from braincl_jax.state import BrainState

# After the day and before the night of a task, after its night, or after the last night.
Moment = Literal["after_wake", "after_task", "at_end"]
# What can be written as JSON.
Figures = Mapping[str, Any]


class Row(NamedTuple):
    """A line of report and comparison.

    Attributes:
        label: what it says.
        key: of a number in the summary.
        scale: what the number is multiplied by to be shown.
        unit: of the product.
    """

    label: str
    key: str
    scale: float = 1.0
    unit: str = ""


class Answers(NamedTuple):
    """What a brain says of test images.

    Attributes:
        logits: float32 [N, K].
        label: int32 [N].
    """

    logits: NDArray[np.float32]
    label: NDArray[np.int32]

    def accuracy(self) -> float:
        """Share of the images whose class has the largest logit."""
        return float((self.logits.argmax(-1) == self.label).mean())


@dataclasses.dataclass
class Exam:
    """A brain at one moment, to be looked at.

    Attributes:
        task: the current task.
        stream: the tasks, with their test images.
        method: the learner.
        notes: what its phases have noted.
        predict: uint8 [N, H, W, C] -> logits float32 [N, K], for images from anywhere.
        features: uint8 [N, H, W, C] -> features float32 [N, F], what the head sees of them.
        ask: task -> answers on its test images; tasks to come have some as well.
        fetch: () -> one device's state; it is fetched once.
    """

    task: int
    stream: TaskStream
    method: Method
    notes: Notes
    predict: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    features: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    ask: Callable[[int], Answers]
    fetch: Callable[[], BrainState]
    _answers: dict[int, Answers] = dataclasses.field(default_factory=dict, repr=False)

    def test(self, task: int) -> Answers:
        """Answers on the test images of a task; asked once, however many evaluators or tasks want to know."""
        task = self.stream.tested_as(task)
        if task not in self._answers:
            self._answers[task] = self.ask(task)
        return self._answers[task]

    def seen(self) -> Answers:
        """Answers on the test images of all tasks so far, each image once, task after task."""
        tasks = sorted({self.stream.tested_as(task) for task in range(self.task + 1)})
        return _joined([self.test(task) for task in tasks])

    def features_of(self, images: Images) -> NDArray[np.float32]:
        """Features [N, F] of any number of images, N from 1, `eval_batch_size` at a time."""
        size, rows = self.method.parts.config.eval_batch_size, np.arange(len(images))
        batches = [rows[first : first + size] for first in range(0, len(rows), size)]
        return np.concatenate([self.features(images.take(batch)) for batch in batches])

    def seen_classes(self) -> NDArray[np.int64]:
        """The classes of all tasks so far, ascending, each once; logits of others mean nothing."""
        return np.unique(np.concatenate(self.stream.spec.task_classes[: self.task + 1]))

    def unseen(self) -> Answers | None:
        """Answers on the test images of classes that no task so far has had, each image once, task after task.

        None where there are none: after the last task, and where all tasks have the same classes. The whole test set
        is looked at whenever this and `seen` are asked, so a run of T tasks looks at it T times.
        """
        known = self.seen_classes()
        all_tasks = self.stream.spec.task_classes
        ahead = [
            task
            for task in range(self.task + 1, len(all_tasks))
            if not np.isin(all_tasks[task], known).all()
        ]
        if not ahead:
            return None
        logits, label = _joined(
            [self.test(one) for one in sorted({*map(self.stream.tested_as, ahead)})]
        )
        new = ~np.isin(label, known)
        return Answers(logits[new], label[new]) if new.any() else None


def _joined(each: Sequence[Answers]) -> Answers:
    return Answers(*(np.concatenate(parts) for parts in zip(*each, strict=True)))


class Evaluator(Protocol):
    """Figures of one kind.

    Attributes:
        when: the moment.
        rows: what of the summary is shown.
    """

    when: ClassVar[Moment]
    rows: ClassVar[tuple[Row, ...]]

    def run(self, exam: Exam) -> Figures:
        """The figures of one moment, which can be written as JSON."""
        ...

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        """What the summary gets, from the figures of all tasks (those of the last one alone for `at_end`)."""
        ...


@runtime_checkable
class Demanding(Protocol):
    """What an evaluator has besides if it needs more than the run itself, such as files or a package."""

    def check(self, config: Config, stream: TaskStream) -> None:
        """Looks whether all is there, before anything is trained or written.

        Raises:
            ValueError: something is missing.
        """
        ...
