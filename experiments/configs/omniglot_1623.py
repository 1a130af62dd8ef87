"""Many small tasks: all 1,623 characters of Omniglot but three, in 162 tasks of 10.

Command:   braincl run --config=omniglot_1623 --config.dataset=npz:omniglot.npz
           data as for omniglot_50.py; --config.num_tasks=1623 --config.classes_per_task=1: a character at a time.
Takes:     computed from the steps, not measured: 309,780 steps of replay, 24 in the first night and 3,800 in the last,
           and 32,800 of the codec.
Memory:    1,905,120 bytes, 10 % of the raw training images of 28x28: 78 for each. Each task has a table of its own for
           but 150 images.
Expect:    not measured yet.
Source:    as omniglot_50.py; nights grow, so that the last one shows each image ten times, as there.
"""

from ml_collections import ConfigDict

from experiments.configs import omniglot_50
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = omniglot_50.get_config()
    config.update(
        {
            "num_tasks": 162,
            "classes_per_task": 10,
            "budget_bytes": 1_905_120,
            "sleep": {"steps": 3800, "growing": True},
        }
    )
    return in_form(config, form)
