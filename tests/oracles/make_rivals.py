# pyright: reportMissingImports=false
"""Write rivals.npz: losses, gradients, steps and memories of iCaRL, DER++, WA, EWC and LwF, in PyTorch.

Written from the equations of the papers (arXiv 1611.07725, 2004.07211, 1911.07053, 1612.00796, 1606.09282), in float64,
with gradients by PyTorch, in an environment of its own, in which nothing of this project is:

    python3 -m venv oracle && oracle/bin/pip install torch==2.13.0 numpy
    oracle/bin/python tests/oracles/make_rivals.py

The network has 4 pixels, scaled to [-1, 1], HIDDEN rectified features and a head for six classes, in three tasks of
two; classes that are yet to come are cut off. Where a paper leaves something open, it is as the project's docstrings
say: the loss of a batch is the mean over its images, those of DER++'s memory among them; its squared error is the
mean over the classes that logits were kept of.

Arrays. A network, or what has its shape, is one array [83]: `w1` [4, HIDDEN], `b1`, `w2` [HIDDEN, 6] and `b2`, one
after another. Inputs: `image` uint8 [12, 2, 2, 1], `label`, 8 of the second task and 4 exemplars of the first; `kept`
[4, 6], logits of these; `first_image` [24, ...], `first_label` of the first task, `last_image`, `last_label` of the
third; networks `student`, `teacher`, `anchor0`, `anchor1`. Of each METHOD: `METHOD_loss` [B], `METHOD_gradient` of
their mean, and `METHOD_after`, the network after two steps of SGD, each from all images, with momentum MOMENTUM and
weight decay DECAY, at RATES. Besides `wa_aligned`, the last one aligned; `fisher0` and `fisher1`, empirical, at the
anchors on `first_image` and on the second task's images; `true_fisher` and `true_variance` at the first, the latter
of what one drawn label contributes; `herded` int [2, 6], of each class the images chosen, in order; and
`minus_distances` [24, 2] of the first task's images to the means of the chosen.
"""

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

HIDDEN, CLASSES = 7, 6
NAMES = ("w1", "b1", "w2", "b2")
MOMENTUM, DECAY, RATES = 0.9, 5e-4, (0.05, 0.02)
ALPHA, BETA, TEMPERATURE, LAMBDA_OLD, LAMBDA_EWC = 0.3, 0.6, 2.0, 0.7, 40.0
PER_CLASS = 6
Net = dict[str, torch.Tensor]


def pixels(image: np.ndarray) -> torch.Tensor:
    return torch.tensor(image.reshape(len(image), -1) / 127.5 - 1, dtype=torch.float64)


def features(net: Net, x: torch.Tensor) -> torch.Tensor:
    return torch.relu(x @ net["w1"] + net["b1"])


def answer(net: Net, x: torch.Tensor, classes: int) -> torch.Tensor:
    """Logits of the first classes."""
    return (features(net, x) @ net["w2"] + net["b2"])[:, :classes]


def flat(net: Net) -> np.ndarray:
    return torch.cat([net[name].detach().reshape(-1) for name in NAMES]).numpy()


def minus_log(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """-log softmax at the label."""
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -p[torch.arange(len(label)), label].log()


def icarl(net: Net, old: Net, x: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Algorithm 3: g_y(x) = 1 / (1 + exp(-a_y(x))); q of the old network for y < s, labels for y >= s."""
    g, q = (1 / (1 + (-answer(one, x, 4)).exp()) for one in (net, old))
    q, loss = q.detach(), torch.zeros(len(x), dtype=torch.float64)
    for y in range(4):
        wanted = q[:, y] if y < 2 else (label == y).double()
        loss = loss - wanted * g[:, y].log() - (1 - wanted) * (1 - g[:, y]).log()
    return loss


def der_pp(net: Net, kept: torch.Tensor, x: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Equation 6: labels for what is new; alpha |z - h|^2 + beta cross-entropy for what is in the memory."""
    logits = answer(net, x, 4)
    entropy = minus_log(logits, label)
    squared = ((kept[:, :2] - logits[8:, :2]) ** 2).mean(1)
    return torch.cat([entropy[:8], ALPHA * squared + BETA * entropy[8:]])


def wa(net: Net, old: Net, x: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """(1 - l) L_CE + l L_KD, l = C_old / (C_old + C_new); L_KD of softmaxes at T among old classes."""
    logits, share = answer(net, x, 4), 2 / 4
    hat = torch.softmax(answer(old, x, 2).detach() / TEMPERATURE, 1)
    distilled = -(hat * torch.log(torch.softmax(logits[:, :2] / TEMPERATURE, 1))).sum(1)
    return (1 - share) * minus_log(logits, label) + share * distilled


def aligned(network: np.ndarray) -> np.ndarray:
    """Gamma = Mean(Norm_old) / Mean(Norm_new), and the new classes' weights of the head times gamma."""
    start, stop = 5 * HIDDEN, 5 * HIDDEN + HIDDEN * CLASSES
    weights = torch.tensor(network[start:stop]).reshape(HIDDEN, CLASSES)
    norm = [weights[:, y].square().sum().sqrt() for y in range(4)]
    gamma = ((norm[0] + norm[1]) / 2) / ((norm[2] + norm[3]) / 2)
    scaled = weights.clone()
    scaled[:, 2:4] = gamma * weights[:, 2:4]
    return np.concatenate([network[:start], scaled.reshape(-1).numpy(), network[stop:]])


def lwf(net: Net, old: Net, x: torch.Tensor, label: torch.Tensor, first: int) -> torch.Tensor:
    """Equations 1 to 4: lambda_o L_old + L_new, the former of probabilities to the power of 1 / T, normalised.

    L_new is among the classes from `first` on.
    """

    def softened(logits: torch.Tensor) -> torch.Tensor:
        y = torch.softmax(logits, 1) ** (1 / TEMPERATURE)
        return y / y.sum(1, keepdim=True)

    logits = answer(net, x, 4)
    recorded, current = softened(answer(old, x, 2).detach()), softened(logits[:, :2])
    l_old = -(recorded * current.log()).sum(1)
    return LAMBDA_OLD * l_old + minus_log(logits[:, first:], label - first)


def squared_gradient(net: Net, x: torch.Tensor, label: int, classes: int) -> Net:
    """Of log p(label | one image)."""
    leaves = {name: leaf.clone().requires_grad_() for name, leaf in net.items()}
    log_p = torch.log_softmax(answer(leaves, x[None], classes), 1)[0, label]
    found = torch.autograd.grad(log_p, list(leaves.values()))
    return {name: part**2 for name, part in zip(leaves, found, strict=True)}


def fisher(net: Net, x: torch.Tensor, label: torch.Tensor, classes: int) -> Net:
    """The empirical diagonal: the mean over images of the squared gradient of the label's log-likelihood."""
    each = [squared_gradient(net, one, int(y), classes) for one, y in zip(x, label, strict=True)]
    return {name: torch.stack([one[name] for one in each]).mean(0) for name in NAMES}


def true_fisher(net: Net, x: torch.Tensor, classes: int) -> tuple[Net, Net]:
    """The diagonal itself, labels in expectation, and the mean variance over labels of a squared gradient."""
    p = torch.softmax(answer(net, x, classes), 1)
    mean, variance = ({name: torch.zeros_like(net[name]) for name in NAMES} for _ in range(2))
    for one, likely in zip(x, p, strict=True):
        each = [squared_gradient(net, one, y, classes) for y in range(classes)]
        for name in NAMES:
            first = sum(q * g[name] for q, g in zip(likely, each, strict=True))
            second = sum(q * g[name] ** 2 for q, g in zip(likely, each, strict=True))
            mean[name] += first / len(x)
            variance[name] += (second - first**2) / len(x)
    return mean, variance


def ewc(
    net: Net, held: list[tuple[Net, Net]], x: torch.Tensor, label: torch.Tensor
) -> torch.Tensor:
    """Equation 3, a penalty for each earlier task: L(theta) + sum lambda / 2 F (theta - theta*)^2."""
    penalty = sum(
        (LAMBDA_EWC / 2 * f[name] * (net[name] - at[name]) ** 2).sum()
        for f, at in held
        for name in NAMES
    )
    return minus_log(answer(net, x, 6), label) + penalty


def herd(phi: torch.Tensor, number: int) -> list[int]:
    """Algorithm 4: p_k is the x, of those not chosen, for which the mean of p_1..p_{k-1} and x is closest to mu."""
    mu, chosen = phi.mean(0), []
    for k in range(1, number + 1):
        off = torch.full((len(phi),), torch.inf, dtype=torch.float64)
        for x in range(len(phi)):
            if x not in chosen:
                off[x] = (mu - (phi[x] + phi[chosen].sum(0)) / k).norm()
        first, second = off.sort().values[:2]
        assert second - first > 1e-4, "rounding would decide: take another seed"
        chosen.append(int(off.argmin()))
    return chosen


def of_length_one(phi: torch.Tensor) -> torch.Tensor:
    return phi / phi.norm(dim=1, keepdim=True)


def trained(
    student: Net,
    objective: Callable[[Net], torch.Tensor],
    clip: bool = False,
) -> dict[str, np.ndarray]:
    """Loss and gradient at the start, and the network after some steps."""
    net = {name: leaf.clone().requires_grad_() for name, leaf in student.items()}
    optimiser = torch.optim.SGD(net.values(), lr=1.0, momentum=MOMENTUM, weight_decay=DECAY)
    found: dict[str, np.ndarray] = {}
    for rate in RATES:
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        losses = objective(net)
        losses.mean().backward()
        if not found:
            gradient = {name: net[name].grad.clone() for name in NAMES}
            found = {"loss": losses.detach().numpy(), "gradient": flat(gradient)}
        optimiser.step()
        if clip:
            with torch.no_grad():
                net["w2"].clamp_(min=0)
    return found | {"after": flat(net)}


def main() -> None:
    rng = np.random.default_rng(5)

    def network() -> Net:
        shapes = {"w1": (4, HIDDEN), "b1": HIDDEN, "w2": (HIDDEN, CLASSES), "b2": CLASSES}
        # As float32 has them, so that both sides start from the same numbers.
        return {
            name: torch.tensor(rng.normal(0, 0.8, shape).astype(np.float32), dtype=torch.float64)
            for name, shape in shapes.items()
        }

    def images(number: int) -> np.ndarray:
        return rng.integers(0, 256, (number, 2, 2, 1), np.uint8)

    nets = {name: network() for name in ("student", "teacher", "anchor0", "anchor1")}
    student, teacher = nets["student"], nets["teacher"]
    inputs: dict[str, Any] = {
        "image": images(12),
        "label": np.array([2, 3, 3, 2, 2, 3, 2, 2, 0, 1, 1, 0]),
        "kept": rng.normal(0, 1, (4, CLASSES)).astype(np.float32),
        "first_image": images(24),
        "first_label": np.tile([0, 1], 12),
        "last_image": images(8),
        "last_label": np.tile([4, 5], 4),
    }
    inputs |= {name: flat(net) for name, net in nets.items()}
    x, label = pixels(inputs["image"]), torch.tensor(inputs["label"])
    first, first_label = pixels(inputs["first_image"]), torch.tensor(inputs["first_label"])
    last, last_label = pixels(inputs["last_image"]), torch.tensor(inputs["last_label"])
    kept = torch.tensor(inputs["kept"], dtype=torch.float64)
    of_first = fisher(nets["anchor0"], first, first_label, 2)
    of_second = fisher(nets["anchor1"], x[:8], label[:8], 4)
    held = [(of_first, nets["anchor0"]), (of_second, nets["anchor1"])]
    results = {
        "icarl": trained(student, lambda net: icarl(net, teacher, x, label)),
        "der_pp": trained(student, lambda net: der_pp(net, kept, x, label)),
        "wa": trained(student, lambda net: wa(net, teacher, x, label), clip=True),
        "lwf": trained(student, lambda net: lwf(net, teacher, x[:8], label[:8], 2)),
        "lwf_seen": trained(student, lambda net: lwf(net, teacher, x[:8], label[:8], 0)),
        "ewc": trained(student, lambda net: ewc(net, held, last, last_label)),
    }
    expected: dict[str, Any] = {
        f"{method}_{name}": array
        for method, each in results.items()
        for name, array in each.items()
    }
    expected["wa_aligned"] = aligned(results["wa"]["after"])
    fishers = (of_first, of_second, *true_fisher(nets["anchor0"], first, 2))
    names = ("fisher0", "fisher1", "true_fisher", "true_variance")
    expected |= {name: flat(one) for name, one in zip(names, fishers, strict=True)}
    phi = of_length_one(features(student, first))
    herded = [herd(phi[y::2], PER_CLASS) for y in range(2)]
    # Class y has the images y, y + 2, ...
    means = torch.stack([phi[y::2][chosen].mean(0) for y, chosen in enumerate(herded)])
    away = ((phi[:, None] - of_length_one(means)[None]) ** 2).sum(2)
    expected |= {"herded": np.array(herded), "minus_distances": -away}
    arrays: dict[str, Any] = {
        name: np.asarray(array) for name, array in (inputs | expected).items()
    }
    for name, array in arrays.items():
        if array.dtype == np.float64:
            arrays[name] = array.astype(np.float32)
    path = pathlib.Path(__file__).with_name("rivals.npz")
    np.savez_compressed(path, version=np.array(f"torch {torch.__version__}"), **arrays)


if __name__ == "__main__":
    main()
