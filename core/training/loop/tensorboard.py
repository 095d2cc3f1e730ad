"""Files that TensorBoard reads, written without TensorFlow or TensorBoard: the few messages that a scalar needs.

A file is a row of records: length (uint64), its checksum, the bytes, their checksum, all little-endian. The bytes are
an `Event` of tensorflow/core/util/event.proto, whose field numbers stand below; the checksums are CRC-32C, masked
(tensorflow/core/lib/io/record_writer.h and lib/hash/crc32c.h). A test reads it all back with TensorFlow.
"""

import math
import struct
from collections.abc import Mapping
from pathlib import Path

_CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, bits reversed
_FLOAT = 1  # DT_FLOAT
_START = 1  # SessionLog.START
_LARGEST = 3.4028234663852886e38  # float32


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ _CASTAGNOLI * (byte & 1)
        table.append(byte)
    return table


_TABLE = _table()


class EventFile:
    """Appends events to a file, each with a single write: a reader at any moment sees whole events, apart from the last
    where the writer was killed."""

    def __init__(self, path: Path, wall_time: float) -> None:
        self._file = path.open("wb", buffering=0)
        self._write(_text(3, "brain.Event:2"), wall_time, 0)  # file_version

    def restart(self, wall_time: float) -> None:
        """Tells a TensorBoard that is looking on to forget what it has read of this run."""
        self._write(_message(7, _number(1, _START)), wall_time, 0)  # session_log

    def scalars(self, values: Mapping[str, float], step: int, wall_time: float) -> None:
        """Adds numbers, by tag, in the form of TensorFlow 2's `tf.summary.scalar`.

        Args:
            step: The place on the horizontal axis, 0 and up.
            wall_time: Seconds since 1970.
        """
        summary = b"".join(_message(1, _value(tag, value)) for tag, value in values.items())
        self._write(_message(5, summary), wall_time, step)

    def close(self) -> None:
        self._file.close()

    def _write(self, what: bytes, wall_time: float, step: int) -> None:
        event = b"\x09" + struct.pack("<d", wall_time) + _number(2, step) + what
        length = struct.pack("<Q", len(event))
        checks = (struct.pack("<I", masked_crc(part)) for part in (length, event))
        self._file.write(length + next(checks) + event + next(checks))


def masked_crc(content: bytes) -> int:
    """CRC-32C of `content`, turned and moved by a constant as record files want it, 32 bits."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _value(tag: str, value: float) -> bytes:
    """A `Summary.Value`: tag, a float32 tensor without dimensions, and which of TensorBoard's plugins shows it."""
    if abs(value) > _LARGEST:
        value = math.copysign(math.inf, value)
    tensor = _number(1, _FLOAT) + _message(2, b"") + _message(5, struct.pack("<f", value))  # dtype, shape, float_val
    metadata = _message(1, _text(1, "scalars")) + _number(4, 1)  # plugin_data.plugin_name, data_class SCALAR
    return _text(1, tag) + _message(9, metadata) + _message(8, tensor)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all bytes but the last have their highest bit set."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
