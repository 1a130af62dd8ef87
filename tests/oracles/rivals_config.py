"""Published methods in a small setting, beside `rivals_torch.py`, which does the same without this project.

Command:   python -m experiments.compare --config=tests/oracles/rivals_config.py --seeds=0,1,2 --variant=finetune
           --variant=lwf '--variant=ewc:method=ewc(strength=30.0)' --variant=icarl --variant=wa --variant=der_pp
Takes:     about half a minute a run on 1 CPU core.
Memory:    157,004 bytes: 200 exemplars of 28x28 pixels and a label; DER++ has 195, with 10 logits in float16 each.
Expect:    see docs/methods.md.
Source:    none; settings are chosen to be cheap, alike on both sides, and for the methods to differ.
"""

from ml_collections import ConfigDict

from braincl_jax.config import Config, to_mapping


def get_config() -> ConfigDict:
    config = ConfigDict(to_mapping(Config()))
    config.update(
        {
            "plugins": ("tests.oracles.rivals_network",),
            "network": "rectified(width=64)",
            "class_order_seed": -1,
            "budget_bytes": 200 * (28 * 28 + 1) + 4,
            "num_devices": 1,
            "evaluators": ("accuracy",),
            "figures": ("accuracy_curve",),
            # No day: the whole network learns, asleep alone.
            "wake": {"epochs": 0},
            "sleep": {
                "steps": 150,
                "learning_rate": 0.05,
                "augmentation": "crop_flip_noise(crop_padding=0, flip=False, noise=0.0)",
            },
        }
    )
    return config
