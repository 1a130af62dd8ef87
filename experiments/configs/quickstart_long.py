"""The quickstart in nights that are five times as long.

Command:   braincl run --config=quickstart_long
Takes:     five times the sleep of quickstart.py.
Memory:    392,000 bytes, as in quickstart.py.
Expect:    see docs/results.md.
"""

from ml_collections import ConfigDict

from experiments.configs import quickstart


def get_config() -> ConfigDict:
    config = quickstart.get_config()
    config.update({"sleep": {"steps": 2000}})
    return config
