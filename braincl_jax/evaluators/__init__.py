"""What is measured of a brain, one file each: what `config.evaluators` may name."""

from braincl_jax.evaluators.accuracy import Accuracy
from braincl_jax.evaluators.balance import Balance
from braincl_jax.evaluators.base import Answers, Evaluator, Exam, Row
from braincl_jax.evaluators.before_sleep import BeforeSleep
from braincl_jax.evaluators.calibration import Calibration
from braincl_jax.evaluators.confusion import Confusion
from braincl_jax.evaluators.corruptions import Corruptions
from braincl_jax.evaluators.fingerprint import Fingerprint
from braincl_jax.evaluators.out_of_distribution import OutOfDistribution
from braincl_jax.evaluators.recall_quality import RecallQuality
from braincl_jax.evaluators.representation import Representation
from braincl_jax.evaluators.task_aware import TaskAware
from braincl_jax.evaluators.unseen_classes import UnseenClasses

__all__ = [
    "Accuracy",
    "Answers",
    "Balance",
    "BeforeSleep",
    "Calibration",
    "Confusion",
    "Corruptions",
    "Evaluator",
    "Exam",
    "Fingerprint",
    "OutOfDistribution",
    "RecallQuality",
    "Representation",
    "Row",
    "TaskAware",
    "UnseenClasses",
]
