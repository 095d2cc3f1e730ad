"""A certificate for a name, made by code: nobody's key is committed, and no program or package is needed for it."""

import base64
import hashlib
import random
from functools import cache
from pathlib import Path

RSA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
SHA256_WITH_RSA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
EXPONENT = 65_537


def write_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A self-signed X.509 certificate (RFC 5280) of `host` with its RSA key of 2,048 bits: the two PEM files. The key
    is the same each time, and worth nothing."""
    p, q = _primes()
    n, d = p * q, pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = _der(0x30, _integer(n), _integer(EXPONENT))
    extensions = [
        _extension(0x11, _der(0x30, _der(0x82, host.encode()))),  # its name
        _extension(0x13, _der(0x30, b"\x01\x01\xff"), critical=True),  # it may sign, itself for one
        _extension(0x0F, b"\x03\x02\x02\x84", critical=True),
        _extension(0x0E, _der(0x04, hashlib.sha1(public).digest())),
    ]
    name = _der(0x30, _der(0x31, _der(0x30, b"\x06\x03\x55\x04\x03", _der(0x0C, host.encode()))))
    content = _der(
        0x30,
        _der(0xA0, _integer(2)),  # version 3
        _integer(1),
        _der(0x30, SHA256_WITH_RSA),
        name,
        _der(0x30, _der(0x17, b"200101000000Z"), _der(0x17, b"491231235959Z")),
        name,
        _der(0x30, _der(0x30, RSA), _der(0x03, b"\0", public)),
        _der(0xA3, _der(0x30, *extensions)),
    )
    padded = b"\x00\x01" + b"\xff" * 202 + b"\x00" + SHA256_INFO + hashlib.sha256(content).digest()  # PKCS #1 v1.5
    signature = pow(int.from_bytes(padded, "big"), d, n).to_bytes(256, "big")
    certificate = _der(0x30, content, _der(0x30, SHA256_WITH_RSA), _der(0x03, b"\0", signature))
    values = (0, n, EXPONENT, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    key = _der(0x30, *map(_integer, values))
    return _pem(folder / "certificate.pem", "CERTIFICATE", certificate), _pem(
        folder / "key.pem", "RSA PRIVATE KEY", key
    )


def _extension(kind: int, value: bytes, critical: bool = False) -> bytes:
    return _der(0x30, b"\x06\x03\x55\x1d" + bytes([kind]), b"\x01\x01\xff" if critical else b"", _der(0x04, value))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([length]) if length < 128 else bytes([0x80 + len(size)]) + size) + content


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@cache
def _primes() -> tuple[int, int]:
    numbers = random.Random(0)
    return _prime(numbers), _prime(numbers)


def _prime(numbers: random.Random) -> int:
    while True:
        candidate = numbers.getrandbits(1024) | 1 | 3 << 1022
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5)):  # Fermat's test: enough for no secret
            return candidate


def _pem(path: Path, kind: str, content: bytes) -> Path:
    text = base64.encodebytes(content).decode()
    path.write_text(f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n")
    return path
