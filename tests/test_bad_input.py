"""A hundred bad inputs to `braincl run`: each ends it with exit code 2 and a line that names value and remedy."""

import io
import math
import multiprocessing
import os
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braincl_jax.build import build_method, build_plan, build_stream
from braincl_jax.config import from_mapping
from experiments import cli

INF, NAN = math.inf, math.nan
# What is not refused by then is being trained on.
SECONDS = 120
FILE = "npz:{folder}/data.npz"
CONFIG = """from math import inf, nan

from ml_collections import ConfigDict


def get_config():
    return ConfigDict({settings!r})
"""


def launch(arguments: list[str], stderr: Path) -> None:
    """The command itself, in a process of its own."""
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT), 2)
    sys.argv = ["braincl", *arguments]
    cli.main()


@pytest.fixture
def refusal(tmp_path) -> Callable[[dict], str]:
    """What `braincl run` says of a config of these settings: it ends with exit code 2, and has written nothing."""
    # Importing JAX takes seconds: processes are forked from one that has it, and no backend or thread yet.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["experiments.launch"])

    def run(settings: dict) -> str:
        config, workdir, stderr = (tmp_path / name for name in ("bad.py", "run", "stderr"))
        config.write_text(CONFIG.format(settings=settings))
        arguments = ["run", f"--config={config}", f"--workdir={workdir}"]
        process = context.Process(target=launch, args=(arguments, stderr))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
        *warnings, line = stderr.read_text().splitlines()
        assert process.exitcode == 2, line
        assert line.startswith("braincl: error: ")
        assert not [one for one in warnings if not one.startswith("W")]
        assert not workdir.exists()
        return line

    return run


def nested(settings: dict) -> dict:
    """{"a.b": value} -> {"a": {"b": value}}."""
    tree: dict = {}
    for name, value in settings.items():
        section, _, key = name.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[key] = value
    return tree


def all_of(*words: str) -> str:
    """A pattern of a line that holds all these words."""
    return rf"\A{''.join(f'(?=.*{re.escape(word)})' for word in words)}"


# One setting that is impossible by itself, and what is possible.
SETTINGS = [
    *[(name, 0, "between 1 and") for name in ("num_tasks", "eval_batch_size", "codec.width")],
    *[(name, 0, "between 1 and") for name in ("codec.first_steps", "codec.steps", "sleep.steps")],
    *[(name, 0, "between 1 and") for name in ("sleep.prefetch_steps", "codec.lanes_per_image")],
    ("budget_bytes", 0, "at least 1"),
    ("budget_bytes", 1e6, "type int, not float"),
    ("budget_bytes", "1MB", "type int, not str"),
    *[(name, 10**6, "and 1024") for name in ("sleep.prefetch_steps", "codec.width")],
    *[(name, 10**10, "and 1048576") for name in ("eval_batch_size", "codec.batch_size")],
    *[(name, 10**10, "and 1048576") for name in ("sleep.batch_size", "wake.batch_size")],
    *[(name, 10**12, "and 100000000") for name in ("sleep.steps", "codec.steps")],
    ("wake.epochs", 10**9, "and 100000"),
    *[(name, 10**9, "and 65536") for name in ("num_tasks", "classes_per_task", "num_devices")],
    *[(name, -1, "between 0 and 65536") for name in ("image_side", "resize_side")],
    ("decoder", "opencv", "one of pillow, simplejpeg"),
    ("unreadable", "ignore", "one of error, skip"),
    ("protocol.incremental", "tasks", "one of classes, domains"),
    ("protocol.first_task_classes", 10**9, "between 0 and 65536"),
    ("protocol.classes_of_tasks", (5, 0), "numbers between 1 and 65536"),
    ("protocol.max_per_class", -1, "at least 0"),
    ("seed", -1, "between 0 and 4294967295"),
    ("seed", 2**32, "between 0 and 4294967295"),
    ("seed", 2**63, "between 0 and 4294967295"),
    ("class_order_seed", 2**32, "between -1 and 4294967295"),
    ("validation_fraction", 0.6, "between 0 and 0.5"),
    ("validation_fraction", NAN, "between 0 and 0.5"),
    ("codec.num_stages", 12, "between 1 and 8"),
    ("codec.num_stages", 0, "between 1 and 8"),
    ("codec.latent_channels", 10**6, "between 0 and 4096"),
    ("codec.lanes_per_image", 65, "between 1 and 64"),
    *[(f"{part}.learning_rate", INF, "finite") for part in ("codec", "wake", "sleep")],
    *[(f"{part}.learning_rate", NAN, "finite") for part in ("codec", "wake", "sleep")],
    ("codec.clip_norm", INF, "finite"),
    *[(f"sleep.{name}", INF, "finite") for name in ("weight_decay", "final_learning_rate")],
    ("sleep.momentum", 1.0, "at least 0 and below 1"),
    ("sleep.slow_decay", NAN, "at least 0 and below 1"),
    ("sleep.num_groups", 3, "a divisor of sleep.batch_size=64"),
    ("sleep.accumulate", 3, "a divisor of sleep.num_groups=8"),
    ("codec.storage", "int4", "int8, bfloat16"),
    ("codec.shared", "everything", "nothing, trunk, decoder, codec, all"),
    ("codec.density", "learned", "trained, fixed"),
    ("codec.warm_start", 1, "type bool, not int"),
    ("method", "brian", "braincl"),
    ("network", "resnet", "resnet8"),
    ("evaluators", ["f1"], "accuracy"),
    ("evaluators", "accuracy", "must be a tuple"),
    ("evaluators", ["out_of_distribution"], "name at least one"),
    ("sleep.sampler", "random", "class_balanced"),
    ("codec.recall_error", "mse", "squared_error"),
    ("budget_policy", "greedy", "open_ended"),
    ("plugins", ["no_such_module"], "must be importable from here"),
    ("codec", 3, "settings of its own"),
    ("sleep.step", 3, "did you mean sleep.steps?"),
]


@pytest.mark.parametrize(("name", "value", "remedy"), SETTINGS, ids=str)
def test_a_setting_that_is_impossible_by_itself(name, value, remedy, refusal):
    shown = value[0] if isinstance(value, list) else value
    assert re.search(all_of(name, str(shown), remedy), refusal(nested({name: value})))


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("network", "resnet8(width=0)", "resnet8.width=0"),
        ("network", "resnet8(width=10000)", "between 1 and 1024"),
        ("network", "resnet8(64)", "must be NAME or NAME(setting=value, ...)"),
        ("network", "resnet8(width=", "must be NAME or NAME(setting=value, ...)"),
        ("network", "resnet18(dtype='float16')", "float32, bfloat16"),
        ("sleep.augmentation", "crop_flip_noise(crop_padding=1000)", "between 0 and 256"),
        ("sleep.augmentation", "crop_flip_noise(noise=inf)", "must be NAME or NAME(setting=value"),
        ("sleep.augmentation", "crop_flip_noise(noise=1e999)", "between 0 and 255"),
        ("sleep.augmentation", "crop_flip_noise(flip=2)", "must be of type bool"),
        ("sleep.sampler", "by_need(exponent=2)", "between 0 and 1"),
    ],
)
def test_a_setting_of_a_part_that_is_impossible(name, text, remedy, refusal):
    assert re.search(all_of(name, remedy), refusal(nested({name: text})))


# Settings that do not fit 5,000 images of 28x28 in 10 classes.
UNFIT = [
    ({"num_tasks": 11}, ("num_tasks=11", "need 1..10")),
    ({"num_tasks": 3}, ("num_tasks=3", "need one of [1, 2, 5, 10]", "classes_per_task in 1..3")),
    ({"classes_per_task": 3}, ("classes_per_task=3", "need 1..2")),
    ({"protocol.first_task_classes": 7}, ("protocol.first_task_classes=7", "need 1..6")),
    ({"protocol.classes_of_tasks": (5, 5)}, ("protocol.classes_of_tasks=(5, 5)", "num_tasks=5")),
    ({"protocol.classes": "3, hat"}, ("no class 'hat'", "imagenet100_a")),
    ({"protocol.classes": "none.txt"}, ("protocol.classes=none.txt", "a class on each line")),
    ({"protocol.incremental": "domains"}, ("tells no domains", "protocol.incremental=classes")),
    ({"image_side": 29}, ("image_side=29", "28x28", "not be smaller")),
    (
        {"image_side": 20, "resize_side": 16},
        ("image_side=20", "resize_side=16", "must be at most that"),
    ),
    (
        {"budget_bytes": 100},
        ("budget_bytes=100", "too small", "Raise it", "to at least"),
    ),
    (
        {"budget_bytes": 2**31},
        ("budget_bytes=2147483648", "3920000 bytes raw", "at most 268435456"),
    ),
    ({"bytes_per_class": 2**30}, ("bytes_per_class=1073741824", "at most 268435456")),
    (
        {"method": "replay_raw", "budget_bytes": 800},
        ("budget_bytes=800", "raise it (or bytes_per_class) to at least"),
    ),
    ({"eval_batch_size": 10**6}, ("eval_batch_size=1000000", "5000 training", "at most 5000")),
    ({"codec.batch_size": 6000}, ("codec.batch_size=6000", "at most 5000")),
    ({"wake.batch_size": 10**5}, ("wake.batch_size=100000", "at most 5000")),
    ({"sleep.batch_size": 8000}, ("sleep.batch_size=8000", "at most 5000")),
    (
        {"sleep.prefetch_steps": 1024, "sleep.batch_size": 4096},
        ("sleep.prefetch_steps=1024", "4096 cues of 7x7x9", "at most 148"),
    ),
    ({"codec.num_stages": 6}, ("codec.num_stages=6", "28x28x1", "at most 5")),
    (
        {"codec.latent_channels": 4000},
        ("codec.latent_channels=4000", "budget_bytes=392000", "raise the budget"),
    ),
    ({"codec.latent_channels": 300}, ("budget_bytes=392000", "codec.latent_channels")),
    (
        {"codec.width": 1024, "codec.shared": "nothing"},
        ("budget_bytes=392000", "make the decoder lighter (codec.width"),
    ),
    ({"codec.lanes_per_image": 3}, ("codec.lanes_per_image=3", "divide the 7 rows")),
    (
        {"sleep.augmentation": "crop_flip_noise(crop_padding=28)"},
        ("sleep.augmentation", "crop_padding=28", "28x28x1", "between 0 and 27"),
    ),
    ({"dataset": "fashion"}, ("dataset='fashion'", "unknown source", "embedded")),
    ({"dataset": "embedded:mnist"}, ("embedded:mnist", "there are ['fashion_mnist_mini']")),
    ({"dataset": ""}, ("dataset=''", "need SCHEME:REST")),
]


@pytest.mark.parametrize(("settings", "words"), UNFIT, ids=str)
def test_settings_that_do_not_fit_the_data(settings, words, refusal):
    assert re.search(all_of(*words), refusal(nested(settings)))


def npz(**changes) -> Callable[[Path], str]:
    """Writes four images of 6x6 pixels in two classes, some arrays of them changed, left out or added."""

    def write(folder: Path) -> str:
        grey, label = np.zeros((4, 6, 6, 1), np.uint8), np.array([0, 1, 0, 1])
        arrays = {"x_train": grey, "y_train": label, "x_test": grey, "y_test": label} | changes
        kept = {name: array for name, array in arrays.items() if array is not None}
        np.savez(folder / "data.npz", allow_pickle=True, **kept)
        return FILE.format(folder=folder)

    return write


def npz_with(edit: Callable[[bytes], bytes]) -> Callable[[Path], str]:
    """Such a file, with other bytes."""

    def write(folder: Path) -> str:
        name = npz()(folder)
        path = folder / "data.npz"
        path.write_bytes(edit(path.read_bytes()))
        return name

    return write


def npz_that_promises(folder: Path) -> str:
    """Such a file whose array says that it is far larger than its bytes."""
    name = npz()(folder)
    with zipfile.ZipFile(folder / "data.npz") as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    header = io.BytesIO()
    said = {"descr": "|u1", "fortran_order": False, "shape": (4, 6 * 10**14, 6, 1)}
    np.lib.format.write_array_header_1_0(header, said)
    members["x_train.npy"] = header.getvalue() + bytes(144)
    with zipfile.ZipFile(folder / "data.npz", "w") as archive:
        for one, content in members.items():
            archive.writestr(one, content)
    return name


def pictures(*paths: str, size=(6, 6), mode="RGB") -> Callable[[Path], str]:
    """Writes a folder of images."""

    def write(folder: Path) -> str:
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            Image.new(mode, size).save(folder / path)
        return f"folder:{folder}"

    return write


WHOLE = ("train/cat/a.png", "train/dog/a.png", "test/cat/a.png", "test/dog/a.png")


def pictures_and(path: str, content: bytes | Image.Image) -> Callable[[Path], str]:
    """Writes a folder of images, and one more file."""

    def write(folder: Path) -> str:
        name = pictures(*WHOLE)(folder)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            (folder / path).write_bytes(content)
        else:
            content.save(folder / path)
        return name

    return write


def array_file(name: str, content: bytes) -> Callable[[Path], str]:
    """Writes a folder of arrays, one of them with other bytes."""

    def write(folder: Path) -> str:
        for key in ("x_train", "x_test"):
            np.save(folder / f"{key}.npy", np.zeros((4, 6, 6, 1), np.uint8))
            np.save(folder / f"{key.replace('x', 'y')}.npy", np.array([0, 1, 0, 1]))
        (folder / f"{name}.npy").write_bytes(content)
        return f"npy:{folder}"

    return write


DATA = [
    (
        lambda folder: FILE.format(folder=folder),
        ("data.npz", "no such file", "need one of numpy.savez"),
    ),
    (npz_with(lambda whole: b"text"), ("data.npz", "not an .npz file", "numpy.savez")),
    (npz_with(lambda whole: whole[:300]), ("data.npz", "not an .npz file", "numpy.savez")),
    (npz_with(lambda whole: whole[300:]), ("data.npz", "cannot be read", "need one of numpy")),
    (npz_with(lambda w: w[:200] + b"x" + w[201:]), ("data.npz", "'x_train'", "write it anew")),
    (npz_that_promises, ("data.npz", "'x_train'", "cannot be read")),
    (npz(y_test=None), ("data.npz", "['y_test'] are missing", "it has")),
    (npz(x_train=np.zeros((4, 6, 6, 1))), ("x_train", "float64", "need uint8")),
    (npz(x_train=np.zeros((4, 6, 6, 4), np.uint8)), ("(4, 6, 6, 4)", "C 1 or 3")),
    (npz(x_train=np.zeros((4, 36), np.uint8)), ("(4, 36)", "need [N, H, W]")),
    (npz(x_test=np.zeros((0, 6, 6, 1), np.uint8)), ("x_test is empty", "at least one image")),
    (npz(x_test=np.zeros((4, 6, 7, 1), np.uint8)), ("(6, 6, 1)", "(6, 7, 1)", "need one shape")),
    (npz(y_train=np.array([0, 1, 0])), ("y_train", "(3,)", "need (4,)")),
    (npz(y_train=np.array([0.0, 1, 0, 1])), ("y_train", "float64", "need integers")),
    (npz(y_train=np.array([0, 2, 0, 2])), ("y_train", "missing are [1]")),
    (npz(y_train=np.array([0, -1, 0, 1])), ("y_train has label -1", "need 0..K-1")),
    (npz(y_test=np.array([0, 2, 0, 1])), ("y_test has label 2", "y_train has 0..1")),
    (
        npz(y_train=np.array([0, "a", 0, 1], object)),
        ("'y_train'", "Object arrays", "write it anew"),
    ),
    (npz(class_names=np.array(["cat"])), ("data.npz", "1 class names for 2 classes")),
    (npz(class_names=np.array("cat")), ("class_names", "need one text for each class")),
    (npz(class_names=np.array([1, 2])), ("class_names", "need one text for each class")),
    (npz(y_test=np.array([0, 0, 0, 0])), ("classes [1]", "has no test images", "at least 1")),
    (array_file("x_train", b"text"), ("x_train.npy", "cannot be read", "write it anew")),
    (array_file("y_train", b""), ("y_train.npy", "cannot be read", "write it anew")),
    (array_file("class_names", b"\x93NUMPY\x01\x00"), ("class_names.npy", "write it anew")),
    (lambda folder: f"npy:{folder}/none", ("none", "no such folder", "x_train.npy")),
    (lambda folder: f"folder:{folder}", ("need the folders", "train", "a folder of images")),
    (pictures(*WHOLE[:3]), ("classes [1]", "has no test images", "at least 1")),
    (pictures(*WHOLE, "test/emu/a.png"), ("['emu']", "train only ['cat', 'dog']")),
    (pictures(*WHOLE, mode="I;16"), ("a.png", "mode I;16", "need 8 bits a channel")),
    (pictures_and("train/cat/b.png", b"text"), ("b.png", "not a readable", "replace or remove it")),
    (pictures_and("train/cat/b.webp", b""), ("b.webp", "not a readable", "replace or remove it")),
    (pictures_and("train/emu/notes.txt", b""), ("['emu']", "have no image", "add some, or remove")),
    (
        pictures_and("train/dog/b.png", Image.new("RGB", (6, 500))),
        ("b.png", "(500, 6)", "(6, 6)", "--config.resize_side=256"),
    ),
    (
        pictures_and("train/dog/b.tif", Image.new("F", (6, 6))),
        ("b.tif", "mode F", "need 8 bits a channel", "replace or remove it"),
    ),
]


@pytest.mark.parametrize(("write", "words"), DATA, ids=[str(words) for _, words in DATA])
def test_data_that_cannot_be_used(write, words, refusal, tmp_path):
    settings = {"dataset": write(tmp_path), "num_tasks": 2, "budget_bytes": 200_000}
    assert re.search(all_of(*words), refusal(settings))


def test_the_data_that_these_are_made_from_can_be_used(tmp_path):
    for place, write in enumerate((npz(), pictures(*WHOLE), array_file("class_names", b""))):
        folder = tmp_path / str(place)
        folder.mkdir()
        name = write(folder)
        (folder / "class_names.npy").unlink(missing_ok=True)
        config = from_mapping({"dataset": name, "num_tasks": 2, "budget_bytes": 200_000})
        method = build_method(config, build_plan(config, build_stream(config)))
        assert method.parts.spec.image_shape[:2] == (6, 6)


def test_there_are_a_hundred():
    assert len(SETTINGS) + 10 + len(UNFIT) + len(DATA) >= 100
