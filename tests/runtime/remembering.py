"""Runs that are alike share what is compiled."""

from collections.abc import Callable
from typing import Any

from braincl_jax.runtime.devices import Devices


class Remembering(Devices):
    """Devices that compile everything once: a phase of a later run is the one of the same name of the first."""

    def __init__(self, num_devices: int) -> None:
        super().__init__(num_devices)
        self._known: dict[str, Any] = {}

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._known:
            self._known[name] = make()
        return self._known[name]

    def init(self, init, key):
        return super().init(self._once("init", lambda: init), key)

    def map_step(self, step):
        return self._once(step.name, lambda: Devices.map_step(self, step))

    def map_reader(self, function):
        return self._once(function.__qualname__, lambda: Devices.map_reader(self, function))
