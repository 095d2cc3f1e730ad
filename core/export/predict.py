"""python predict.py IMAGE... prints one line of JSON a picture: path, label and confidence (0..1), or path and error;
also "unsure" where the confidence is below the threshold in labels.json. Needs onnxruntime, pillow and numpy."""

import json
import os
import struct
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}  # by EXIF's orientation
TURNS |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}


def load_image(path: str, size: int) -> np.ndarray:
    """The picture as the model sees it: uint8 (size, size, 3), RGB, upright, on white, squeezed to a square."""
    if Path(path).stat().st_size > 64 * 2**20:
        raise ValueError("the file has more than 64 MB")
    with Image.open(path, formats=("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")) as image:
        if image.width * image.height > (65 if image.format == "WEBP" else 100) * 10**6:
            raise ValueError(f"the picture has {image.width}x{image.height} pixels")
        image.draft("RGB", (size, size))  # JPEG is decoded at the smallest scale that is large enough
        image.load()
    picture: Image.Image = image
    if image.mode.startswith("I"):  # 16-bit grey, scaled to 8
        values = np.asarray(image).astype(int)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("32-bit pixels outside 0..65535")
        values[values == image.info.get("transparency", -1)] = 65535
        picture = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if picture.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"):
        raise ValueError(f"pixels of the kind {picture.mode}")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer)
    square = picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.array(upright(square, image.info.get("exif", b"")))


def upright(square: Image.Image, exif: bytes) -> Image.Image:
    """Turned as EXIF says. (Pillow's own reader gives up where any other part of the block is damaged.)"""
    tiff = exif.removeprefix(b"Exif\0\0")
    with suppress(KeyError, struct.error):  # there is none, it is broken, or says nothing that we know
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(order + "L", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for at in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(order + "HHLH", tiff, at)
            if (tag, kind, count) == (0x0112, 3, 1):
                return square.transpose(Image.Transpose[TURNS[value]])
    return square


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")  # Pillow's, of metadata that nobody asked for
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime would report its use to its makers
    import onnxruntime  # here, so that load_image can be imported without it

    about = json.loads(Path(__file__).with_name("labels.json").read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"), providers=["CPUExecutionProvider"])
    for path in sys.argv[1:]:
        answer: dict[str, object] = {"path": path}
        try:
            image = load_image(path, about["image_size"])[np.newaxis].astype(np.float32)
        except Exception as error:  # a decoder may raise nearly anything
            answer["error"] = str(error) or type(error).__name__
        else:
            row = session.run(["probabilities"], {"image": image})[0][0].tolist()
            row = row if len(row) > 1 else [1 - row[0], row[0]]
            answer |= {"label": about["classes"][row.index(max(row))], "confidence": max(row)}
            if max(row) < about["threshold"]:
                answer["unsure"] = True
        print(json.dumps(answer), flush=True)
