"""BrainCL: continual learning with a semi-parametric memory, consolidated in wake and sleep phases.

What a researcher needs, by topic; everything else is importable from where it lives:

    run                 run_sequence, load_run, Run
    build and compose   Config, from_mapping, build_stream, build_plan, build_method, init_brain, BrainState, Phase, Now
    a method of hers    Method, BrainCL, METHODS
    an evaluator        Exam, Row, EVALUATORS
    data                TaskStream, register_source
    parts by name       SAMPLERS, AUGMENTATIONS, RECALL_ERRORS, BACKBONES, POLICIES, FIGURES
    settings of parts   the module braincl_jax.settings: settings, at_least, between, positive, one_of, anything

An exported name is imported when it is first asked for: `import braincl_jax` alone starts nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from braincl_jax.build import build_method as build_method
    from braincl_jax.build import build_plan as build_plan
    from braincl_jax.build import build_stream as build_stream
    from braincl_jax.build import init_brain as init_brain
    from braincl_jax.config import Config as Config
    from braincl_jax.config import from_mapping as from_mapping
    from braincl_jax.data import TaskStream as TaskStream
    from braincl_jax.data import register_source as register_source
    from braincl_jax.evaluators import Exam as Exam
    from braincl_jax.evaluators import Row as Row
    from braincl_jax.methods import BrainCL as BrainCL
    from braincl_jax.methods import Method as Method
    from braincl_jax.pipeline import Phase as Phase
    from braincl_jax.registry import AUGMENTATIONS as AUGMENTATIONS
    from braincl_jax.registry import BACKBONES as BACKBONES
    from braincl_jax.registry import EVALUATORS as EVALUATORS
    from braincl_jax.registry import FIGURES as FIGURES
    from braincl_jax.registry import METHODS as METHODS
    from braincl_jax.registry import POLICIES as POLICIES
    from braincl_jax.registry import RECALL_ERRORS as RECALL_ERRORS
    from braincl_jax.registry import SAMPLERS as SAMPLERS
    from braincl_jax.runtime.load import Run as Run
    from braincl_jax.runtime.load import load_run as load_run
    from braincl_jax.runtime.loop import run_sequence as run_sequence
    from braincl_jax.state import BrainState as BrainState
    from braincl_jax.types import Now as Now

_HOMES = {
    "build_method": "braincl_jax.build",
    "build_plan": "braincl_jax.build",
    "build_stream": "braincl_jax.build",
    "init_brain": "braincl_jax.build",
    "Config": "braincl_jax.config",
    "from_mapping": "braincl_jax.config",
    "TaskStream": "braincl_jax.data",
    "register_source": "braincl_jax.data",
    "Exam": "braincl_jax.evaluators",
    "Row": "braincl_jax.evaluators",
    "BrainCL": "braincl_jax.methods",
    "Method": "braincl_jax.methods",
    "Phase": "braincl_jax.pipeline",
    "AUGMENTATIONS": "braincl_jax.registry",
    "BACKBONES": "braincl_jax.registry",
    "EVALUATORS": "braincl_jax.registry",
    "FIGURES": "braincl_jax.registry",
    "METHODS": "braincl_jax.registry",
    "POLICIES": "braincl_jax.registry",
    "RECALL_ERRORS": "braincl_jax.registry",
    "SAMPLERS": "braincl_jax.registry",
    "Run": "braincl_jax.runtime.load",
    "load_run": "braincl_jax.runtime.load",
    "run_sequence": "braincl_jax.runtime.loop",
    "BrainState": "braincl_jax.state",
    "Now": "braincl_jax.types",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
