"""The settings as source of Keras preprocessing layers. What differs was read in the layers' own source, keras 3.15."""

import math

from core.augmentation.parameters import Pair
from core.augmentation.settings import AugmentationConfig
from core.augmentation.source import Argument, call, comment, indented, number, pair, string

FARTHEST = 2.0  # the zoom factor that RandomZoom goes to; ours goes to 3
_GEOMETRY = ("rotation_range", "shear_range", "zoom_range")

_RANDOM_FACTOR = '''
@keras.saving.register_keras_serializable(package="augmentation")
class RandomFactor(keras.layers.Layer):
    """Multiplies an image's colours, or their distance from the mean, by one factor."""

    def __init__(self, lower, upper, about_mean=False, **kwargs):
        super().__init__(**kwargs)
        self.lower, self.upper, self.about_mean = lower, upper, about_mean
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        num, limits = keras.ops.shape(images)[0], (self.lower, self.upper)
        factor = keras.random.uniform((num, 1, 1, 1), *limits, seed=self.seed_generator)
        mean = keras.ops.mean(images, axis=(1, 2), keepdims=True)
        middle = mean if self.about_mean else 0.0
        return keras.ops.clip(middle + (images - middle) * factor, 0, 255)

    def get_config(self):
        own = {"lower": self.lower, "upper": self.upper, "about_mean": self.about_mean}
        return {**super().get_config(), **own}

'''


def keras_layers(config: AugmentationConfig, size: int) -> str:
    """Source that makes `augmentation`, a `keras.Sequential` of preprocessing layers.

    Comments say where a layer's distribution, centre or edge is not ours and what has no layer. Where the layer would
    be wrong, a small layer of its own is written out.

    Args:
        config: The settings.
        size: Height and width of the images in pixels.
    """
    layers = [*_moves(config), *_light(config), *_colours(config), *_quality(config), *_erasing(config)]
    head = comment(
        "Pawlab's augmentation as Keras preprocessing layers, written for keras 3.15, for batches of RGB images, "
        "0..255. They act with training=True only: inside a model they leave evaluation and prediction alone. The "
        "amounts are drawn as in Pawlab unless a comment says otherwise; the single copies are others. Pawlab rounds "
        "to whole grey levels after each step, the layers do not."
    )
    missing = {
        "crop_scale": "Missing: crop_scale. RandomCrop cuts at one size and does not enlarge.",
        "jpeg_quality_range": "Missing: jpeg_quality_range. Keras has no such layer; tf.image.random_jpeg_quality "
        "does it for one image in a tf.data pipeline.",
    }
    head += [line for name, words in missing.items() if config.is_on(name) for line in comment(words)]
    head += ["import math", ""] if any("math." in line for line in layers) else []
    head += ["import keras"]
    if any("RandomFactor(" in line for line in layers):
        head += ["", *_RANDOM_FACTOR.splitlines()]
    body = [f"keras.Input(shape=({int(size)}, {int(size)}, 3)),", *(layers or ["keras.layers.Identity(),"])]
    tail = ["", "augmentation = keras.Sequential(", "    [", *indented(indented(body)), "    ],"]
    tail += ['    name="augmentation",', ")", "# copies = augmentation(images, training=True)"]
    return "\n".join([*head, *tail]) + "\n"


def _layer(name: str, *arguments: Argument) -> list[str]:
    return call(f"keras.layers.{name}", *arguments)


def _moves(config: AugmentationConfig) -> list[str]:
    """Rotation, shift, shear, zoom: in this order the layers multiply to Pawlab's one matrix."""
    fill: list[Argument] = [("fill_mode", string(config.fill_mode))]
    if config.fill_mode == "constant":
        fill += [("fill_value", number(config.cval))]
    shifts = config.is_on("width_shift_range") or config.is_on("height_shift_range")
    moves = [name for name in _GEOMETRY if config.is_on(name)] + ["shifts"] * shifts
    lines = []
    if len(moves) > 1:
        lines += comment("Each of these resamples and fills what the one before left; Pawlab does both once.")
    if moves and config.fill_mode == "wrap":
        lines += comment("wrap repeats after the whole side; in Pawlab, as in SciPy, after one pixel less.")
    if moves and config.fill_mode == "constant":
        lines += comment("The outermost pixels fade into the constant within a pixel; in Pawlab they end.")
    if config.is_on("rotation_range"):
        lines += _layer("RandomRotation", ("factor", f"{number(config.rotation_range)} / 360"), *fill)
    if shifts:
        height, width = number(config.height_shift_range), number(config.width_shift_range)
        lines += _layer("RandomTranslation", ("height_factor", height), ("width_factor", width), *fill)
    if config.is_on("shear_range"):
        lines += comment(
            "Slants about the top left corner, Pawlab about the middle. The lean is drawn evenly, in Pawlab its angle. "
            "Pawlab also heightens the image, by 1 / cos(angle)."
        )
        lines += _layer("RandomShear", ("x_factor", f"math.sin(math.radians({number(config.shear_range)}))"), *fill)
    if config.is_on("zoom_range"):
        lines += _zoom(config.zoom_limits, fill)
    return lines


def _zoom(limits: Pair, fill: list[Argument]) -> list[str]:
    lower, upper = map(number, limits)
    if limits[1] <= FARTHEST:
        factor = f"({lower} - 1, {upper} - 1)"
        return _layer("RandomZoom", ("height_factor", factor), ("width_factor", factor), *fill)
    lines = comment("RandomZoom shrinks to a half at most: first always by 1.5, then by the rest.")
    for factor in ("(0.5, 0.5)", f"({lower} / 1.5 - 1, {upper} / 1.5 - 1)"):
        lines += _layer("RandomZoom", ("height_factor", factor), ("width_factor", factor), *fill)
    return lines


def _light(config: AugmentationConfig) -> list[str]:
    lines = []
    if config.is_on("channel_shift_range"):
        lines += comment("Clips to 0..255; Pawlab, as ImageDataGenerator, to the image's own least and greatest.")
        lines += _layer("RandomBrightness", ("factor", f"{number(config.channel_shift_range)} / 255"))
    for name, mode in (("horizontal_flip", "horizontal"), ("vertical_flip", "vertical")):
        if config.is_on(name):
            lines += _layer("RandomFlip", ("", string(mode)))
    if config.brightness_range and config.is_on("brightness_range"):
        lines += comment("RandomBrightness adds; Pawlab, as ImageDataGenerator, multiplies.")
        lines += _factor(config.brightness_range)
    return lines


def _colours(config: AugmentationConfig) -> list[str]:
    lines = []
    if config.contrast_range and config.is_on("contrast_range"):
        lower, upper = config.contrast_range
        if upper - 1 >= 1 - lower:
            factor = f"(1 - {number(lower)}, {number(upper)} - 1)"
            lines += _layer("RandomContrast", ("factor", factor))
        else:
            lines += comment("RandomContrast would sort 1 - lower and upper - 1, and so cannot draw from this range.")
            lines += _factor(config.contrast_range, ("about_mean", "True"))
    if config.saturation_range and config.is_on("saturation_range"):
        lower, upper = config.saturation_range
        if lower < upper:
            drawn = [lower / (1 + lower), upper / (1 + upper)]
            middle = sum(drawn) / (2 - sum(drawn))
            lines += comment(
                f"Draws f evenly for a factor of f / (1 - f): half of the copies are below {middle:.3g}, in Pawlab "
                f"below {(lower + upper) / 2:.3g}."
            )
        factor = ", ".join(f"{number(limit)} / (1 + {number(limit)})" for limit in config.saturation_range)
        layer = _layer("RandomSaturation", ("factor", f"({factor})"), ("value_range", "(0, 1)"))
        lines += ["keras.layers.Rescaling(1 / 255),", *layer, "keras.layers.Rescaling(255),"]
    if config.is_on("hue_range"):
        lines += _layer("RandomHue", ("factor", f"{number(config.hue_range)} / 180"))
    if config.is_on("grayscale_probability"):
        lines += _layer("RandomGrayscale", ("factor", number(config.grayscale_probability)))
    return lines


def _quality(config: AugmentationConfig) -> list[str]:
    lines = []
    if config.is_on("blur_range"):
        lines += comment(
            "One strength for the whole batch, another along each axis; in Pawlab each image has one of its own. The "
            "edges darken, because Keras takes what lies outside as black; Pawlab mirrors."
        )
        kernel_size = 2 * math.ceil(3 * config.blur_range) + 1
        arguments = [("factor", "(1.0, 1.0)"), ("kernel_size", str(kernel_size))]
        lines += _layer("RandomGaussianBlur", *arguments, ("sigma", f"(0.0, {number(config.blur_range)})"))
    if config.is_on("noise_range"):
        limit = number(config.noise_range)
        lines += comment(
            f"The same strength for every image, of the mean variance of Pawlab's, which is drawn from 0 to {limit}."
        )
        lines += ["keras.layers.Rescaling(1 / 255),"]
        lines += _layer("GaussianNoise", ("stddev", f"{limit} / 255 / math.sqrt(3)"))
        lines += ["keras.layers.Rescaling(255),", "keras.layers.ReLU(max_value=255),"]
    return lines


def _erasing(config: AugmentationConfig) -> list[str]:
    if not config.is_on("erasing_probability"):
        return []
    chance = number(config.erasing_probability)
    lines = comment(
        "The squares of the rectangle's two sides are drawn from scale: its area stays within, but lies in the middle "
        "more often than Pawlab's, which is drawn evenly."
    )
    arguments = [("factor", f"({chance}, {chance})"), ("scale", pair(config.erasing_scale))]
    return [*lines, *_layer("RandomErasing", *arguments, ("fill_value", number(config.erasing_value)))]


def _factor(limits: Pair, *arguments: Argument) -> list[str]:
    return call("RandomFactor", ("", number(limits[0])), ("", number(limits[1])), *arguments)
