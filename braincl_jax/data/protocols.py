"""Protocols as data: which classes a sequence has, in which order, and how many of them each task brings.

A class list is a text file with the name of a class on each line; lines that are empty or begin with # are left out.
Those in `class_lists` have names. ImageNet-100 is three different subsets of ImageNet-1K, with 7 to 9 classes in common
pairwise, and results on one do not compare with results on another:

    imagenet100_a   the first 100 of the sorted ids of the 1,000 classes: PODNet, DyTox, continuum
    imagenet100_b   np.random.seed(1993); np.random.choice(sorted ids, 100, replace=False): LUCIR, AANets, PyCIL
    imagenet100_c   the list of CMC (Tian et al. 2020), in self-supervised learning

Each is sorted here, as a folder of those classes is read; class-incremental results on A and B are of that order,
permuted with seed 1993.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from braincl_jax.config import ProtocolConfig

LISTS = Path(__file__).parent / "class_lists"
SUFFIX = ".txt"
MOST_CLASSES = 65_536
# Of names that an error tells.
MOST_TOLD = 5


def class_order(class_names: Sequence[str], classes: str, seed: int) -> np.ndarray:
    """The data set's numbers of the classes that are used, in the order in which they arrive: int64 [K].

    The permutation is `np.random.RandomState(seed).permutation(K)`, the convention of the field since iCaRL (Rebuffi et
    al. 2017), so that results compare with published ones.

    Args:
        class_names: of all classes of the data set.
        classes: as `ProtocolConfig.classes`.
        seed: of the permutation; -1 for none.

    Raises:
        ValueError: the seed is out of range, a class list cannot be read, or a class is unknown or named twice.
    """
    if not -1 <= seed < 2**32:
        raise ValueError(f"class_order_seed={seed}: need 0..{2**32 - 1}, or -1 for no shuffle.")
    chosen = chosen_classes(class_names, classes)
    if len(chosen) > MOST_CLASSES:
        raise ValueError(
            f"{len(chosen)} classes: at most {MOST_CLASSES} can be learned; choose some by protocol.classes."
        )
    return chosen if seed == -1 else chosen[np.random.RandomState(seed).permutation(len(chosen))]


def chosen_classes(class_names: Sequence[str], classes: str) -> np.ndarray:
    """The numbers of the classes that `classes` (see `ProtocolConfig`) names, in its order: int64 [K].

    Numbers of classes stand for them where no class has a number as its name.

    Raises:
        ValueError: a class list cannot be read, or a class is unknown or named twice.
    """
    if not classes.strip():
        return np.arange(len(class_names))
    number_of = {name: number for number, name in enumerate(class_names)}
    if not any(name.isdecimal() for name in class_names):
        number_of |= {str(number): number for number in range(len(class_names))}
    wanted = named_classes(classes)
    unknown = [name for name in wanted if name not in number_of]
    if unknown:
        raise ValueError(
            f"protocol.classes={_short(classes)}: the data set has no class {_some(unknown)}; it has "
            f"{_some(class_names)}. Need names or numbers of its classes, a class list ({', '.join(list_names())}), or "
            f"a file NAME{SUFFIX}."
        )
    _require_one_each(f"protocol.classes={_short(classes)}", class_names, wanted)
    chosen = np.array([number_of[name] for name in wanted], np.int64)
    if len(np.unique(chosen)) < len(chosen):
        raise ValueError(
            f"protocol.classes={_short(classes)}: a class is there by its name and its number; need each class once."
        )
    return chosen


def named_classes(classes: str) -> tuple[str, ...]:
    """The names that `ProtocolConfig.classes` stands for: of a class list, of a file, or those it consists of.

    Raises:
        ValueError: a file cannot be read, or has no names.
    """
    text = classes.strip()
    if text in list_names():
        return read_class_list(LISTS / (text + SUFFIX))
    if text.endswith(SUFFIX):
        return read_class_list(Path(text))
    return tuple(name.strip() for name in text.split(","))


def list_names() -> tuple[str, ...]:
    """The class lists that have names, sorted."""
    return tuple(sorted(path.stem for path in LISTS.glob("*" + SUFFIX)))


def read_class_list(path: Path) -> tuple[str, ...]:
    """The names in the file of a class list.

    Raises:
        ValueError: it cannot be read as text, or has no names.
    """
    need = "need a text file with the name of a class on each line"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"protocol.classes={path}: cannot be read ({error}); {need}.") from error
    names = [line.strip() for line in lines if not line.startswith("#")]
    names = tuple(name for name in names if name)
    if not names:
        raise ValueError(f"protocol.classes={path}: has no names; {need}.")
    return names


def counts_of_tasks(
    num_classes: int, num_tasks: int, classes_per_task: int, protocol: ProtocolConfig
) -> tuple[int, ...]:
    """How many classes each task brings, T numbers of 1 or more; what is left at the end of the order is not used.

    Args:
        num_classes: that there are.
        num_tasks: T.
        classes_per_task: of each task, or of each but the first one; 0 shares out all.
        protocol: for `first_task_classes` and `classes_of_tasks`.

    Raises:
        ValueError: the classes cannot be shared out so.
    """
    first, given = protocol.first_task_classes, protocol.classes_of_tasks
    if not 1 <= num_tasks <= num_classes:
        raise ValueError(f"num_tasks={num_tasks}: need 1..{num_classes}, one class a task or more.")
    if given:
        return _checked_counts(given, num_classes, num_tasks, classes_per_task)
    if first > num_classes - num_tasks + 1:
        raise ValueError(
            f"protocol.first_task_classes={first}: {num_tasks} tasks share {num_classes} classes; need "
            f"1..{num_classes - num_tasks + 1}, so that every later task has one, or 0."
        )
    ahead = (first,) if first else ()
    later = num_tasks - len(ahead)
    return (
        *ahead,
        *(_share(num_classes - first, later, classes_per_task, len(ahead)) if later else ()),
    )


def _share(rest: int, number: int, each: int, ahead: int) -> tuple[int, ...]:
    """`rest` classes among `number` tasks, behind `ahead` others, `each` of them or all in equal parts."""
    most, where = rest // number, " after the first task" if ahead else ""
    if not 0 <= each <= most:
        raise ValueError(
            f"classes_per_task={each}: {number} tasks share {rest} classes{where}; need 1..{most}, or 0 to share out "
            "all."
        )
    if each == 0 and rest % number:
        possible = [n + ahead for n in range(1, rest + 1) if rest % n == 0]
        raise ValueError(
            f"num_tasks={number + ahead}: {rest} classes{where} cannot be shared out in equal parts; need one of "
            f"{possible}, or classes_per_task in 1..{most}."
        )
    return number * (each or most,)


def _checked_counts(
    given: tuple[int, ...], num_classes: int, num_tasks: int, classes_per_task: int
) -> tuple[int, ...]:
    name = f"protocol.classes_of_tasks={given}"
    if len(given) != num_tasks:
        raise ValueError(
            f"{name} is of {len(given)} tasks, but num_tasks={num_tasks}; need a number for each."
        )
    if sum(given) > num_classes:
        raise ValueError(
            f"{name} are {sum(given)} classes; need at most the {num_classes} there are."
        )
    if classes_per_task:
        raise ValueError(
            f"classes_per_task={classes_per_task} is impossible beside {name}; need 0, for it says so of each task."
        )
    return given


def _require_one_each(what: str, class_names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raises ValueError for names that are there twice, or that several classes have."""
    twice = [name for name, times in Counter(wanted).items() if times > 1]
    if twice:
        raise ValueError(f"{what}: {_some(twice)} is there more than once; need each class once.")
    known = Counter(class_names)
    several = [name for name in wanted if known[name] > 1]
    if several:
        raise ValueError(f"{what}: several classes have the name {_some(several)}; need numbers.")


def _some(names: Sequence[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > MOST_TOLD else ""
    return ", ".join(map(repr, names[:MOST_TOLD])) + more


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "...")
