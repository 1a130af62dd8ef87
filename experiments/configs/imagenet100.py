"""ImageNet-100: 100 classes of ImageNet-1K in 10 tasks of 10, remembered at 256 pixels and seen at 224.

Command:   braincl run --config=imagenet100 --config.dataset=imagenet:/data/imagenet
           of ImageNet-1K as it is. There are three lists of 100 classes, whose results do not compare:
           --config.protocol.classes=imagenet100_a, _b (here) or _c; data/protocols.py says who uses which.
Takes:     computed from the steps, not measured: 49 million images asleep in 385,000 steps of the size of those of
           imagenet1k.py, a tenth of what it takes.
Memory:    301,056,000 bytes, as much as 20 raw exemplars of 224x224 of each class: 2,350 or so for each image.
Expect:    not measured yet. To beat, top-1 %, average and last over 10 tasks of 10, with 2,000 exemplars: DER
           77.18 / 66.70, FOSTER with CIM 77.94 / not told, TagFex 79.27 / 70.84. Compare within one list.
Source:    as imagenet1k.py.
"""

from ml_collections import ConfigDict

from experiments.configs import imagenet1k
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = imagenet1k.get_config()
    config.update(
        {
            "classes_per_task": 10,
            "protocol": {"classes": "imagenet100_b"},
            "budget_bytes": 301_056_000,
            "codec": {"first_steps": 20_000, "steps": 500},
            "sleep": {"steps": 70_000},
        }
    )
    return in_form(config, form)
