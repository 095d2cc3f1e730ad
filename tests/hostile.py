"""A corpus of hostile files, drawn by code: what a careless camera, a broken disk or an attacker puts into a dataset.

`bad_files` are no images, and must each be refused with a reason. `odd_files` are images with something hostile about
them, such as too many parts (`tests.hostile_floods`): a decoder may take them or refuse them, but must stay quick and
small. `ODD_NAMES` are names for good ones. `plant` lays all of it, and what is no ordinary file, into the class
folders of a good dataset.
"""

import os
import stat
import struct
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.text.file_names import is_device
from tests.drawing import draw_image, encode, image_bytes, write_images
from tests.hostile_floods import chunk, floods

MB = 2**20
HUGE = 30_000  # pixels a side: nine times what is decoded
GOOD = {"train/cats": 6, "train/dogs": 6, "validation/cats": 3, "validation/dogs": 3}
CLASS = "train/cats"  # where the corpus lies

ODD_NAMES = (
    "'single' \"double\" `back`.jpg",
    "new\nline.jpg",
    "tab\tbell\x07escape\x1b[31mdelete\x7f.jpg",
    "\u202egpj.right-to-left\u202c.jpg",
    "\u05d7\u05ea\u05d5\u05dc.jpg",
    "\U0001f436\U0001f3fd\u200d\U0001f9af.jpg",
    "e\u0301 decomposed.jpg",
    "-rf.jpg",
    "--json",
    '=HYPERLINK("http:pawlab.invalid").jpg',
    "@sum, +1, ;'--.jpg",
    "<img src=x onerror=alert(1)>.jpg",
    "![](http:pawlab.invalid).jpg",
    "$(touch pwned) %s {0} %00 ${HOME}.jpg",
    " leading and trailing .jpg ",
    "CON.jpg",
    "no extension",
    "wrong.exe",
    "x" * 251 + ".jpg",
)


@cache
def bad_files() -> dict[str, bytes]:
    """{name: content} of what is no image, a damaged one, or one beyond the limits."""
    return {**_cut(), **_impostors(), **_huge(), **_bombs()}


def odd_files() -> dict[str, bytes]:
    """{name: content} of images that may decode."""
    last = {f"last byte cut.{name}": content[:-1] for name, content in _whole().items()}
    return {**last, **_many_frames(), **_metadata(), **floods()}


def plant(folder: Path, outside: Path) -> dict[str, str]:
    """Fills `folder` with a good dataset and the corpus in its midst.

    Args:
        folder: To be made.
        outside: A folder that links point to, to be made: nothing in it belongs to the dataset.

    Returns:
        {path of a file: "good", "bad" or "odd"}: of each file that is to become a record, good ones to be usable.
    """
    expected = {path.relative_to(folder).as_posix(): "good" for path in write_images(folder, GOOD).rglob("*.jpg")}
    place = folder / CLASS
    for kind, files in (("bad", bad_files()), ("odd", odd_files()), ("good", _named())):
        for name, content in files.items():
            (place / name).write_bytes(content)
            expected[f"{CLASS}/{name}"] = kind
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(image_bytes(900))
    for name, kind in {**_links(place, outside), **_special(place), **_deep(place)}.items():
        expected[f"{CLASS}/{name}"] = kind
    return expected


def zip_members(folder: Path, expected: Mapping[str, str]) -> dict[str, bytes]:
    """What of a planted folder a zip can hold without being refused: ordinary files, not too deep, whose names mean
    the same on every system."""
    found = {}
    for path in expected:
        file = folder / path
        if "\\" in path or ":" in path or any(map(is_device, path.split("/"))):
            continue
        try:
            status = file.lstat()
        except OSError:  # too deep, or a name that is no Unicode
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size < 16 * MB and path.count("/") < 30:
            found[path] = file.read_bytes()
    return found


def _named() -> dict[str, bytes]:
    return {name: image_bytes(500 + number) for number, name in enumerate(ODD_NAMES)}


def _whole() -> dict[str, bytes]:
    """A good image of each format, with a palette where the format has one: it is a table to be cut."""
    noise = encode(draw_image(1, (40, 30)).effect_spread(20), "WEBP", quality=90)
    return {
        "jpg": image_bytes(1),
        "progressive.jpg": image_bytes(1, progressive=True),
        "png": image_bytes(1, mode="P", format="PNG"),
        "webp": noise,
        "lossless.webp": image_bytes(1, format="WEBP", lossless=True),
        "bmp": image_bytes(1, mode="P", format="BMP"),
        "gif": image_bytes(1, mode="P", format="GIF"),
        "tif": image_bytes(1, format="TIFF"),
        "lzw.tif": image_bytes(1, format="TIFF", compression="tiff_lzw"),
    }


def _cut() -> dict[str, bytes]:
    """Cut off in the magic number, the header, the tables, and the pixels (at a half and at nine tenths)."""
    whole = _whole()
    plain, progressive = whole["jpg"], whole["progressive.jpg"]
    places = {  # bytes that are left: of magic number, header, tables
        "jpg": (2, plain.index(b"\xff\xc0") + 6, plain.index(b"\xff\xc4") + 9),
        "progressive.jpg": (2, progressive.index(b"\xff\xc2") + 6, progressive.index(b"\xff\xc4") + 9),
        "png": (5, 20, whole["png"].index(b"PLTE") + 9),
        "webp": (10, 18, 32),
        "lossless.webp": (10, 18, 28),
        "bmp": (1, 20, 54 + 9),
        "gif": (4, 9, 13 + 9),
        "tif": (3, 6, 8 + 20),
        "lzw.tif": (3, 6, struct.unpack_from("<L", whole["lzw.tif"], 4)[0] + 20),
    }
    found = {}
    for name, content in whole.items():
        for place, left in zip(("magic", "header", "tables"), places[name], strict=True):
            found[f"cut in the {place}.{name}"] = content[:left]
        for tenths in (5, 9):
            found[f"cut at {tenths} tenths.{name}"] = content[: len(content) * tenths // 10]
    return found


def _impostors() -> dict[str, bytes]:
    """Other things under an image's name, and magic numbers with nothing behind them."""
    noise = bytes((number * 97 + number // 7) % 251 for number in range(4000))
    magics = {
        "jpg": b"\xff\xd8\xff\xe0",
        "png": b"\x89PNG\r\n\x1a\n",
        "webp": b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        "bmp": b"BM",
        "gif": b"GIF89a",
        "tif": b"II*\0",
        "big.tif": b"MM\0+",
    }
    found = {f"zeros after the magic.{name}": magic + bytes(4000) for name, magic in magics.items()}
    found |= {f"noise after the magic.{name}": magic + noise for name, magic in magics.items()}
    return found | {
        "empty.jpg": b"",
        "one byte.jpg": b"\xff",
        "zeros.jpg": bytes(MB),
        "text.jpg": "a sentence in a file\r\n".encode("utf-16"),
        "page.jpg": b"<!DOCTYPE html><html><body><script>alert(1)</script><img src='cat.jpg'></body></html>",
        "drawing.png": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)' width='9' height='9'/>",
        "program.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch pwned) (w) file\n",
        "script.jpg": b"#!/bin/sh\ntouch pwned\n",
        "document.jpg": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
        "archive.jpg": b"PK\x03\x04" + bytes(200),
        "pickle.jpg": b"cos\nsystem\n(S'touch pwned'\ntR.",
        "icon.jpg": image_bytes(1, (16, 16), format="ICO"),
    }


def _huge() -> dict[str, bytes]:
    """Headers that promise more pixels than are decoded, with next to nothing behind them."""
    side = struct.pack(">HH", 65_500, 65_500)
    jpeg = image_bytes(1, (64, 48))
    progressive = image_bytes(1, (64, 48), progressive=True)
    size = struct.pack(">HH", 48, 64)
    gif_frame = b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0;"
    return {
        "huge.jpg": jpeg.replace(size, side, 1),
        "huge.progressive.jpg": progressive.replace(size, side, 1),
        "huge.png": png(2**31 - 1, 2**31 - 1, b""),
        "beyond.png": png(2**32 - 1, 1, b""),
        "no pixels.png": png(0, 0, b""),
        "huge.webp": vp8l(16_384, 16_384),
        "huge.canvas.webp": riff({b"VP8X": b"\x02\0\0\0" + b"\xff\xff\xff" * 2, b"ANIM": bytes(6)}),
        "beyond.webp": vp8l(9100, 9100),
        "huge.bmp": b"BM" + struct.pack("<LLLLllHHLLLLLL", 70, 0, 54, 40, 2**31 - 1, -(2**31), 1, 24, *[0] * 6),
        "negative.bmp": b"BM" + struct.pack("<LLLLllHHLLLLLL", 70, 0, 54, 40, -9, 9, 1, 24, *[0] * 6),
        "huge.gif": b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + gif_frame,
        "huge.tif": tiff({256: 2**31, 257: 2**31, 278: 2**31}),
        "no size.tif": tiff({256: 0, 257: 0}),
        "huge strip.tif": tiff({279: 2**32 - 1, 273: 2**32 - 1}),
        "huge samples.tif": tiff({277: 65_535, 258: 65_535}),
    }


def _bombs() -> dict[str, bytes]:
    """Small files that are whole and inflate to what is too much."""
    rows = zlib.compress((b"\0" + bytes(HUGE // 8)) * HUGE, 9)
    return {
        "bomb.png": png(HUGE, HUGE, rows, depth=1),
        "bomb.webp": vp8l(16_383, 16_383),
        "bomb.tif": tiff({256: HUGE, 257: HUGE, 278: HUGE, 259: 8, 258: 1}, zlib.compress(bytes(HUGE * HUGE // 8), 9)),
        "bomb.bmp": b"BM" + struct.pack("<LLLLllHHLLLLLL", 70, 0, 54, 40, HUGE, HUGE, 1, 8, 1, *[0] * 5) + b"\0\1",
    }


def _many_frames() -> dict[str, bytes]:
    """Animations without end, and directories that lead in circles."""
    gif_frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    frame = b"ANMF" + struct.pack("<L", 16 + 8 + 12) + bytes(16) + b"VP8L" + struct.pack("<L", 12)
    solid = vp8l(1, 1)[20:32].ljust(12, b"\0")
    still = image_bytes(1, (9, 7), format="PNG")
    control = chunk(b"acTL", struct.pack(">LL", 2**31, 0))
    one = tiff({})
    many = b"".join(_directory({}, 8 + number * 122, 8 + (number + 1) * 122) for number in range(20_000))
    return {
        "frames.gif": b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + gif_frame * 60_000 + b";",
        "frames.webp": riff({b"VP8X": b"\x02" + bytes(9), b"ANIM": bytes(6)}, (frame + solid) * 20_000),
        "frames.png": still[:33] + control + still[33:],
        "circle.tif": one[:-5] + struct.pack("<L", 8) + one[-1:],
        "directories.tif": b"II*\0\x08\0\0\0" + many,
        "entries.tif": b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + b"\0\1\4\0\xff\xff\xff\xff\x08\0\0\0" * 65_535,
    }


def _metadata() -> dict[str, bytes]:
    """Good pixels with EXIF that recurs, overruns and lies, and compressed texts that inflate."""
    tags = {
        "circle": _directory({}, 8, 8),
        "itself": struct.pack("<HHHLLHHLLL", 2, 0x8769, 4, 1, 8, 0x8825, 4, 1, 8, 8),
        "far": struct.pack("<HHHLLL", 1, 0x8769, 4, 1, 2**32 - 1, 2**32 - 1),
        "counts": struct.pack("<H", 3) + struct.pack("<HHLL", 0x010F, 2, 2**32 - 1, 8) * 3,
        "entries": b"\xff\xff" + struct.pack("<HHLL", 0x0112, 3, 2**31, 6) * 500,
        "zero": struct.pack("<HHHLLLLL", 1, 0x829A, 5, 1, 26, 0, 0, 0),
        "turn": struct.pack("<HHHLLL", 1, 0x0112, 3, 1, 60_000, 0),
    }
    found = {
        f"exif {name}.{format.lower()}": image_bytes(2, format=format, exif=b"Exif\0\0II*\0\x08\0\0\0" + block)
        for name, block in tags.items()
        for format in ("JPEG", "PNG", "WEBP")
    }
    still = image_bytes(2, format="PNG")
    inflated = zlib.compress(bytes(64 * MB), 9)
    texts = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}
    for kind, start in texts.items():
        found[f"{kind.decode()}.png"] = still[:33] + chunk(kind, start + inflated) + still[33:]
    found["more than the header says.png"] = png(8, 8, inflated)
    found["more than the header says.tif"] = tiff({259: 8}, inflated)
    return found


def _links(place: Path, outside: Path) -> dict[str, str]:
    targets = {
        "link to outside.jpg": (outside / "secret.jpg", "bad"),
        "link upwards.jpg": (Path("../../../") / outside.name / "secret.jpg", "bad"),
        "link to zeros.jpg": (Path("/dev/zero"), "bad"),
        "link to passwords.jpg": (Path("/etc/passwd"), "bad"),
        "link to memory.jpg": (Path("/proc/self/mem"), "bad"),
        "link to outside": (outside, "bad"),
        "link to above": (Path(".."), "bad"),
        "link to itself.jpg": (Path("link to itself.jpg"), "bad"),
        "link there.jpg": (Path("link back.jpg"), "bad"),
        "link back.jpg": (Path("link there.jpg"), "bad"),
        "link to nothing.jpg": (Path("nothing.jpg"), "bad"),
        "link within.jpg": (Path("0.jpg"), "good"),
    }
    for name, (target, _) in targets.items():
        (place / name).symlink_to(target)
    (place / "hard link.jpg").hardlink_to(place / "1.jpg")
    return {name: kind for name, (_, kind) in targets.items()} | {"hard link.jpg": "good"}


def _special(place: Path) -> dict[str, str]:
    """What is no ordinary file, or cannot be read as one."""
    os.mkfifo(place / "pipe.jpg")
    os.mknod(place / "socket.jpg", 0o600 | stat.S_IFSOCK)
    with (place / "endless.jpg").open("wb") as file:
        file.write(image_bytes(3))
        file.truncate(2**40)  # without taking room
    (place / "folder.jpg").mkdir()
    (place / "folder.jpg" / "inside.jpg").write_bytes(image_bytes(4))
    (place / "empty folder.jpg").mkdir()
    found = {"pipe.jpg": "bad", "socket.jpg": "bad", "endless.jpg": "bad", "folder.jpg/inside.jpg": "good"}
    (place / "back\\slash.jpg").write_bytes(image_bytes(5))
    found["back\\slash.jpg"] = "good"
    (place / os.fsdecode(b"not \xff\xfe unicode.jpg")).write_bytes(image_bytes(6))
    found["not \ufffd\ufffd unicode.jpg"] = "bad"
    if os.geteuid():  # root reads everything
        (place / "locked.jpg").write_bytes(image_bytes(7))
        (place / "locked.jpg").chmod(0)
        found["locked.jpg"] = "bad"
    return found


def _deep(place: Path) -> dict[str, str]:
    """An image below 200 folders, and folders so deep that the system takes no path to their end."""
    deep = place / Path(*["d"] * 200)
    deep.mkdir(parents=True)
    (deep / "deep.jpg").write_bytes(image_bytes(8))
    name = "l" * 250
    (place / name).mkdir()
    here = os.open(place / name, os.O_DIRECTORY)
    for _ in range(20):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    room = os.pathconf(place, "PC_PATH_MAX") - 1 - len(os.fsencode(place))
    return {f"{'d/' * 200}deep.jpg": "good", "/".join([name] * (room // 251 + 1)): "bad"}


def png(width: int, height: int, rows: bytes, depth: int = 8) -> bytes:
    """A grey PNG with these compressed rows, whether or not they fit."""
    header = struct.pack(">LLBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def riff(chunks: Mapping[bytes, bytes], more: bytes = b"") -> bytes:
    """A WebP of these chunks and what follows them."""
    body = b"".join(
        kind + struct.pack("<L", len(part)) + part + b"\0" * (len(part) % 2) for kind, part in chunks.items()
    )
    return b"RIFF" + struct.pack("<L", 4 + len(body) + len(more)) + b"WEBP" + body + more


def vp8l(width: int, height: int) -> bytes:
    """A whole lossless WebP of one colour, in 32 bytes at any size: five codes of one symbol each, 0 bits a pixel."""
    bits = (width - 1) % 2**14 | (height - 1) % 2**14 << 14
    codes = sum(0b0001 << 4 * number for number in range(5)) << 3  # behind: no transform, no cache, no meta code
    return riff({b"VP8L": b"\x2f" + struct.pack("<L", bits) + struct.pack("<Q", codes)[:7]})


def tiff(tags: Mapping[int, int], pixels: bytes = b"\0") -> bytes:
    """A grey TIFF of one strip whose tags are changed by `tags`, and its pixels."""
    strip = {273: 8 + 122, 279: len(pixels)}
    return b"II*\0\x08\0\0\0" + _directory({**strip, **tags}, 8, 0) + pixels


def _directory(tags: Mapping[int, int], at: int, following: int) -> bytes:
    """122 bytes, whatever the offset is that they lie `at`."""
    entries = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1} | dict(tags)
    table = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return (struct.pack("<H", len(entries)) + table + struct.pack("<L", following)).ljust(122, b"\0")
