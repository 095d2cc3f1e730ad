"""Classifies pictures with the model beside this file: python predict.py [--probabilities] IMAGE...

Prints one line of JSON a picture: path, label and confidence (0..1), or path and error; with "unsure": true where the
confidence is below the threshold in labels.json. Needs onnxruntime, pillow and numpy (see requirements.txt).
"""

import argparse
import json
import os
import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
TURNS |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}  # by EXIF's orientation


def load_image(path: str, size: int) -> np.ndarray:
    """The picture as the model sees it: uint8 (size, size, 3), RGB, upright, on white, squeezed to a square."""
    if Path(path).stat().st_size > 64 * 2**20:
        raise ValueError("the file has more than 64 MB")
    with Image.open(path, formats=("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")) as image:
        if image.width * image.height > (65 if image.format == "WEBP" else 100) * 10**6:
            raise ValueError(f"the picture has {image.width}x{image.height} pixels")
        image.draft("RGB", (size, size))  # JPEG is decoded at the smallest scale that is large enough
        image.load()
        square = to_rgb(image).resize((size, size), Image.Resampling.BILINEAR)
        turn = TURNS.get(orientation(image.info.get("exif", b"")))
        return np.array(square.transpose(Image.Transpose[turn]) if turn else square)


def to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):  # 16-bit grey, scaled to 8
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("32-bit pixels outside 0..65535")
        if isinstance(transparent := image.info.get("transparency"), int):
            values[values == transparent] = 65535
        return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"):
        raise ValueError(f"pixels of the kind {image.mode}")
    if not image.has_transparency_data:
        return image.convert("RGB")
    picture = image.convert("RGBA")
    canvas = Image.new("RGB", picture.size, "white")
    canvas.paste(picture, mask=picture.getchannel("A"))
    return canvas


def orientation(exif: bytes) -> int:
    """EXIF's orientation; 1 where there is none or it is broken. (Pillow turns a TIFF itself.)"""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = ">" if tiff.startswith(b"MM") else "<"
    try:
        (start,) = struct.unpack_from(order + "L", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for at in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(order + "HHLH", tiff, at)
            if (tag, kind, count) == (0x0112, 3, 1) and tiff[:2] in (b"II", b"MM"):
                return int(value)
    except struct.error:
        pass
    return 1


def main() -> None:
    parser = argparse.ArgumentParser(description="Classifies pictures; prints one line of JSON for each.")
    parser.add_argument("--probabilities", action="store_true", help="print the probability of every class")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="PIL")
    Image.MAX_IMAGE_PIXELS = None  # load_image has its own limit
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime would report its use to its makers
    import onnxruntime  # here, so that load_image can be imported without it

    here = Path(__file__).parent
    about = json.loads((here / "labels.json").read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(here / "model.onnx", providers=["CPUExecutionProvider"])
    for path in options.images:
        try:
            pixels = load_image(path, about["image_size"]).astype(np.float32)[np.newaxis]
        except Exception as error:  # a decoder may raise nearly anything
            print(json.dumps({"path": path, "error": str(error) or type(error).__name__}), flush=True)
            continue
        row = session.run(["probabilities"], {"image": pixels})[0][0].tolist()
        row = [1 - row[0], row[0]] if len(row) == 1 else row
        best = row.index(max(row))
        answer = {"path": path, "label": about["classes"][best], "confidence": row[best]}
        if row[best] < about["threshold"]:
            answer["unsure"] = True
        if options.probabilities:
            answer["probabilities"] = dict(zip(about["classes"], row, strict=True))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
