"""TensorFlow reads what we write: the records, their checksums, and every field that TensorBoard needs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.training.loop.tensorboard import EventFile, masked_crc


def events_in(path: Path) -> list[Any]:
    """Every event of a file, by TensorFlow's own reader, which checks both checksums of each record."""
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    return [event_pb2.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]


def test_the_checksum_is_the_one_of_its_rfc() -> None:
    def unmasked(content: bytes) -> int:
        turned = masked_crc(content) - 0xA282EAD8 & 0xFFFFFFFF
        return (turned >> 17 | turned << 15) & 0xFFFFFFFF

    assert unmasked(b"123456789") == 0xE3069283
    assert unmasked(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert unmasked(bytes([0xFF] * 32)) == 0x62A8AB43


def test_tensorflow_reads_tags_steps_times_and_numbers(tmp_path: Path) -> None:
    import tensorflow as tf

    file = EventFile(tmp_path / "events.out.tfevents.1", 12.5)
    file.restart(13.0)
    written = {"epoch_loss": 0.25, "größe/🐈": -3e-38, "not a number": float("nan"), "beyond float32": 1e39}
    file.scalars(written, step=2**40, wall_time=1_790_000_000.123456)
    file.scalars({"epoch_loss": 1.0}, step=0, wall_time=14.0)
    file.close()
    version, restart, scalars, last = events_in(tmp_path / "events.out.tfevents.1")
    assert (version.file_version, version.wall_time) == ("brain.Event:2", 12.5)
    assert restart.session_log.status == restart.session_log.START
    assert (scalars.step, scalars.wall_time) == (2**40, 1_790_000_000.123456)
    numbers = {value.tag: tf.make_ndarray(value.tensor) for value in scalars.summary.value}
    assert {tag: number.shape for tag, number in numbers.items()} == dict.fromkeys(written, ())
    np.testing.assert_array_equal(
        list(numbers.values()), np.array([0.25, -3e-38, np.nan, np.inf], np.float32), strict=False
    )
    assert {value.metadata.plugin_data.plugin_name for value in scalars.summary.value} == {"scalars"}
    assert (last.step, len(last.summary.value)) == (0, 1)
    with tf.device("CPU"):
        iterated = list(tf.compat.v1.train.summary_iterator(str(tmp_path / "events.out.tfevents.1")))
    assert [event.SerializeToString(deterministic=True) for event in iterated] == [
        event.SerializeToString(deterministic=True) for event in (version, restart, scalars, last)
    ]


def test_a_scalar_is_the_message_that_tensorflow_builds_of_it(tmp_path: Path) -> None:
    """Byte for byte, the order of the fields apart: nothing is missing, and nothing is there that should not be."""
    import tensorflow as tf
    from tensorflow.core.framework import summary_pb2

    file = EventFile(tmp_path / "events", 1.0)
    file.scalars({"batch_loss": 0.5}, 3, 2.0)
    file.close()
    metadata = summary_pb2.SummaryMetadata(data_class=summary_pb2.DATA_CLASS_SCALAR)
    metadata.plugin_data.plugin_name = "scalars"
    tensor = tf.make_tensor_proto(np.float32(0.5))
    expected = summary_pb2.Summary.Value(tag="batch_loss", tensor=tensor, metadata=metadata)
    (value,) = events_in(tmp_path / "events")[-1].summary.value
    assert value.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


@given(st.integers(0, 2**62))
def test_any_step_comes_back(tmp_path_factory: pytest.TempPathFactory, step: int) -> None:
    from tensorflow.core.util import event_pb2

    path = tmp_path_factory.mktemp("steps") / "events"
    file = EventFile(path, 1.0)
    start = path.stat().st_size
    file.scalars({"x": 1.0}, step, 2.0)
    file.close()
    record = path.read_bytes()[start:]
    assert event_pb2.Event.FromString(record[12:-4]).step == step
