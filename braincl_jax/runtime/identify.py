"""Which run it is: settings and stream become a method and the identity of its run."""

from braincl_jax.build import build_method, build_plan
from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.data.fingerprint import fingerprint
from braincl_jax.methods import Method
from braincl_jax.runtime.processes import require_same_everywhere
from braincl_jax.runtime.record import Record


def identify(config: Config, stream: TaskStream) -> tuple[Method, Record]:
    """The method that `config` makes for a stream, and what makes the run this one.

    Raises:
        ValueError: settings do not fit the stream, or processes differ in them, in their data or in their plugins.
    """
    plan = build_plan(config, stream)
    method, record = build_method(config, plan), Record(config, plan, fingerprint(stream))
    require_same_everywhere(f"run {record.digest}")
    return method, record
