"""Sources: what each kind reads, and what is refused at the door."""

import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import load_source, register_source, sources


def arrays(**changes) -> dict[str, np.ndarray]:
    """Four training and two test images of two classes."""
    rng = np.random.default_rng(0)
    valid = {
        "x_train": rng.integers(0, 256, (4, 5, 6, 3), dtype=np.uint8),
        "y_train": np.array([0, 1, 0, 1]),
        "x_test": rng.integers(0, 256, (2, 5, 6, 3), dtype=np.uint8),
        "y_test": np.array([1, 0]),
    }
    return {key: value for key, value in {**valid, **changes}.items() if value is not None}


def npz(folder: Path, **changes) -> str:
    np.savez(folder / "data.npz", allow_pickle=True, **arrays(**changes))
    return f"npz:{folder / 'data.npz'}"


def write_image(path: Path, value: int, size=(4, 3), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    color = value if mode in ("L", "I;16") else (value, 0, 0)
    Image.new(mode, size, color).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Classes cat and dog; images 3 high and 4 wide, their red is the order expected."""
    for path, value in [
        ("train/dog/0.png", 2),
        ("train/cat/b.PNG", 1),
        ("train/cat/a.png", 0),
        ("test/dog/x.png", 4),
        ("test/cat/x.png", 3),
    ]:
        write_image(tmp_path / path, value)
    return tmp_path


class TestNames:
    def test_an_unknown_scheme_is_refused_with_those_known(self):
        with pytest.raises(
            ValueError, match=r"'zip:a'.*'zip'.*'embedded', 'folder', 'npz', 'tfds'"
        ):
            load_source("zip:a")
        with pytest.raises(ValueError, match=r"dataset='cifar100'.*need SCHEME:REST"):
            load_source("cifar100")

    def test_a_registered_source_is_given_what_follows_the_first_colon_and_is_checked(
        self, monkeypatch
    ):
        monkeypatch.setattr(sources, "_SOURCES", {})
        asked = []

        @register_source("mine")
        def mine(rest: str):
            asked.append(rest)
            return arrays() if rest == "a:b" else arrays(y_test=None)

        assert load_source("mine:a:b").num_classes == 2
        with pytest.raises(ValueError, match=r"mine:c: the arrays \['y_test'\] are missing"):
            load_source("mine:c")
        assert asked == ["a:b", "c"]

    def test_a_scheme_that_is_taken_or_no_word_is_refused(self):
        with pytest.raises(ValueError, match=r"scheme='npz' is taken; taken are \['embedded'"):
            register_source("npz")
        with pytest.raises(ValueError, match="scheme='a:b': need a word without a colon"):
            register_source("a:b")


class TestEmbedded:
    def test_fashion_mnist_mini_has_500_training_and_100_test_images_of_each_class(self):
        raw = load_source("embedded:fashion_mnist_mini")
        assert raw.num_classes == 10
        assert raw.x_train.shape == (5000, 28, 28, 1) and raw.x_train.dtype == np.uint8
        assert raw.x_test.shape == (1000, 28, 28, 1) and raw.x_test.dtype == np.uint8
        assert raw.y_train.dtype == raw.y_test.dtype == np.int64
        assert np.bincount(raw.y_train).tolist() == [500] * 10
        assert np.bincount(raw.y_test).tolist() == [100] * 10

    def test_fashion_mnist_mini_begins_as_fashion_mnist_does(self):
        raw = load_source("embedded:fashion_mnist_mini")
        # The data set's own first labels: ankle boot, T-shirt, T-shirt, dress, T-shirt, ...
        assert raw.y_train[:8].tolist() == [9, 0, 0, 3, 0, 2, 7, 2]
        assert raw.y_test[:8].tolist() == [9, 2, 1, 1, 6, 1, 4, 6]
        assert len(np.unique(raw.x_train, axis=0)) > 4990

    def test_an_unknown_name_is_refused_with_those_there_are(self):
        with pytest.raises(ValueError, match=r"embedded:mnist.*\['fashion_mnist_mini'\]"):
            load_source("embedded:mnist")

    def test_the_script_takes_the_first_images_of_each_class_in_their_order(self):
        path = sources.EMBEDDED / "make_fashion_mnist_mini.py"
        spec = importlib.util.spec_from_file_location("make_fashion_mnist_mini", path)
        assert spec is not None and spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        labels = np.tile(np.arange(10)[::-1], 3)
        assert script.first_of_each_class(labels, 2).tolist() == list(range(20))


class TestNpz:
    def test_the_arrays_come_back_with_int64_labels(self, tmp_path):
        raw = load_source(npz(tmp_path, y_train=np.array([0, 1, 0, 1], np.uint8)))
        expected = arrays()
        np.testing.assert_array_equal(raw.x_train, expected["x_train"])
        np.testing.assert_array_equal(raw.x_test, expected["x_test"])
        assert raw.y_train.tolist() == [0, 1, 0, 1] and raw.y_train.dtype == np.int64
        assert raw.y_test.tolist() == [1, 0] and raw.num_classes == 2

    def test_greyscale_images_get_a_channel_axis(self, tmp_path):
        grey = arrays()["x_train"][..., 0]
        raw = load_source(npz(tmp_path, x_train=grey, x_test=grey[:2]))
        assert raw.x_train.shape == (4, 5, 6, 1)
        np.testing.assert_array_equal(raw.x_train[..., 0], grey)

    def test_a_missing_file_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"npz:.*nothing\.npz: no such file"):
            load_source(f"npz:{tmp_path / 'nothing.npz'}")

    def test_a_file_of_another_kind_is_refused(self, tmp_path):
        np.save(tmp_path / "one.npy", np.zeros(3))
        with pytest.raises(ValueError, match=r"one\.npy: not an \.npz file"):
            load_source(f"npz:{tmp_path / 'one.npy'}")

    def test_pickled_and_damaged_arrays_are_refused_by_name(self, tmp_path):
        with pytest.raises(ValueError, match="array 'y_train' cannot be read: Object arrays"):
            load_source(npz(tmp_path, y_train=np.array([0, "one", 0, 1], object)))
        name = npz(tmp_path)
        content = bytearray((tmp_path / "data.npz").read_bytes())
        content[200] ^= 255  # in the pixels of x_train, the first member
        (tmp_path / "data.npz").write_bytes(content)
        with pytest.raises(ValueError, match="array 'x_train' cannot be read: Bad CRC"):
            load_source(name)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (
                {"x_test": None, "y_test": None, "labels": np.zeros(2)},
                r"\['x_test', 'y_test'\] are missing; it has \['labels', 'x_train', 'y_train'\]",
            ),
            ({"x_train": np.zeros((4, 5, 6, 3))}, "x_train has dtype float64; need uint8"),
            (
                {"x_test": np.zeros((2, 30), np.uint8)},
                r"x_test has shape \(2, 30\); need \[N, H, W",
            ),
            ({"x_train": np.zeros((4, 5, 6, 2), np.uint8)}, r"\(4, 5, 6, 2\); need .* C 1 or 3"),
            (
                {"x_test": np.zeros((0, 5, 6, 3), np.uint8)},
                r"x_test is empty, shape \(0, 5, 6, 3\)",
            ),
            ({"x_test": np.zeros((2, 5, 5, 3), np.uint8)}, r"\(5, 6, 3\), of x_test \(5, 5, 3\)"),
            ({"y_train": np.array([0, 1, 0])}, r"y_train has shape \(3,\); need \(4,\)"),
            ({"y_test": np.array([[1], [0]])}, r"y_test has shape \(2, 1\); need \(2,\)"),
            ({"y_train": np.array([0.0, 1, 0, 1])}, "y_train has dtype float64; need integers"),
            (
                {"y_train": np.array([0, 4, 2, 4])},
                r"3 classes .* up to 4; .* missing are \[1, 3\]\.",
            ),
            ({"y_train": np.array([0, 1, 2, 10**9])}, r"missing are \[3, 4, .*, 12\] and more"),
            ({"y_train": np.array([0, -1, 1, 1])}, "y_train has label -1; need 0..K-1"),
            ({"y_test": np.array([1, 2])}, r"y_test has label 2; y_train has 0\.\.1"),
            ({"y_test": np.array([-1, 1])}, r"y_test has label -1; y_train has 0\.\.1"),
        ],
    )
    def test_arrays_that_do_not_fit_are_refused_with_what_was_found(
        self, tmp_path, changes, message
    ):
        with pytest.raises(ValueError, match=message) as refusal:
            load_source(npz(tmp_path, **changes))
        assert f"npz:{tmp_path}" in str(refusal.value)


class TestFolder:
    def test_classes_and_files_are_in_the_order_of_their_names(self, folder):
        raw = load_source(f"folder:{folder}")
        assert raw.x_train.shape == (3, 3, 4, 3)
        assert raw.x_train[:, 0, 0, 0].tolist() == [0, 1, 2]
        assert raw.y_train.tolist() == [0, 0, 1]
        assert raw.x_test[:, 0, 0, 0].tolist() == [3, 4]
        assert raw.y_test.tolist() == [0, 1]

    def test_other_files_are_left_alone(self, folder):
        (folder / "train/cat/notes.txt").write_text("tabby")
        (folder / "train/README").write_text("cats and dogs")
        assert len(load_source(f"folder:{folder}").x_train) == 3

    def test_images_are_greyscale_only_if_all_are(self, tmp_path, folder):
        write_image(folder / "train/cat/a.png", 9, mode="L")
        assert load_source(f"folder:{folder}").x_train[0, 0, 0].tolist() == [9, 9, 9]
        for path in folder.glob("*/*/*"):
            write_image(path, 9, mode="L")
        assert load_source(f"folder:{folder}").x_train.shape == (3, 3, 4, 1)

    def test_jpeg_images_are_read(self, folder):
        write_image(folder / "test/cat/y.jpg", 200)
        raw = load_source(f"folder:{folder}")
        assert raw.y_test.tolist() == [0, 0, 1]
        assert abs(int(raw.x_test[1, 0, 0, 0]) - 200) < 5  # JPEG is lossy

    def test_missing_folders_are_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"need the folders .*train and .*test"):
            load_source(f"folder:{tmp_path}")

    def test_a_class_without_images_is_refused(self, folder):
        (folder / "train/emu").mkdir()
        with pytest.raises(ValueError, match=r"the classes \['emu'\] of train have no \.png"):
            load_source(f"folder:{folder}")

    def test_folders_without_classes_are_refused(self, tmp_path):
        (tmp_path / "train").mkdir()
        (tmp_path / "test").mkdir()
        with pytest.raises(ValueError, match="x_train is empty"):
            load_source(f"folder:{tmp_path}")

    def test_a_test_class_that_is_not_trained_is_refused(self, folder):
        write_image(folder / "test/emu/x.png", 1)
        with pytest.raises(ValueError, match=r"\['emu'\], train only \['cat', 'dog'\]"):
            load_source(f"folder:{folder}")

    def test_images_of_several_sizes_are_refused_by_name(self, folder):
        write_image(folder / "train/dog/1.png", 1, size=(5, 5))
        with pytest.raises(
            ValueError, match=r"1\.png has shape \(5, 5, 3\), the ones before \(3, 4"
        ):
            load_source(f"folder:{folder}")

    def test_unreadable_images_are_refused_by_name(self, folder):
        (folder / "train/dog/0.png").write_bytes(b"no image")
        with pytest.raises(ValueError, match=r"0\.png: not a readable image"):
            load_source(f"folder:{folder}")

    def test_images_of_16_bits_are_refused(self, folder):
        write_image(folder / "train/dog/0.png", 1000, mode="I;16")
        with pytest.raises(ValueError, match=r"0\.png.*mode I;16; need 8 bits a channel"):
            load_source(f"folder:{folder}")


@pytest.fixture(scope="module")
def tfds(tmp_path_factory):
    """tensorflow_datasets, with three tiny data sets of its own and one that is not prepared."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.utils import file_utils

    def png(size: int, value: int) -> io.BytesIO:
        file = io.BytesIO()
        Image.new("RGB", (size, size), (value, 0, 0)).save(file, "png")
        file.seek(0)
        return file

    class Tiny(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        LABEL = "label"
        SIZES = (("train", (4, 4, 4)), ("test", (4, 4)))

        def _info(self):
            features = {
                "image": tfds.features.Image(shape=(None, None, 3)),
                self.LABEL: tfds.features.ClassLabel(num_classes=2),
            }
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features)
            )

        def _split_generators(self, dl_manager):
            return {name: self._generate_examples(sizes) for name, sizes in self.SIZES}

        def _generate_examples(self, sizes):
            for row, size in enumerate(sizes):
                yield row, {"image": png(size, row), self.LABEL: row % 2}

    class TinyValidated(Tiny):
        SIZES = (("train", (4, 4, 4)), ("validation", (4,)))

    class TinyUneven(Tiny):
        SIZES = (("train", (4, 5, 4)), ("test", (4, 4)))

    class TinyUnlabelled(Tiny):
        LABEL = "kind"

    class TinyUnprepared(Tiny):
        pass

    directory = tmp_path_factory.mktemp("tfds")
    for builder in (Tiny, TinyValidated, TinyUneven, TinyUnlabelled):
        builder(data_dir=directory).download_and_prepare(file_format="array_record")
    tfds.core.add_data_dir(directory)
    yield tfds
    file_utils.clear_registered_data_dirs()


class TestTfds:
    def test_images_and_labels_come_without_tensorflow(self, tfds, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it now raises
        raw = load_source("tfds:tiny")
        assert raw.x_train.shape == (3, 4, 4, 3) and raw.x_test.shape == (2, 4, 4, 3)
        # The preparation shuffles; red is the row, and the label its parity.
        assert sorted(raw.x_train[:, 0, 0, 0].tolist()) == [0, 1, 2]
        np.testing.assert_array_equal(raw.x_train[:, 0, 0, 0] % 2, raw.y_train)
        assert raw.num_classes == 2

    def test_the_validation_split_stands_in_for_a_test_split(self, tfds):
        assert load_source("tfds:tiny_validated").y_test.tolist() == [0]

    def test_images_of_several_sizes_are_refused(self, tfds):
        with pytest.raises(ValueError, match=r"tfds:tiny_uneven train: image \d .*npz:/path"):
            load_source("tfds:tiny_uneven")

    def test_a_data_set_without_labels_is_refused_with_its_features(self, tfds):
        with pytest.raises(ValueError, match=r"\['test', 'train'\].*\['image', 'kind'\]; need"):
            load_source("tfds:tiny_unlabelled")

    def test_a_data_set_that_is_not_prepared_is_refused_with_what_to_run(self, tfds):
        with pytest.raises(ValueError, match=r"not prepared.*file_format='array_record'"):
            load_source("tfds:tiny_unprepared")

    def test_an_unknown_data_set_is_refused(self, tfds):
        with pytest.raises(ValueError, match="tfds:no_such_thing: no data set of this name"):
            load_source("tfds:no_such_thing")


def test_importing_the_sources_imports_neither_tensorflow_datasets_nor_pillow():
    code = (
        "import sys, braincl_jax.data.sources; "
        "print(sorted({'tensorflow_datasets', 'tensorflow', 'PIL'} & set(sys.modules)))"
    )
    root = Path(sources.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
