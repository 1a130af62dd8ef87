"""CIFAR-100 from a large first task: 50 classes, then 5 tasks of 10.

Command:   braincl run --config=cifar100_b50 --config.dataset=npz:cifar100.npz
           data as for cifar100_20.py; then 10 tasks of 5: --config.num_tasks=11 --config.classes_per_task=5
           on a GPU, --config.network='resnet18(width=64)'.
Takes:     computed by --dry_run, not measured: 45,000 steps of replay, 5,000 of them in the first night and 10,000 in
           the last; 214 TFLOP. cifar100.py takes 55,000 steps of the same size.
Memory:    6,144,000 bytes, as in cifar100.py.
Expect:    not measured yet. Published as B50: average incremental accuracy is of 6 values, the first after 50 classes,
           and does not compare with that of 10 tasks of 10.
Source:    as cifar100.py.
"""

from ml_collections import ConfigDict

from experiments.configs import cifar100
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = cifar100.get_config()
    config.update({"num_tasks": 6, "protocol": {"first_task_classes": 50}})
    return in_form(config, form)
