"""Which run it is: settings and stream become a method, its phases, and the identity of its run."""

from collections.abc import Sequence

from braincl_jax.build import build_method, build_plan
from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.data.fingerprint import fingerprint
from braincl_jax.methods import Method
from braincl_jax.phases import build_phases
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.processes import require_same_everywhere
from braincl_jax.runtime.record import Record


def identify(config: Config, stream: TaskStream) -> tuple[Method, Sequence[Phase], Record]:
    """The method that `config` makes for a stream, what is done with every task, and what makes the run this one.

    Raises:
        ValueError: settings do not fit the stream, a cap on compute is too small, or processes differ in settings, in
            their data or in their plugins.
    """
    plan = build_plan(config, stream)
    method, record = build_method(config, plan), Record(config, plan, fingerprint(stream))
    require_same_everywhere(f"run {record.digest}")
    return method, build_phases(method, stream), record
