"""What is measured of a brain, one file each: what `config.evaluators` may name. A file that is added is found here."""

import importlib
import pkgutil

from braincl_jax.evaluators.accuracy import Accuracy
from braincl_jax.evaluators.balance import Balance
from braincl_jax.evaluators.base import Answers, Evaluator, Exam, Row
from braincl_jax.evaluators.before_sleep import BeforeSleep
from braincl_jax.evaluators.calibration import Calibration
from braincl_jax.evaluators.confusion import Confusion
from braincl_jax.evaluators.fingerprint import Fingerprint
from braincl_jax.evaluators.recall_quality import RecallQuality
from braincl_jax.evaluators.task_aware import TaskAware
from braincl_jax.evaluators.unseen_classes import UnseenClasses

__all__ = [
    "Accuracy",
    "Answers",
    "Balance",
    "BeforeSleep",
    "Calibration",
    "Confusion",
    "Evaluator",
    "Exam",
    "Fingerprint",
    "RecallQuality",
    "Row",
    "TaskAware",
    "UnseenClasses",
]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
