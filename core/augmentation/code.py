"""The settings as Python source that makes the same copies with Keras alone; comments say where it cannot.

keras_generator  the ImageDataGenerator call, and a function for what that class lacks
keras_layers     a keras.Sequential of preprocessing layers

The third form, JSON, is `AugmentationConfig.to_json`. Tests run what is written here beside our own result.
"""

from core.augmentation.code_layers import keras_layers
from core.augmentation.settings import AugmentationConfig
from core.augmentation.source import comment, indented, number, pair, string

__all__ = ["keras_generator", "keras_layers"]

_MOVES = ("rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range", "crop_scale")


def keras_generator(config: AugmentationConfig) -> str:
    """Source that makes `generator`, a Keras ImageDataGenerator which draws from the distributions of `config`.

    Only arguments that matter are written. What the class lacks is done by its `preprocessing_function`, written out.
    """
    finish = _finish(config)
    lines = comment(
        "Pawlab's augmentation as Keras' ImageDataGenerator, written for tensorflow 2.21 and keras 3.15. Give it "
        "square RGB images, 0..255, of shape (num, height, width, 3). The amounts are drawn as in Pawlab, but from "
        "numpy's global generator: the single copies are others. What comes out is not rounded to whole grey levels."
    )
    if config.is_on("crop_scale"):
        lines += comment("Missing: crop_scale. ImageDataGenerator has no random resized crop.")
    lines += _imports(config)
    if finish:
        lines += ["", "", *finish, ""]
    lines += ["", *comment("Keras 3 keeps this class for old code only; this is the one public name that it has.")]
    arguments = _arguments(config)
    if finish:
        arguments.append("preprocessing_function=finish,")
    name = "generator = tf.keras.preprocessing.image.ImageDataGenerator"
    lines += [f"{name}(", *indented(arguments), ")"] if arguments else [f"{name}()"]
    lines += ["# batches = generator.flow(images, labels, batch_size=32)"]
    return "\n".join(lines) + "\n"


def _imports(config: AugmentationConfig) -> list[str]:
    needed = {
        "import io": config.is_on("jpeg_quality_range"),
        "": config.is_on("jpeg_quality_range"),
        "import numpy as np": bool(_finish(config)),
        "import PIL.Image": config.is_on("jpeg_quality_range"),
        "import scipy.ndimage": config.is_on("blur_range"),
        "import tensorflow as tf": True,
    }
    return [line for line, is_needed in needed.items() if is_needed]


def _arguments(config: AugmentationConfig) -> list[str]:
    """Lines of the call: arguments and comments."""
    lines = []
    if config.is_on("rotation_range"):
        lines.append(f"rotation_range={number(config.rotation_range)},")
    width, height = config.width_shift_range, config.height_shift_range
    if width != height:
        lines += comment(
            f"Swapped on purpose: {number(width)} of the width and {number(height)} of the height. Keras draws the "
            "shift along the width from height_shift_range and the other way round (keras-team/keras issue 17398)."
        )
    if height:
        lines.append(f"width_shift_range={number(height)},")
    if width:
        lines.append(f"height_shift_range={number(width)},")
    if config.is_on("shear_range"):
        lines.append(f"shear_range={number(config.shear_range)},")
    if config.is_on("zoom_range"):
        zoom = config.zoom_range
        lines.append(f"zoom_range={pair(zoom) if isinstance(zoom, tuple) else number(zoom)},")
    if any(map(config.is_on, _MOVES)):
        lines.append(f"fill_mode={string(config.fill_mode)},")
        if config.fill_mode == "constant":
            lines.append(f"cval={number(config.cval)},")
    if config.is_on("channel_shift_range"):
        lines.append(f"channel_shift_range={number(config.channel_shift_range)},")
    lines += [f"{name}=True," for name in ("horizontal_flip", "vertical_flip") if config.is_on(name)]
    if config.brightness_range and config.is_on("brightness_range"):
        lines.append(f"brightness_range={pair(config.brightness_range)},")
    return lines


def _finish(config: AugmentationConfig) -> list[str]:
    """A function that does the rest, in Pawlab's order; empty where ImageDataGenerator does it all."""
    steps: list[str] = []
    if config.contrast_range and config.is_on("contrast_range"):
        steps += [
            "mean = image.mean(axis=(0, 1))",
            f"image = np.clip(mean + (image - mean) * draw{pair(config.contrast_range)}, 0, 255)",
        ]
    if config.saturation_range and config.is_on("saturation_range"):
        steps += [
            f"factor = draw{pair(config.saturation_range)}",
            "image = 255 * tf.image.adjust_saturation(image / 255, factor).numpy()",
        ]
    if config.is_on("hue_range"):
        limit = number(config.hue_range)
        steps += [
            f"turn = draw(-{limit}, {limit}) / 360",
            "image = 255 * tf.image.adjust_hue(image / 255, turn).numpy()",
        ]
    if config.is_on("grayscale_probability"):
        steps += [
            f"if draw() < {number(config.grayscale_probability)}:",
            "    image = image @ np.float32([[0.299] * 3, [0.587] * 3, [0.114] * 3])",
        ]
    if config.is_on("blur_range"):
        steps += [
            f"blur = draw(0, {number(config.blur_range)})",
            'image = scipy.ndimage.gaussian_filter(image, (blur, blur, 0), mode="mirror")',
        ]
    if config.is_on("noise_range"):
        steps += [
            f"noise = np.random.normal(0, draw(0, {number(config.noise_range)}), image.shape)",
            "image = np.clip(image + noise, 0, 255)",
        ]
    if config.jpeg_quality_range and config.is_on("jpeg_quality_range"):
        steps += [
            "file = io.BytesIO()",
            f"quality = round(draw{pair(config.jpeg_quality_range)})",
            'PIL.Image.fromarray(np.rint(image).astype("uint8")).save(file, "JPEG", quality=quality)',
            "image = np.asarray(PIL.Image.open(file))",
        ]
    if config.is_on("erasing_probability"):
        steps += _erasing(config)
    if not steps:
        return []
    words = '"""What ImageDataGenerator lacks. Takes and gives float32 (height, width, 3), 0..255."""'
    body = [words, "draw = np.random.uniform", *steps, "return np.float32(image)"]
    return ["def finish(image):", *indented(body)]


def _erasing(config: AugmentationConfig) -> list[str]:
    return [
        f"if draw() < {number(config.erasing_probability)}:",
        f"    area = draw{pair(config.erasing_scale)}",
        "    aspect = np.exp(draw(np.log(max(area, 0.3)), np.log(min(1 / area, 1 / 0.3))))",
        "    sides = np.sqrt([area / aspect, area * aspect]) * image.shape[:2]  # height and width",
        "    start = draw(0, image.shape[:2] - sides)",
        "    (top, left), (bottom, right) = np.rint([start, start + sides]).astype(int)",
        "    image = np.array(image)",
        f"    image[top:bottom, left:right] = {number(config.erasing_value)}",
    ]
