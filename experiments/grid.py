"""The grid of a comparison: which runs it has, where each lies, and which of them are done."""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.registry import METHODS
from braincl_jax.runtime.devices import require_even_batches
from braincl_jax.runtime.folder import holds_run
from braincl_jax.runtime.identify import identify
from braincl_jax.runtime.provenance import code_digest
from braincl_jax.runtime.record import Record
from braincl_jax.runtime.resume import check_same_run, finished_summary
from braincl_jax.runtime.stages import build_evaluators, require_demands
from experiments.arguments import read_config
from experiments.packaged import in_folder_names
from experiments.streams import stream_of

FINISHED, BEGUN, TO_DO = "finished", "begun", "to do"


class Variant(NamedTuple):
    """What a comparison calls `name`: the shared config with further flags of `experiments.launch`."""

    name: str
    flags: tuple[str, ...]


class Run(NamedTuple):
    """A run of a comparison.

    Attributes:
        name: of its variant.
        condition: what it shares with runs of other variants, such as a budget: settings in words, or none.
        seed: its seed.
        arguments: of `experiments.launch`, but for the folder.
        folder: where it is; of runs with other settings, data, plugins or code it is another.
        record: its identity.
    """

    name: str
    condition: str
    seed: int
    arguments: tuple[str, ...]
    folder: Path
    record: Record

    @property
    def label(self) -> str:
        """Variant and condition."""
        return f"{self.name}, {self.condition}" if self.condition else self.name

    @property
    def summary(self) -> dict[str, Any] | None:
        """Its summary under the name of its variant, once it is finished."""
        summary = finished_summary(self.folder)
        return None if summary is None else summary | {"method": self.name}

    @property
    def progress(self) -> str:
        """One of FINISHED, BEGUN, TO_DO."""
        if not self.folder.exists() or not holds_run(self.folder):
            return TO_DO
        return BEGUN if self.summary is None else FINISHED


def plan_grid(
    variants: Sequence[Variant],
    seeds: Sequence[int],
    *,
    config: str,
    common: Sequence[str],
    workdir: Path,
    conditions: Sequence[Mapping[str, str]] = ({},),
) -> list[Run]:
    """All runs of a comparison, variant by variant; each is checked as far as that goes without training.

    A variant that sets what a condition would set keeps its own, and has a run for that once.

    Args:
        variants: with names of their own.
        seeds: each once.
        config: the config file that all share.
        common: flags that all share.
        workdir: gets a folder for each run.
        conditions: settings under each of which all variants are run; see `cross`.

    Raises:
        ValueError: a name or seed comes twice, a variant has an impossible setting or budget, or batches that its
            devices cannot share, an evaluator lacks something, variants learn other tasks, or a folder holds what is
            not its run.
    """
    _require_once("--variant", [variant.name for variant in variants])
    _require_once("--seeds", seeds)
    shared = [f"--config={config}", *common]
    runs = []
    for variant in variants:
        known: dict[Path, Run] = {}
        for condition, seed in itertools.product(conditions, seeds):
            own = [f"--config.{name}={value}" for name, value in condition.items()]
            arguments = (*shared, *own, *variant.flags, f"--config.seed={seed}")
            try:
                settings = read_config(arguments)
                if "budget_bytes" in condition and settings.bytes_per_class:
                    raise ValueError(
                        f"--budget_bytes={condition['budget_bytes']} would change nothing, since "
                        f"bytes_per_class={settings.bytes_per_class} says what the memory may weigh; set it to 0"
                    )
                *_, record = identify(settings, stream_of(settings))
                evaluators = build_evaluators(settings.evaluators).values()
                require_demands(evaluators, settings, stream_of(settings))
                require_even_batches(settings, settings.num_devices or 1)
                folder = workdir / _folder_name(config, record)
                check_same_run(folder, record, None)
            except ValueError as error:
                raise ValueError(f"variant {variant.name!r}, seed {seed}: {error}") from error
            words = ", ".join(_in_words(name, getattr(settings, name)) for name in condition)
            known.setdefault(folder, Run(variant.name, words, seed, arguments, folder, record))
        runs += known.values()
    for run in runs:
        if run.record.data != runs[0].record.data:
            raise ValueError(
                f"variant {run.name!r} learns other tasks or images than {runs[0].name!r}: a comparison is of the same "
                "data set, split and class order"
            )
    return runs


def cross(**values: Sequence[str]) -> list[dict[str, str]]:
    """Every value of each setting with every value of the others; a setting without values is left as it is.

    cross(budget_bytes=["1", "2"], max_flops=[]) -> [{"budget_bytes": "1"}, {"budget_bytes": "2"}].

    Raises:
        ValueError: a value comes twice.
    """
    for name, several in values.items():
        _require_once(f"--{name}", several)
    named = [[(name, value) for value in several] for name, several in values.items() if several]
    return [dict(one) for one in itertools.product(*named)]


def parse_variant(text: str) -> Variant:
    """'NAME:a=1,b=2' -> NAME and its launch flags; a bare NAME is a method.

    Raises:
        ValueError: neither a method nor settings.
    """
    name, _, settings = text.partition(":")
    if not settings:
        if name not in METHODS.names():
            raise ValueError(
                f"variant {text!r} is neither a method ({', '.join(METHODS.names())}) nor NAME:KEY=VALUE"
            )
        return Variant(name, (f"--config.method={name}",))
    pairs = split_settings(settings)
    for pair in pairs:
        if pair.partition("=")[0] == "seed":
            raise ValueError(
                f"variant {text!r} sets {pair}: every variant has every seed; give --seeds"
            )
    if not name or not all("=" in pair for pair in pairs):
        raise ValueError(
            f"variant {text!r} must be NAME:KEY=VALUE, further settings separated by commas"
        )
    return Variant(name, tuple(f"--config.{pair}" for pair in pairs))


def parse_seeds(texts: Sequence[str]) -> list[int]:
    """['0', '1'] -> [0, 1].

    Raises:
        ValueError: one is no number, or there is none.
    """
    wrong = [text for text in texts if not text.strip().isdecimal()]
    if wrong or not texts:
        raise ValueError(
            f"--seeds={','.join(texts)} must be whole numbers from 0, separated by commas"
        )
    return [int(text) for text in texts]


def split_settings(text: str) -> list[str]:
    """'a=1,b=part(x=2, y=3)' -> ['a=1', 'b=part(x=2, y=3)']: commas inside brackets belong to a value."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def expected_seconds(runs: Sequence[Run], jobs: int = 1) -> float | None:
    """How long the runs that are not finished will take, `jobs` at a time, by those that are; None where none is.

    A run is expected to take as long as others of its variant, or else as the mean of all; what a run that has begun
    has behind it is not taken off.
    """
    took: dict[str, list[float]] = {}
    for run in runs:
        summary = run.summary
        if summary is not None:
            took.setdefault(run.label, []).append(_seconds(summary))
    if not took:
        return None
    known = [seconds for several in took.values() for seconds in several]
    left = [took.get(run.label, known) for run in runs if run.progress != FINISHED]
    return sum(sum(several) / len(several) for several in left) / jobs


def _seconds(summary: Mapping[str, Any]) -> float:
    return sum((summary.get("wall_seconds") or {}).values())


def _folder_name(config: str, record: Record) -> str:
    key = hashlib.sha256(f"{record.digest} {code_digest()}".encode()).hexdigest()[:10]
    method = record.config.method.partition("(")[0]
    return f"{in_folder_names(config)}-{method}-seed{record.config.seed}-{key}"


def _in_words(name: str, value: float) -> str:
    return f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"


def _require_once(flag: str, values: Sequence[Any]) -> None:
    twice = sorted({str(value) for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{flag}: {', '.join(twice)} is there more than once")
