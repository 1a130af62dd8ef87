# pyright: reportMissingImports=false
"""Write entropy_bottleneck.npz: what CompressAI's EntropyBottleneck answers for known weights and values.

CompressAI needs numpy < 2 and torch, so it has an environment of its own, in which nothing of this project is:

    python3 -m venv oracle && oracle/bin/pip install torch==2.13.0 "numpy<2" scipy
    oracle/bin/pip install --no-deps compressai==1.2.8
    oracle/bin/python tests/oracles/make_entropy_bottleneck.py

The two densities are the same function of the same weights but for one number per channel. CompressAI's last
bias is free and the median is learned beside it; `braincl_jax.memory.codec.density` subtracts the logit at 0, so that
the median is 0. Here the last bias is chosen such that CompressAI's logit at 0 is 0 as well: the subtraction then
takes nothing away, and the weights can be compared as they are.

Everything is evaluated in float64 and without rounding the values (`_likelihood`; in eval mode `forward` rounds
them first). Values and weights, except for that last bias, are float32 numbers, so that an implementation in
float32 is given exactly the same. Left out, as not `compared`, is what CompressAI gives a likelihood of 1e-8 or
less: it bounds likelihoods by 1e-9, and takes them as sigmoid(upper) - sigmoid(lower), which in the upper tail
has few digits left.

Arrays: matrix0 to matrix3, bias0 to bias3, factor0 to factor2 as in CompressAI, [C, out, in] or [C, out, 1];
values [N, C]; logits [N, C], of the cumulative at the values; bits [N, C]; gradient [N, C], of the sum of all
bits with respect to the values; compared bool [N, C]; versions, of compressai and torch.
"""

import importlib
import importlib.metadata
import importlib.util
import pathlib
import sys

import numpy as np
import torch

CHANNELS = 4
HIDDEN = (3, 3, 3)
SMALLEST_LIKELIHOOD = 1e-8
# By channel: wide; ordinary; many modes, as the hidden units are nearly flat at their centres; steep.
SCALE = np.array([8.0, 1.2, 1.5, 0.15])
SPREAD_OF_MATRICES = np.array([0.3, 0.5, 0.5, 1.5])
SPREAD_OF_BIASES = np.array([0.5, 1.0, 2.0, 1.0])
SPREAD_OF_FACTORS = np.array([0.5, 1.0, 0.5, 1.0])
MEAN_OF_FACTORS = np.array([0.0, 0.0, -3.0, 2.0])


def entropy_bottleneck() -> torch.nn.Module:
    """CompressAI's own class, without what importing all of CompressAI needs (torchvision and more)."""
    spec = importlib.util.find_spec("compressai")
    assert spec is not None
    package = importlib.util.module_from_spec(spec)  # Its __init__ is not run.
    vars(package).update(get_entropy_coder=lambda: "ans", available_entropy_coders=lambda: ["ans"])
    sys.modules["compressai"] = package
    module = importlib.import_module("compressai.entropy_models")
    return module.EntropyBottleneck(channels=CHANNELS, filters=HIDDEN).double().eval()


def logits(bottleneck, y):
    """[N, C] -> [N, C]."""
    return bottleneck._logits_cumulative(y.T[:, None], stop_gradient=False)[:, 0].T


def bits(bottleneck, y):
    """[N, C] -> [N, C]."""
    return -torch.log2(bottleneck._likelihood(y.T[:, None])[0][:, 0].T)


@torch.no_grad()
def randomise(bottleneck, rng: np.random.Generator) -> None:
    """Float32 numbers for all weights; then the last bias is set such that the logit at 0 is 0."""

    def fill(parameter, centre, scale):
        shape = (CHANNELS, 1, 1)
        draw = centre.reshape(shape) + scale.reshape(shape) * rng.standard_normal(parameter.shape)
        parameter.copy_(torch.from_numpy(draw.astype(np.float32)))

    slope = SCALE ** (-1 / (len(HIDDEN) + 1))
    for matrix, bias in zip(bottleneck.matrices, bottleneck.biases, strict=True):
        fill(matrix, np.log(np.expm1(slope / matrix.shape[1])), SPREAD_OF_MATRICES)
        fill(bias, np.zeros(CHANNELS), SPREAD_OF_BIASES)
    for factor in bottleneck.factors:
        fill(factor, MEAN_OF_FACTORS, SPREAD_OF_FACTORS)
    zero = torch.zeros(1, CHANNELS, dtype=torch.float64)
    bottleneck.biases[-1] -= logits(bottleneck, zero)[0, :, None, None]
    assert logits(bottleneck, zero).abs().max() < 1e-14


def make_values(rng: np.random.Generator) -> np.ndarray:
    """Integers, halves, and anything, over -20 to 20 and denser near 0: [N, C]."""
    columns = [
        np.concatenate(
            [
                np.arange(-20, 21),
                np.arange(-4.5, 5),
                rng.uniform(-20, 20, 40),
                rng.normal(0, 1, 40),
            ]
        )
        for _ in range(CHANNELS)
    ]
    return np.stack(columns, 1).astype(np.float32).astype(np.float64)


def main() -> None:
    """Evaluate, check that `forward` says the same of integers, and write."""
    rng = np.random.default_rng(0)
    bottleneck = entropy_bottleneck()
    randomise(bottleneck, rng)
    values = torch.from_numpy(make_values(rng)).requires_grad_()
    information = bits(bottleneck, values)
    (gradient,) = torch.autograd.grad(information.sum(), values)
    compared = 2.0**-information > SMALLEST_LIKELIHOOD

    with torch.no_grad():
        integers = torch.round(values)
        _, likelihood = bottleneck(integers)  # Its medians are 0, as initialised.
        unbounded = 2.0 ** -bits(bottleneck, integers)
        torch.testing.assert_close(likelihood, unbounded.clamp(min=1e-9), rtol=1e-12, atol=1e-15)

    groups = {
        "matrix": bottleneck.matrices,
        "bias": bottleneck.biases,
        "factor": bottleneck.factors,
    }
    weights = {
        f"{name}{index}": leaf for name, group in groups.items() for index, leaf in enumerate(group)
    }
    results = {
        **weights,
        "values": values,
        "logits": logits(bottleneck, values),
        "bits": information,
        "gradient": gradient,
        "compared": compared,
    }
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("compressai", "torch")]
    np.savez_compressed(
        pathlib.Path(__file__).with_name("entropy_bottleneck.npz"),
        versions=np.array(versions),
        **{name: tensor.detach().numpy() for name, tensor in results.items()},
    )
    for channel in range(CHANNELS):
        kept = compared[:, channel]
        at, cost = values[kept, channel], information[kept, channel]
        print(
            f"channel {channel}: {int(kept.sum())} of {len(kept)} values, {at.min():.2f} to {at.max():.2f}, "
            f"{cost.min():.3f} to {cost.max():.3f} bits"
        )


if __name__ == "__main__":
    main()
