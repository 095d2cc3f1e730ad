"""What the model card says of a bundle's verification, and of the files in it."""

from dataclasses import dataclass

from core.export.compare import TOLERANCE, Keras
from core.export.load_img import LoadImgComparison
from core.export.manifest import Manifest
from core.images.crop import Crop
from core.text.markup import escape_markdown as plain


@dataclass(frozen=True)
class Verified:
    """Result of the verification: `script`, the largest difference between a probability of predict.py and of the app
    over `images` images and `awkward` files of unusual formats; `missing`, why the images are drawings and not the
    run's own, or ""."""

    script: float
    images: int
    awkward: int
    missing: str
    keras: Keras


def verification(manifest: Manifest, verified: Verified) -> list[str]:
    """Sentences on what was compared, and how far apart it was."""
    kind = "drawn images" if verified.missing else "validation images"
    lines = [
        "Before this bundle could be downloaded, it was unpacked into an empty folder, and its `predict.py` was run in "
        f"a fresh process on {verified.images} {kind} and {verified.awkward} drawn files of unusual formats (rotated, "
        "large, transparent, CMYK, 16-bit, animated, a single pixel, not an image). Largest difference between its "
        f"probabilities and the app's: **{verified.script:.1e}**; more than {TOLERANCE:g} is refused."
    ]
    if verified.missing:
        lines.append(f"The run's own images were not available ({plain(verified.missing.rstrip('.'))}).")
    keras = verified.keras
    if keras.difference is not None:
        lines.append(f"`model.keras`, run by Keras on the same images: **{keras.difference:.1e}**.")
    else:
        lines.append(
            f"`model.keras` was compared at the end of the run: {manifest.keras_onnx_difference:.1e}. It was not "
            f"compared again ({plain(keras.reason.rstrip('.'))})."
        )
    if keras.load_img:
        lines.append(_load_img(keras.load_img, manifest.settings.crop))
    if keras.litert and keras.litert_difference is not None:
        lines.append(f"`model.tflite`, run by TensorFlow's interpreter: **{keras.litert_difference:.1e}**.")
    else:
        lines.append(f"There is no LiteRT file: {plain(keras.litert_reason.rstrip('.'))}.")
    return lines


def _load_img(compared: LoadImgComparison, crop: Crop) -> str:
    more = ", keep_aspect_ratio=True" if crop == "center" else ""
    words = (
        f'`keras.utils.load_img(file, target_size=..., interpolation="bilinear"{more})` gives the same pixels as '
        f"`predict.py` for {compared.same:,} of {compared.images:,} validation images."
    )
    if compared.same < compared.images:
        words += (
            f" For the others a probability differs by up to **{compared.difference:.1e}**, and {compared.changed:,} "
            "predictions change: it does not turn photos upright nor lay transparent ones on white, and decodes large "
            "JPEGs whole."
        )
    return words


def files(manifest: Manifest, verified: Verified) -> str:
    """A list of the files in the bundle: what each is."""
    has_neighbours = manifest.unlike is not None
    has_base = has_neighbours and manifest.fine_tuning is not None
    words_of = {
        "predict.py": "classifies and sorts images with onnxruntime, pillow and numpy alone; `--help` says how",
        "requirements.txt": "the versions of these packages used for the verification",
        "model.onnx": "input `image`, float32 (batch, size, size, 3), RGB, 0..255; output `probabilities`",
        "neighbours.npz": "features of training images, to tell how unlike them an image is; no names, no pixels"
        if has_neighbours
        else "",
        "base.onnx": "the frozen base whose features these are" if has_base else "",
        "model.keras": "the same for `keras.models.load_model`; preprocessing included",
        "model.tflite": "the same for LiteRT" if verified.keras.litert else "",
        "labels.json": "the classes in the order of the outputs, the image size and crop, the threshold, the "
        "cutoff of the sets. With two classes the single output is the probability of the second",
        "notebook.ipynb": "the run in plain Keras",
        "data.json": "" if verified.missing else "digests of the run's images for the notebook; no names, no pixels",
        "run.json": "settings and history; `pawlab import` turns the bundle back into a run",
        "validation.npz": "the predictions on the validation images",
        "SHA256SUMS": "checksums: `sha256sum -c SHA256SUMS`. They reveal damage but prove no origin",
    }
    return "\n".join(f"- `{name}`: {words}" for name, words in words_of.items() if words)
