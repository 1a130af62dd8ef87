"""Random edits of a memory file: what says something else must be refused.

Command:   python -m experiments.benchmarks.header_edits --edits=2000
Takes:     a minute and a half on one CPU core beside other work.
Expect:    no error but those that name what is wrong, and less than 1 GB of memory.

Fields of the header, bytes, members and arrays of a file are edited at random, also with hashes that fit the edit. A
file must be refused by an error that says so, or say what the original says; one whose hashes were made to fit may say
something else, if that can be. Prints how many were accepted and refused, and the most memory that the process took.
"""

import hashlib
import io
import json
import random
import resource
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from braincl_jax.memory.block.integrity import CorruptMemoryError
from braincl_jax.memory.exchange import Imported, import_memory
from experiments.benchmarks import harness
from experiments.benchmarks.launched import ROOT

MEMORY = ROOT / "tests/golden/memory.npz"
Members = dict[str, bytes]
VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2, 3, 7, 30, 255, 256, 65_536, 2**31, 2**63, 10**12, 10**30, 10**4000),
    *(
        0.5,
        1.0,
        1e300,
        float("nan"),
        float("inf"),
        True,
        False,
        None,
        "",
        "int8",
        "codec",
        "nothing",
    ),
    *([], [0], [1, 2, 3], [10**9] * 3, {}, {"a": 1}, [[[[]]]]),
)
DTYPES = ("|u1", "<u2", ">u2", "<i4", "<u4", "<f8", "<U5", "|V2", "|O")


def members_of(whole: bytes) -> Members:
    """The members of an .npz file, by name."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    """An .npz file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def array_of(content: bytes) -> np.ndarray:
    """The array of an .npy file."""
    return np.load(io.BytesIO(content), allow_pickle=False)


def npy(array: np.ndarray) -> bytes:
    """An .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def with_header(members: Members, header: Any, sealed: bool) -> Members:
    """The members with another header, and, if `sealed`, hashes that fit everything as it is."""
    if sealed and isinstance(header, dict):
        arrays = {
            name.removesuffix(".npy"): array_of(content)
            for name, content in members.items()
            if not name.startswith("header")
        }
        hashes = {
            name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()
        }
        header = header | {"sha256": hashes}
    text = json.dumps(header).encode()
    members = members | {"header.npy": npy(np.frombuffer(text, np.uint8))}
    if sealed:
        digest = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
        members["header_sha256.npy"] = npy(digest)
    return members


def header_of(members: Members) -> dict[str, Any]:
    """The header of a memory file."""
    return json.loads(array_of(members["header.npy"]).tobytes())


def edit_field(rng: random.Random, value: Any) -> Any:
    """The value with something in it changed, added or left out."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(sorted(value))
        change = rng.random()
        if change < 0.1:
            return {key: one for key, one in value.items() if key != name}
        if change < 0.2:
            return value | {name + "_": value[name]}
        return value | {name: edit_field(rng, value[name])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        return [*value[:place], edit_field(rng, value[place]), *value[place + 1 :]]
    if type(value) is int and rng.random() < 0.5:
        return value + rng.choice((-1, 1, 2, 100, -100))
    return rng.choice(VALUES)


def edit_header(rng: random.Random, whole: bytes) -> bytes:
    """A header that says something else, while hashes stay."""
    members = members_of(whole)
    return packed(with_header(members, edit_field(rng, header_of(members)), sealed=False))


def edit_header_and_seal(rng: random.Random, whole: bytes) -> bytes:
    """A header that says something else, with hashes that fit it."""
    members = members_of(whole)
    return packed(with_header(members, edit_field(rng, header_of(members)), sealed=True))


def edit_bytes(rng: random.Random, whole: bytes) -> bytes:
    """Some bytes changed, left out or put in, anywhere in the file."""
    edited = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 10))):
        place = rng.randrange(len(edited))
        length = rng.choice((1, 1, 4, 100))
        new = bytes(rng.randrange(256) for _ in range(rng.choice((length, length, 0))))
        edited[place : place + length] = new
    return bytes(edited[: rng.choice((None, None, None, rng.randrange(len(edited))))])


def edit_members(rng: random.Random, whole: bytes) -> bytes:
    """Members left out, renamed, exchanged, damaged or packed."""
    members = members_of(whole)
    one, other = rng.sample(sorted(members), 2)
    change = rng.randrange(6)
    if change == 0:
        del members[one]
    elif change == 1:
        members[rng.choice(("words", "more.npy", "../words.npy", "words.npy"))] = members.pop(one)
    elif change == 2:
        members[one], members[other] = members[other], members[one]
    elif change == 3:
        members[one] = edit_bytes(rng, members[one])
    elif change == 4:
        members[one] = b""
    return packed(members, zipfile.ZIP_DEFLATED if change == 5 else zipfile.ZIP_STORED)


def edit_array(rng: random.Random, whole: bytes) -> bytes:
    """An array whose own header says something else, or with other numbers, with or without hashes that fit."""
    members = members_of(whole)
    name = rng.choice(("words.npy", "task_counts.npy", "num_records.npy", "check.npy"))
    array = array_of(members[name])
    if rng.random() < 0.5:
        shape = rng.choice(
            ((), (0,), (3,), (10**12,), (2, 2), (-1,), (1,) * 40, tuple(array.shape))
        )
        said = {"descr": rng.choice(DTYPES), "fortran_order": rng.random() < 0.2, "shape": shape}
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(file, said)
        members[name] = file.getvalue() + array.tobytes()
        return packed(members)
    flat = array.reshape(-1).copy()
    flat[rng.randrange(len(flat))] = rng.choice((0, 1, 9, np.iinfo(array.dtype).max))
    members[name] = npy(flat.reshape(array.shape))
    return packed(with_header(members, header_of(members), sealed=rng.random() < 0.5))


EDITS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(edit_header, edit_header_and_seal, edit_bytes, edit_members, edit_array),
)


def says(imported: Imported) -> tuple[Any, ...]:
    """What a file says, ready to be compared."""
    memory, format = imported.memory, imported.format
    arrays = [np.asarray(leaf).tolist() for leaf in (memory.words, memory.task_counts)]
    scalars = [int(memory.num_records), int(memory.check)]
    sizes = (format.num_slots, format.num_classes, format.max_words, format.lanes)
    return (*arrays, *scalars, *sizes, imported.codec, imported.class_order)


def judge(edited: bytes, path: Path) -> tuple[Any, ...] | None:
    """What the edited file says; None where it is refused. Any other error is a fault."""
    path.write_bytes(edited)
    try:
        return says(import_memory(path))
    except (ValueError, CorruptMemoryError):
        return None


def attempt(rng: random.Random, whole: bytes, original: tuple[Any, ...], path: Path) -> str:
    """Edits once; tells whether the file was "refused", or accepted: "unchanged", or "sealed" for what it says.

    Raises:
        RuntimeError: something else was accepted although hashes did not fit it.
    """
    edit = rng.choice(EDITS)
    found = judge(edit(rng, whole), path)
    if found is None or found == original:
        return "refused" if found is None else "accepted, unchanged"
    if edit not in (edit_header_and_seal, edit_array):
        raise RuntimeError(f"{edit.__name__} was accepted and says something else: {path}")
    return "accepted, sealed anew"


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("header_edits", __doc__, settings=False)
    line.add_argument("--memory", type=Path, default=MEMORY, help="memory.npz to edit copies of")
    line.add_argument("--edits", type=int, default=2000, help="how many")
    line.add_argument("--seed", type=int, default=0, help="of the edits")
    asked = line.read(arguments)
    whole, rng = asked.memory.read_bytes(), random.Random(asked.seed)
    number = 20 if asked.smoke else asked.edits
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.npz"
        shutil.copy(asked.memory, path)
        original = says(import_memory(path))
        found = Counter(
            attempt(rng, whole, original, path) for _ in tqdm(range(number), unit="edit")
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    harness.show(["edits", "number"], [*sorted(found.items()), ["peak memory (MiB)", round(peak)]])
    harness.publish(asked, {"edits": dict(found), "peak_mebibytes": round(peak)})


if __name__ == "__main__":
    main()
