"""Messages between a process and its worker: JSON, and bytes that JSON is no good for, in one frame."""

import json
import struct
from typing import IO, Any

MAX_JSON = 2**20
MAX_PAYLOAD = 2**29  # an image of 100 million pixels has 300 MB
_SIZES = struct.Struct("<LL")


def send(stream: IO[bytes], message: Any, payload: bytes | memoryview = b"") -> None:
    """Writes one frame.

    Args:
        message: What JSON can hold, at most `MAX_JSON` bytes of it.
        payload: At most `MAX_PAYLOAD` bytes.

    Raises:
        OSError: Nobody reads at the other end.
    """
    encoded = json.dumps(message, separators=(",", ":")).encode()
    stream.write(_SIZES.pack(len(encoded), len(payload)) + encoded)
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Any, bytearray]:
    """Waits for one frame and gives its message and payload.

    Raises:
        EOFError: The other end has gone, or sends what is no frame.
        OSError: The stream cannot be read.
    """
    sizes = stream.read(_SIZES.size)
    if len(sizes) < _SIZES.size:
        raise EOFError
    num_json, num_payload = _SIZES.unpack(sizes)
    if num_json > MAX_JSON or num_payload > MAX_PAYLOAD:
        raise EOFError
    try:
        message = json.loads(stream.read(num_json))
    except (ValueError, RecursionError) as error:
        raise EOFError from error
    payload = bytearray(num_payload)
    if num_payload and stream.readinto(payload) < num_payload:  # type: ignore[attr-defined]
        raise EOFError
    return message, payload
