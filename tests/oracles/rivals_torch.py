# pyright: reportMissingImports=false
"""Published methods in PyTorch, in the setting of `rivals_config.py`, without anything of this project but its images.

    python3 -m venv oracle && oracle/bin/pip install torch==2.13.0 numpy
    oracle/bin/python tests/oracles/rivals_torch.py braincl_jax/data/embedded/fashion_mnist_mini.npz

It is run by hand, and not in tests. It prints, for each method, final and average incremental accuracy by seed, of
which there are three, or as many as a number behind the file says. Losses are written from the papers, as those of
`make_rivals.py`. What is the same on both sides: data, order of classes, network and the distribution of its initial
weights, steps, batch size, learning rates, momentum, weight decay, number of exemplars, classes drawn equally often.
What is not: random numbers; and here each image of a batch draws a class by itself, where the project draws groups of
eight from one task, and classes within it in equal shares.
"""

import copy
import math
import sys
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax, normalize, softmax

TASKS, CLASSES, WIDTH = 5, 10, 64
STEPS, BATCH, PEAK, LAST, WARMUP = 150, 64, 0.05, 1e-3, 15
CAPACITY, CAPACITY_DER, TEMPERATURE = 200, 195, 2.0
STRENGTH, FISHER_IMAGES = 30.0, 1024
Data = dict[str, torch.Tensor]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(784, WIDTH), nn.Linear(WIDTH, CLASSES)
        for layer in (self.body, self.head):
            # LeCun's normal distribution, cut at two standard deviations and scaled back.
            spread = 1 / math.sqrt(layer.in_features) / 0.87962566
            nn.init.trunc_normal_(layer.weight, std=spread, a=-2 * spread, b=2 * spread)
            nn.init.zeros_(layer.bias)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x))


class Learner:
    """Fine-tuning; others change the loss, what is replayed, and what is done after a night."""

    capacity = 0

    def __init__(self, data: Data, rng: np.random.Generator) -> None:
        self.data, self.rng, self.net = data, rng, Net()
        self.old: Net | None = None
        # Rows of the training images, by class.
        self.memory: dict[int, list[int]] = {}

    def loss(self, rows: torch.Tensor, task: int) -> torch.Tensor:
        logits = self.net(self.data["x"][rows])[:, : 2 * task + 2]
        return cross_entropy(logits, self.data["y"][rows])

    def taught(self, rows: torch.Tensor) -> torch.Tensor:
        assert self.old is not None
        with torch.no_grad():
            return self.old(self.data["x"][rows])

    def rows_of(self, task: int) -> list[np.ndarray]:
        """What may be drawn in a night, by class."""
        new = [np.flatnonzero(self.data["y"].numpy() == y) for y in (2 * task, 2 * task + 1)]
        return [np.array(self.memory[y]) for y in sorted(self.memory)] + new

    def night(self, task: int) -> None:
        pools = self.rows_of(task)
        optimiser = torch.optim.SGD(self.net.parameters(), lr=1.0, momentum=0.9, weight_decay=5e-4)
        for step in range(1, STEPS + 1):
            done = (step - WARMUP) / (STEPS - WARMUP)
            cosine = LAST + (PEAK - LAST) * (1 + math.cos(math.pi * max(done, 0))) / 2
            optimiser.param_groups[0]["lr"] = PEAK * step / WARMUP if step < WARMUP else cosine
            classes = self.rng.integers(len(pools), size=BATCH)
            rows = torch.tensor([int(self.rng.choice(pools[y])) for y in classes])
            optimiser.zero_grad()
            self.loss(rows, task).backward()
            optimiser.step()
            self.after_step()

    def after_step(self) -> None:
        pass

    def after_night(self, task: int) -> None:
        if self.capacity:
            self.remember(task)
        self.old = copy.deepcopy(self.net)

    def remember(self, task: int) -> None:
        each, more = divmod(self.capacity, 2 * task + 2)
        for y in range(2 * task + 2):
            number = each + (y < more)
            if y not in self.memory:
                self.memory[y] = self.chosen(y, number)
            self.memory[y] = self.memory[y][:number]

    def chosen(self, y: int, number: int) -> list[int]:
        rows = np.flatnonzero(self.data["y"].numpy() == y)
        return self.rng.permutation(rows)[:number].tolist()

    def predict(self, x: torch.Tensor, seen: int) -> torch.Tensor:
        return self.net(x)[:, :seen].argmax(1)


class LwF(Learner):
    def loss(self, rows: torch.Tensor, task: int) -> torch.Tensor:
        logits, first = self.net(self.data["x"][rows]), 2 * task
        new = cross_entropy(logits[:, first : first + 2], self.data["y"][rows] - first)
        if not task:
            return new
        wanted = softmax(self.taught(rows)[:, :first] / TEMPERATURE, 1)
        return new - (wanted * log_softmax(logits[:, :first] / TEMPERATURE, 1)).sum(1).mean()


class EWC(Learner):
    def __init__(self, data: Data, rng: np.random.Generator) -> None:
        super().__init__(data, rng)
        self.held: list[tuple[list[torch.Tensor], list[torch.Tensor]]] = []

    def loss(self, rows: torch.Tensor, task: int) -> torch.Tensor:
        loss = super().loss(rows, task)
        for fisher, anchor in self.held:
            for f, a, p in zip(fisher, anchor, self.net.parameters(), strict=True):
                loss = loss + STRENGTH / 2 * (f * (p - a) ** 2).sum()
        return loss

    def after_night(self, task: int) -> None:
        rows = self.rng.permutation(np.concatenate(self.rows_of(task)))
        rows = np.resize(rows, FISHER_IMAGES)
        params = list(self.net.parameters())
        fisher = [torch.zeros_like(p) for p in params]
        for row in rows.tolist():
            log_p = log_softmax(self.net(self.data["x"][row])[: 2 * task + 2], 0)
            y = int(torch.multinomial(log_p.detach().exp(), 1))
            for total, g in zip(fisher, torch.autograd.grad(log_p[y], params), strict=True):
                total += g**2 / len(rows)
        self.held.append((fisher, [p.detach().clone() for p in params]))


class ICaRL(Learner):
    capacity = CAPACITY

    def loss(self, rows: torch.Tensor, task: int) -> torch.Tensor:
        seen, first = 2 * task + 2, 2 * task
        g = torch.sigmoid(self.net(self.data["x"][rows])[:, :seen])
        wanted = nn.functional.one_hot(self.data["y"][rows], CLASSES)[:, :seen].float()
        if task:
            wanted[:, :first] = torch.sigmoid(self.taught(rows)[:, :first])
        return nn.functional.binary_cross_entropy(g, wanted, reduction="none").sum(1).mean()

    def unit(self, rows: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            return normalize(self.net.features(self.data["x"][torch.tensor(rows)]))

    def chosen(self, y: int, number: int) -> list[int]:
        rows = np.flatnonzero(self.data["y"].numpy() == y)
        phi, free = self.unit(rows), torch.ones(len(rows), dtype=torch.bool)
        chosen, so_far = [], torch.zeros(WIDTH)
        for k in range(1, number + 1):
            off = (phi.mean(0) - (so_far + phi) / k).norm(dim=1)
            best = int(off.masked_fill(~free, torch.inf).argmin())
            chosen.append(int(rows[best]))
            so_far, free[best] = so_far + phi[best], False
        return chosen

    def predict(self, x: torch.Tensor, seen: int) -> torch.Tensor:
        means = [self.unit(np.array(self.memory[y])).mean(0) for y in range(seen)]
        phi = normalize(self.net.features(x))
        return torch.cdist(phi, normalize(torch.stack(means))).argmin(1)


class WA(Learner):
    capacity = CAPACITY

    def loss(self, rows: torch.Tensor, task: int) -> torch.Tensor:
        new = super().loss(rows, task)
        if not task:
            return new
        first, share = 2 * task, task / (task + 1)
        wanted = softmax(self.taught(rows)[:, :first] / TEMPERATURE, 1)
        logits = self.net(self.data["x"][rows])[:, :first]
        old = -(wanted * log_softmax(logits / TEMPERATURE, 1)).sum(1).mean()
        return (1 - share) * new + share * old

    def after_step(self) -> None:
        self.net.head.weight.data.clamp_(min=0)

    def after_night(self, task: int) -> None:
        if task:
            weight, first = self.net.head.weight.data, 2 * task
            norm = weight.norm(dim=1)
            weight[first : first + 2] *= norm[:first].mean() / norm[first : first + 2].mean()
        super().after_night(task)


class DERpp(Learner):
    capacity = CAPACITY_DER

    def __init__(self, data: Data, rng: np.random.Generator) -> None:
        super().__init__(data, rng)
        # Of each image, the classes that were known when its logits were kept, and they.
        self.known = torch.zeros(len(data["x"]), CLASSES)
        self.logits = torch.zeros(len(data["x"]), CLASSES)

    def loss(self, rows: torch.Tensor, task: int) -> torch.Tensor:
        logits = self.net(self.data["x"][rows])
        entropy = cross_entropy(logits[:, : 2 * task + 2], self.data["y"][rows], reduction="none")
        is_old, known = self.data["y"][rows] < 2 * task, self.known[rows]
        squared = ((logits - self.logits[rows]) ** 2 * known).sum(1) / known.sum(1).clamp(min=1)
        return torch.where(is_old, 0.1 * squared + 0.5 * entropy, entropy).mean()

    def after_night(self, task: int) -> None:
        super().after_night(task)
        for y in (2 * task, 2 * task + 1):
            rows = torch.tensor(self.memory[y])
            self.known[rows, : 2 * task + 2] = 1
            self.logits[rows] = self.taught(rows).half().float()


METHODS: dict[str, Callable[[Data, np.random.Generator], Learner]] = {
    "finetune": Learner,
    "lwf": LwF,
    "ewc": EWC,
    "icarl": ICaRL,
    "wa": WA,
    "der_pp": DERpp,
}


def accuracies(learner: Learner, test: Data) -> list[float]:
    """Over all classes seen, after each task."""
    found = []
    for task in range(TASKS):
        learner.night(task)
        learner.after_night(task)
        there = test["y"] < 2 * task + 2
        with torch.no_grad():
            said = learner.predict(test["x"][there], 2 * task + 2)
        found.append(float((said == test["y"][there]).float().mean()))
    return found


def main() -> None:
    with np.load(sys.argv[1]) as file:
        train, test = (
            {
                "x": torch.tensor(file[f"x_{part}"].reshape(-1, 784) / 127.5 - 1).float(),
                "y": torch.tensor(file[f"y_{part}"]),
            }
            for part in ("train", "test")
        )
    for name, method in METHODS.items():
        each = []
        for seed in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3):
            torch.manual_seed(seed)
            each.append(accuracies(method(train, np.random.default_rng(seed)), test))
        final, mean = (100 * np.array([one(a) for a in each]) for one in (lambda a: a[-1], np.mean))
        print(f"{name:9} final {final.round(2)} {final.mean():.2f} +- {final.std(ddof=1):.2f}")
        print(
            f"{'':9} average {mean.round(2)} {mean.mean():.2f} +- {mean.std(ddof=1):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
