"""Reading weight files: every layout gives the same arrays, and nothing hostile gets through."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.backbone.layouts import read_arrays
from core.errors import InputError
from tests.backbone.weight_files import assert_same, legacy_file, random_weights, write_legacy, write_slim
from tests.examples import FEW

VICTIM = "block_3_expand_BN/block_3_expand_BN/beta:0"  # of a legacy file: float32 (144,)


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    path = tmp_path / "weights.h5"
    path.write_bytes(legacy_file())
    return path


def test_legacy_layout_is_read(legacy: Path) -> None:
    assert_same(read_arrays(legacy, "file"), random_weights())


def test_legacy_layout_inside_a_whole_model_is_read(tmp_path: Path) -> None:
    write_legacy(tmp_path / "model.h5", random_weights(), within="model_weights")
    assert_same(read_arrays(tmp_path / "model.h5", "file"), random_weights())


def test_scopes_that_keras_2_counted_are_read(tmp_path: Path) -> None:
    write_legacy(tmp_path / "weights.h5", random_weights(), scope="_1")
    assert_same(read_arrays(tmp_path / "weights.h5", "file"), random_weights())


@pytest.mark.parametrize("within", ["/", "model_weights"])
def test_layers_of_other_names_are_taken_by_their_order(tmp_path: Path, within: str) -> None:
    write_legacy(tmp_path / "weights.h5", random_weights(), rename=lambda layer: f"mobl_{layer}", within=within)
    assert_same(read_arrays(tmp_path / "weights.h5", "file"), random_weights())


@pytest.mark.parametrize("top", ["model_weights/keras_layer/MobilenetV2", "MobilenetV2"])
def test_slim_layout_is_read(tmp_path: Path, top: str) -> None:
    write_slim(tmp_path / "slim.h5", random_weights(), top)
    assert_same(read_arrays(tmp_path / "slim.h5", "file"), random_weights())


def test_an_open_file_is_read_like_a_path(legacy: Path) -> None:
    assert_same(read_arrays(io.BytesIO(legacy.read_bytes()), "file"), random_weights())


def test_float64_and_big_endian_become_float32(legacy: Path) -> None:
    with h5py.File(legacy, "a") as file:
        values = file[VICTIM][()]
        del file[VICTIM]
        file[VICTIM] = values.astype(">f8")
    array = read_arrays(legacy, "file")["block_3_expand_BN/beta"]
    assert array.dtype == np.dtype(np.float32)
    np.testing.assert_array_equal(array, random_weights()["block_3_expand_BN/beta"])


def _soft_link(file: h5py.File) -> None:
    file[VICTIM] = h5py.SoftLink("/block_3_project_BN/block_3_project_BN/beta:0")


def _external_link(file: h5py.File) -> None:
    file[VICTIM] = h5py.ExternalLink("other.h5", VICTIM)


def _external_data(file: h5py.File) -> None:
    Path(file.filename).with_name("secret").write_bytes(bytes(144 * 4))
    secret = str(Path(file.filename).with_name("secret"))
    file.create_dataset(VICTIM, (144,), "f4", external=[(secret, 0, 144 * 4)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((144,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", VICTIM, (144,))
    file.create_virtual_dataset(VICTIM, layout)


def _group(file: h5py.File) -> None:
    file.create_group(VICTIM)


def _huge(file: h5py.File) -> None:  # 4 TB that take no room on the disk
    file.create_dataset(VICTIM, (2**40,), "f4", chunks=(1024,))


def _huge_chunk(file: h5py.File) -> None:
    file.create_dataset(VICTIM, (144,), "f4", chunks=(2**28,), maxshape=(None,), compression="gzip")


def _transposed(file: h5py.File) -> None:
    file[VICTIM] = np.zeros((144, 1), np.float32)


def _integers(file: h5py.File) -> None:
    file[VICTIM] = np.zeros(144, np.int32)


def _text(file: h5py.File) -> None:
    file[VICTIM] = np.array([b"0"] * 144, h5py.string_dtype())


def _not_finite(file: h5py.File) -> None:
    file[VICTIM] = np.full(144, np.nan, np.float32)


def _beyond_float32(file: h5py.File) -> None:
    file[VICTIM] = np.full(144, 1e300)


def _missing(file: h5py.File) -> None:
    pass


@pytest.mark.parametrize(
    ("replace", "reason"),
    [
        (_soft_link, "is a link"),
        (_external_link, "is a link"),
        (_external_data, "another file"),
        (_virtual, "another file"),
        (_group, "not a dataset"),
        (_huge, "shape"),
        (_huge_chunk, "chunks"),
        (_transposed, "shape"),
        (_integers, "type"),
        (_text, "type"),
        (_not_finite, "not finite"),
        (_beyond_float32, "not finite"),
        (_missing, "holds no"),
    ],
)
def test_one_bad_weight_refuses_the_file(legacy: Path, replace: Callable[[h5py.File], None], reason: str) -> None:
    legacy.with_name("other.h5").write_bytes(legacy_file())  # what links lead to would be fine
    with h5py.File(legacy, "a") as file:
        del file[VICTIM]
        replace(file)
    with pytest.raises(InputError, match=reason) as raised:
        read_arrays(legacy, "my file")
    assert str(raised.value).startswith("my file: ")
    assert "\n" not in str(raised.value)


def test_a_negative_variance_is_refused(tmp_path: Path) -> None:
    arrays = random_weights()
    arrays["Conv_1_bn/moving_variance"][7] = -1e-6
    write_legacy(tmp_path / "weights.h5", arrays)
    with pytest.raises(InputError, match="negative variance"):
        read_arrays(tmp_path / "weights.h5", "file")


def test_a_layer_that_is_an_external_link_is_refused(legacy: Path) -> None:
    legacy.with_name("other.h5").write_bytes(legacy_file())
    with h5py.File(legacy, "a") as file:
        del file["Conv1"]
        file["Conv1"] = h5py.ExternalLink("other.h5", "Conv1")
    with pytest.raises(InputError, match="link"):
        read_arrays(legacy, "file")


def test_a_list_of_thousands_of_layers_is_refused_unread(legacy: Path) -> None:
    with h5py.File(legacy, "a") as file:
        file.attrs["layer_names"] = np.array([b"a"] * 20_000)
    with pytest.raises(InputError, match="layer_names"):
        read_arrays(legacy, "file")


def test_another_network_in_the_same_layout_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file["dense/dense/kernel:0"] = np.zeros((4, 2), np.float32)
        file["dense"].attrs["weight_names"] = [b"dense/kernel:0"]
    with pytest.raises(InputError, match="1 layers"):
        read_arrays(tmp_path / "weights.h5", "file")


def test_an_hdf5_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["measurements"] = np.zeros(3)
    with pytest.raises(InputError, match="none of the known layouts"):
        read_arrays(tmp_path / "data.h5", "file")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not HDF5", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_a_file_that_is_not_hdf5_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.h5").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as HDF5"):
        read_arrays(tmp_path / "weights.h5", "file")


def test_a_file_cut_short_is_refused(legacy: Path) -> None:
    content = legacy.read_bytes()
    for fraction in (0.1, 0.5, 0.9, 0.999):
        with pytest.raises(InputError):
            read_arrays(io.BytesIO(content[: int(len(content) * fraction)]), "file")


@settings(FEW, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(damage=st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), min_size=1, max_size=30))
def test_damage_is_an_input_error_or_harmless(damage: list[tuple[int, int]]) -> None:
    content = bytearray(legacy_file())
    for position, value in damage:  # names, links and headers stand in the first part of the file
        content[position] = value
    started = time.monotonic()
    try:
        arrays = read_arrays(io.BytesIO(bytes(content)), "file")
    except InputError:
        pass
    else:
        assert all(np.isfinite(array).all() for array in arrays.values())
    assert time.monotonic() - started < 20
