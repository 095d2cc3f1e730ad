"""Prints one line of JSON an image: path, label and confidence (0..1), or path and error; also "unsure" where the
confidence is below the threshold in labels.json; and "set", the classes that the image may show: of images like the
validation images, the true class is among them with the probability "level" in labels.json. Where neighbours.npz is
beside it, also "distance" (0..1) to the training images, and "unlike": whether that is beyond the cut. That is no test
for what an image shows: see README.md.
Exits with 1 where an image failed. Needs onnxruntime, pillow and numpy."""

import argparse
import json
import os
import re
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = None  # load_image has limits of its own, of which phones stay below
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}  # by EXIF orientation
TURNS |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}


def load_image(path: str, size: int, crop: str = "squeeze") -> np.ndarray:
    """The image as the model sees it: uint8 (size, size, 3), RGB, upright, on white; the whole image squeezed to a
    square, or with the crop "center" the largest centred square."""
    if Path(path).stat().st_size > 64 * 2**20:
        raise ValueError("the file has more than 64 MB")
    with Image.open(path, formats=("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")) as image:
        most = {"JPEG": 250, "MPO": 250, "WEBP": 80}.get(str(image.format), 100)
        if image.width * image.height > most * 10**6:
            raise ValueError(f"the image has {image.width}x{image.height} pixels, more than {most} million")
        width, height = image.size
        reduced = image.draft("RGB", (4 * size, 4 * size))  # a large JPEG is decoded at a smaller scale
        scale = width / reduced[1][2] if reduced else 1
        image.load()
    pixels: Image.Image = image
    if not reduced:
        width, height = image.size  # a TIFF has been turned while loading
    turned = orientation(image.info.get("exif", b""))
    box = centred_square(width, height, turned) if crop == "center" else (0, 0, width, height)
    # Without what the last blocks of a reduced JPEG have beyond the image:
    left, top, right, bottom = (edge / scale for edge in box)
    if image.mode.startswith("I"):  # 16-bit grey, scaled to 8
        values = np.asarray(image).astype(int)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("32-bit pixels outside 0..65535")
        values[values == image.info.get("transparency", -1)] = 65535
        pixels = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if pixels.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"):
        raise ValueError(f"pixels of the kind {pixels.mode}")
    if pixels.has_transparency_data:
        layer = pixels.convert("RGBA")
        pixels = Image.new("RGB", layer.size, "white")
        pixels.paste(layer, mask=layer)
    square = pixels.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, (left, top, right, bottom))
    return np.array(square.transpose(Image.Transpose[TURNS[turned]]) if turned in TURNS else square)


def centred_square(width: int, height: int, turned: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the largest centred square. Where the sides differ by an odd number, the upright
    image loses one pixel more at its right or bottom, as in Keras' load_img with keep_aspect_ratio=True."""
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    left = width - side - left if turned in (2, 3, 7, 8) else left
    top = height - side - top if turned in (3, 4, 6, 7) else top
    return left, top, left + side, top + side


def orientation(exif: bytes) -> int:
    """EXIF's, 1 where it has none. (Pillow's own reader gives up if any other part of the block is damaged.)"""
    tiff = exif.removeprefix(b"Exif\0\0")
    with suppress(KeyError, struct.error):  # missing, broken or unknown
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(order + "L", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for at in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(order + "HHLH", tiff, at)
            if (tag, kind, count) == (0x0112, 3, 1):
                return int(value)
    return 1


def files_in(place: Path, skip: Path | None) -> Iterator[Path]:
    """A file itself; of a folder all files below it, but hidden ones, links and what lies in `skip`."""
    if not place.is_dir():
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(folder, name).resolve() != skip
        )
        for file in (Path(folder, name) for name in sorted(names) if not name.startswith(".")):
            if not file.is_symlink():
                yield file


def class_folders(classes: list[str]) -> dict[str, str]:
    """A folder's name for each class, safe on every system; no two are the same, and none is "unsure" or "unlike"."""
    folders: dict[str, str] = {}
    for label in classes:
        name = re.sub(r'[<>:"/\\|?*\x00-\x1f\x7f]', "_", label).strip(" .")[:60] or "_"
        if re.match(r"(con|prn|aux|nul|(com|lpt)\d)\s*(\.|$)", name, re.IGNORECASE):
            name = f"_{name}"
        while name.casefold() in {"unsure", "unlike", *(taken.casefold() for taken in folders.values())}:
            name += "_"
        folders[label] = name
    return folders


def copy_into(folder: Path, file: Path) -> str:
    """Copies the file; a name that is taken gets a number. Returns where the copy lies."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        raise ValueError(f"{folder} is a link to another place")
    content, number, copy = file.read_bytes(), 1, folder / file.name
    while True:
        with suppress(FileExistsError):
            with copy.open("xb") as opened:
                try:
                    opened.write(content)
                except OSError:  # the disk is full: half an image is none
                    copy.unlink()
                    raise
            return str(copy)
        number += 1
        copy = folder / f"{file.stem}-{number}{file.suffix}"


class Reference:
    """Features of training images, and the model that gives such features: base.onnx, where model.onnx's have changed
    with fine-tuning."""

    def __init__(self, folder: Path, about: dict[str, float], open_session: Callable[[Path], Any]) -> None:
        with np.load(folder / "neighbours.npz", allow_pickle=False) as stored:
            rows = stored["features"].astype(np.float32)
        self.rows, self.cut = rows / np.linalg.norm(rows, axis=1, keepdims=True), about["cut"]
        self.neighbour = min(int(about["neighbour"]), len(rows))
        self.base = open_session(folder / "base.onnx") if (folder / "base.onnx").is_file() else None

    def distance(self, image: np.ndarray, feature_map: np.ndarray) -> float:
        """The cosine distance to the 5th nearest training image, by the base's features averaged over the image."""
        if self.base:
            (feature_map,) = self.base.run(["feature_map"], {"image": image})
        feature = feature_map[0].mean(axis=(0, 1))
        similarities = self.rows @ (feature / max(float(np.linalg.norm(feature)), 1e-12))
        return float(1 - np.sort(similarities)[-self.neighbour])


def members(classes: list[str], row: list[float], cutoff: float) -> list[str]:
    """Those whose probability is the cutoff or more, most probable first; at least the most probable one."""
    ranked = sorted(zip(classes, row, strict=True), key=lambda pair: -pair[1])
    return [name for place, (name, value) in enumerate(ranked) if not place or value >= cutoff]


def main() -> int:
    parser = argparse.ArgumentParser(description="Classifies images. " + " ".join(str(__doc__).split()))
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="an image, or a folder of images")
    explained = "copy each image into DIR/CLASS, unsure ones into DIR/unsure, those unlike the training images into "
    explained += "DIR/unlike; originals stay, nothing is overwritten"
    parser.add_argument("--sort-into", type=Path, metavar="DIR", help=explained)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # from Pillow, about metadata
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # or ONNX Runtime reports its use to its makers
    import onnxruntime  # here, so that load_image can be imported without it

    def open_session(model: Path) -> onnxruntime.InferenceSession:
        return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    here = Path(__file__).parent
    about = json.loads((here / "labels.json").read_text(encoding="utf-8"))
    session = open_session(here / "model.onnx")
    reference = Reference(here, about["unlike"], open_session) if "unlike" in about else None
    target, folders, failed = arguments.sort_into, class_folders(about["classes"]), 0
    skip = target and target.resolve()
    files = [file for place in arguments.images for file in files_in(place, skip)]  # before there are copies
    if not files:
        parser.error("there are no files in it")
    for file in files:
        prediction: dict[str, object] = {"path": str(file)}
        try:
            square = load_image(str(file), about["image_size"], crop=about.get("crop", "squeeze"))
            image = square[np.newaxis].astype(np.float32)
            rows, feature_map = session.run(["probabilities", "feature_map"], {"image": image})
            row = rows[0].tolist()
            row = row if len(row) > 1 else [1 - row[0], row[0]]
            label, unsure = about["classes"][row.index(max(row))], max(row) < about["threshold"]
            prediction |= {"label": label, "confidence": max(row)}
            if unsure:
                prediction["unsure"] = True
            if sets := about.get("sets"):
                prediction["set"] = members(about["classes"], row, sets["cutoff"])
            folder = "unsure" if unsure else folders[label]
            if reference:
                distance = reference.distance(image, feature_map)
                prediction |= {"distance": distance, "unlike": distance > reference.cut}
                folder = "unlike" if prediction["unlike"] else folder
            if target:
                prediction["copy"] = copy_into(target / folder, file)
        except Exception as error:  # a decoder may raise nearly anything
            prediction["error"] = str(error) or type(error).__name__
            failed = 1
        print(json.dumps(prediction), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
