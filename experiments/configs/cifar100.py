"""All of CIFAR-100: 100 classes, 10 tasks of 10, 50,000 images of 32x32.

Command:   braincl run --config=cifar100 --config.dataset=npz:cifar100.npz
           data as for cifar100_20.py; on a GPU, --config.network='resnet18(width=64)'.
Takes:     55,000 steps of replay, 10,000 of them in the last night: 104 minutes on one CPU core (measured).
Memory:    6,144,000 bytes, as much as 20 raw exemplars of each class.
Expect:    56.6 % after the last task, 62.8 % on average over tasks (seed 0), measured with a wake that lasts into the
           night; see docs/results.md.
"""

from ml_collections import ConfigDict

from experiments.configs import cifar100_20_long
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = cifar100_20_long.get_config()
    config.update(
        {
            "num_tasks": 10,
            "classes_per_task": 10,
            "budget_bytes": 6_144_000,
            "sleep": {"steps": 10_000},
        }
    )
    return in_form(config, form)
