"""CORe50, new domains: all 50 objects in each of 8 tasks, a session of its own each.

Command:   braincl run --config=core50_ni --config.dataset=core50:/data/core50_128x128
           in the order of a list of its authors: '--config.dataset=core50:/data/core50_128x128?lists=NI_inc/run0'
Takes:     computed from the steps, not measured: some 37.8 million images asleep in some 295,000 steps, one and a half
           times those of core50.py.
Memory:    49,152,000 bytes, as in core50.py.
Expect:    not measured yet. Every task is tested on all objects in sessions 3, 7 and 10.
Source:    as core50.py; sessions come in the order of their numbers.
"""

from ml_collections import ConfigDict

from experiments.configs import core50
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = core50.get_config()
    config.update(
        {
            "num_tasks": 8,
            "classes_per_task": 0,
            "class_order_seed": -1,
            "protocol": {"incremental": "domains"},
        }
    )
    return in_form(config, form)
