"""The emitted source, run with Keras beside our own result: the same image where nothing is left to chance, else the
same distribution of what can be measured on an image."""

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given

from core.augmentation import PRESETS, AugmentationConfig, Drawn, apply, augment, draw
from core.augmentation.code import keras_generator, keras_layers
from tests.augmentation.test_sharing import configs
from tests.examples import FEW

SIZE = 48
NOTHING = PRESETS["none"]
WHOLE_LEVELS = 0.55  # ours is rounded to whole grey levels, Keras' is not; and float32 positions against float64
QUANTILES = np.linspace(0.1, 0.9, 9)
NUM_COPIES = 1500
# Of the width between the tenth and the ninetieth of a hundred. For even draws the difference of two medians of 1,500
# has a standard error of 0.023 of that; the seeds are fixed.
NEAR = 0.08
Images = npt.NDArray[np.float64]
Run = Callable[[AugmentationConfig, npt.NDArray[np.uint8]], Images]


def in_words(value: object) -> str:
    """A parameter's part of a test's name, the same in every process: no addresses."""
    return str(getattr(value, "__name__", value))


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(source, "emitted", "exec"), names)
    return names


@pytest.fixture(scope="module")
def keras(keras: Any) -> Any:
    """With the parts that the emitted source loads, which warn when they are loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        assert tf.keras.preprocessing.image
    return keras


@pytest.fixture(scope="module")
def by_generator(keras: Any) -> Run:
    def copies(config: AugmentationConfig, images: npt.NDArray[np.uint8]) -> Images:
        generator = run(keras_generator(config))["generator"]
        np.random.seed(1)
        with warnings.catch_warnings():
            # SciPy announces the end of the module through which Keras calls it.
            warnings.simplefilter("ignore", DeprecationWarning)
            return np.array(next(generator.flow(images, batch_size=len(images), shuffle=False)), np.float64)

    return copies


@pytest.fixture(scope="module")
def by_layers(keras: Any) -> Run:
    def copies(config: AugmentationConfig, images: npt.NDArray[np.uint8]) -> Images:
        keras.utils.set_random_seed(2)
        layers = run(keras_layers(config, images.shape[1]))["augmentation"]
        return np.array(layers(images.astype("float32"), training=True), np.float64)

    return copies


@pytest.fixture(params=["generator", "layers"])
def by_keras(keras: Any, request: pytest.FixtureRequest) -> Run:
    run: Run = request.getfixturevalue(f"by_{request.param}")
    return run


def by_us(config: AugmentationConfig, images: npt.NDArray[np.uint8]) -> Images:
    copies = [augment(image, config, 1, "ab" * 32, copy)[0] for copy, image in enumerate(images)]
    return np.array(copies, np.float64)


def photo() -> npt.NDArray[np.uint8]:
    """uint8 (48, 48, 3): smooth light in each channel, an edge, and noise."""
    row, column = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    planes = [np.sin(4 * row + 3 * column + phase) for phase in (0.0, 1.5, 3.5)]
    light = 128 + 90 * np.stack(planes, axis=-1) + np.random.default_rng(0).normal(0, 8, (SIZE, SIZE, 3))
    light[row + column > 1.2] += 40
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def blob(row: int, column: int, height: int = 4, width: int = 4) -> npt.NDArray[np.uint8]:
    """uint8 (48, 48, 3): white, of half this height and width, on black."""
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[row - height : row + height, column - width : column + width] = 255
    return image


def plain(*colour: int) -> npt.NDArray[np.uint8]:
    return np.full((SIZE, SIZE, 3), colour, np.uint8)


# what the source is


@given(config=configs)
def test_the_source_of_any_config_compiles(config: AugmentationConfig) -> None:
    for source in (keras_generator(config), keras_layers(config, 160)):
        compile(source, "emitted", "exec")
        assert source.isascii()
        assert max(len(line) for line in source.splitlines() if line.lstrip().startswith("#")) <= 100


@pytest.mark.parametrize("config", PRESETS.values(), ids=list(PRESETS))
def test_the_source_of_a_preset_is_narrow(config: AugmentationConfig) -> None:
    for source in (keras_generator(config), keras_layers(config, 160)):
        assert max(map(len, source.splitlines())) <= 100


@given(config=configs)
def test_only_numbers_and_the_fill_mode_come_from_the_config(config: AugmentationConfig) -> None:
    def without_numbers(source: str) -> set[str]:
        tree = ast.parse(source)
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        return texts | {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}

    everything = PRESETS["strong"].changed(
        zoom_range=(0.5, 2.5),
        contrast_range=(0.1, 0.5),
        vertical_flip=True,
        blur_range=1,
        noise_range=1,
        jpeg_quality_range=(30, 90),
        fill_mode=config.fill_mode,
    )
    more = everything.changed(contrast_range=(0.5, 1.5))
    for emit in (keras_generator, lambda config: keras_layers(config, 160)):
        known = without_numbers(emit(everything)) | without_numbers(emit(more)) | {"keras.layers.Identity"}
        assert without_numbers(emit(config)) <= known


def test_a_config_that_was_never_checked_cannot_smuggle_source_in() -> None:
    hostile = '"), __import__("os").system("true"), ("\n'
    config = NOTHING.changed(rotation_range=10).model_copy(update={"fill_mode": hostile})
    for source in (keras_generator(config), keras_layers(config, 160)):
        calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}
        assert not any("import" in name or "system" in name for name in calls)
        assert hostile in {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    with pytest.raises(ValueError, match="invalid literal"):
        keras_generator(NOTHING.model_copy(update={"rotation_range": "__import__('os')"}))


@given(config=configs)
def test_the_call_says_what_the_config_says(config: AugmentationConfig) -> None:
    generator = run(keras_generator(config))["generator"]
    # Keras draws the shift along the width from height_shift_range.
    assert generator.height_shift_range == config.width_shift_range
    assert generator.width_shift_range == config.height_shift_range
    assert generator.rotation_range == config.rotation_range
    assert generator.shear_range == config.shear_range
    assert tuple(generator.zoom_range) == config.zoom_limits
    assert generator.channel_shift_range == config.channel_shift_range
    assert (generator.horizontal_flip, generator.vertical_flip) == (config.horizontal_flip, config.vertical_flip)
    assert (generator.brightness_range or (1, 1)) == (config.brightness_range or (1, 1))
    if config.is_on("rotation_range"):
        assert generator.fill_mode == config.fill_mode
        if config.fill_mode == "constant":
            assert generator.cval == config.cval


def test_equal_shifts_are_not_commented() -> None:
    assert "17398" not in keras_generator(AugmentationConfig())
    assert "17398" in keras_generator(AugmentationConfig(width_shift_range=0.1))


def test_what_does_nothing_is_not_written() -> None:
    assert "(\n" not in keras_generator(NOTHING).partition("generator =")[2]
    layers = keras_layers(NOTHING, 160)
    assert re.findall(r"keras\.layers\.(\w+)", layers) == ["Identity"]
    assert "fill_mode" not in keras_generator(NOTHING.changed(brightness_range=(0.5, 1), fill_mode="wrap"))


@pytest.mark.parametrize(
    ("change", "emit", "words"),
    [
        ({"crop_scale": (0.5, 1)}, keras_generator, "Missing: crop_scale"),
        ({"crop_scale": (0.5, 1)}, keras_layers, "Missing: crop_scale"),
        ({"jpeg_quality_range": (30, 90)}, keras_layers, "Missing: jpeg_quality_range"),
        ({"channel_shift_range": 20}, keras_layers, "Clips to 0..255"),
        ({"shear_range": 20}, keras_layers, "top left corner"),
        ({"blur_range": 1}, keras_layers, "edges darken"),
        ({"noise_range": 9}, keras_layers, "same strength for every image"),
        ({"erasing_probability": 0.5}, keras_layers, "lies in the middle more often"),
        ({"rotation_range": 9, "fill_mode": "wrap"}, keras_layers, "one pixel less"),
        ({"rotation_range": 9, "fill_mode": "constant"}, keras_layers, "fade into the constant"),
        ({"rotation_range": 9, "zoom_range": 0.1}, keras_layers, "Pawlab does both once"),
        ({"brightness_range": (0.5, 1)}, keras_layers, "RandomBrightness adds"),
    ],
    ids=in_words,
)
def test_what_keras_lacks_or_does_otherwise_is_said_only_where_it_matters(
    change: dict[str, Any], emit: Callable[..., str], words: str
) -> None:
    def comments(config: AugmentationConfig) -> str:
        source = emit(config, 160) if emit is keras_layers else emit(config)
        return " ".join(re.findall(r"# (.*)", source))

    assert words in comments(NOTHING.changed(**change))
    assert words not in comments(NOTHING)


# any config, run


@FEW
@given(config=configs)
def test_layers_of_any_config_run_and_stay_within_0_to_255(by_layers: Run, config: AugmentationConfig) -> None:
    copies = by_layers(config, np.stack([photo(), photo()]))
    assert copies.shape == (2, SIZE, SIZE, 3)
    assert -0.5 <= copies.min() <= copies.max() <= 255.5


@FEW
@given(config=configs)
def test_the_generator_of_any_config_runs_and_stays_within_0_to_255(
    by_generator: Run, config: AugmentationConfig
) -> None:
    copies = by_generator(config, np.stack([photo(), photo()]))
    assert copies.shape == (2, SIZE, SIZE, 3)
    assert -0.5 <= copies.min() <= copies.max() <= 255.5


def test_layers_act_in_a_tf_data_pipeline_and_survive_a_saved_model(keras: Any, tmp_path: Any) -> None:
    import tensorflow as tf

    config = NOTHING.changed(rotation_range=30, brightness_range=(0.2, 0.5), contrast_range=(0.5, 0.9))
    layers = run(keras_layers(config, SIZE))["augmentation"]
    images = np.stack([photo()] * 4).astype("float32")
    pipeline = tf.data.Dataset.from_tensor_slices(images).batch(2).map(lambda batch: layers(batch, training=True))
    copies = np.concatenate([batch.numpy() for batch in pipeline])
    assert len({copy.tobytes() for copy in copies}) == 4
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers]).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(images, training=False), images)
    assert np.abs(model(images, training=True) - images).max() > 20


# nothing left to chance: the same image

FIXED: list[tuple[dict[str, Any], dict[str, Any], float]] = [
    ({"zoom_range": (0.8, 0.8)}, {"zx": 0.8, "zy": 0.8}, WHOLE_LEVELS),
    ({"zoom_range": (1.7, 1.7)}, {"zx": 1.7, "zy": 1.7}, WHOLE_LEVELS),
    ({"zoom_range": (1.7, 1.7), "fill_mode": "reflect"}, {"zx": 1.7, "zy": 1.7}, WHOLE_LEVELS),
    ({"brightness_range": (0.5, 0.5)}, {"brightness": 0.5}, 1),
    ({"brightness_range": (2, 2)}, {"brightness": 2.0}, 1),
    ({"contrast_range": (1.5, 1.5)}, {"contrast": 1.5}, WHOLE_LEVELS),
    ({"contrast_range": (0.5, 0.5)}, {"contrast": 0.5}, WHOLE_LEVELS),
    ({"contrast_range": (0, 0)}, {"contrast": 0.0}, WHOLE_LEVELS),
    ({"saturation_range": (1.5, 1.5)}, {"saturation": 1.5}, 1),
    ({"saturation_range": (0.4, 0.4)}, {"saturation": 0.4}, 1),
    ({"saturation_range": (0, 0)}, {"saturation": 0.0}, 1),
    ({"grayscale_probability": 1}, {"grayscale": True}, 1),
]


@pytest.mark.parametrize(("change", "drawn", "tolerance"), FIXED, ids=in_words)
def test_agrees_with_our_image_where_nothing_is_drawn(
    by_keras: Run, change: dict[str, Any], drawn: dict[str, Any], tolerance: float
) -> None:
    config = NOTHING.changed(**change)
    (theirs,) = by_keras(config, photo()[None])
    ours = apply(photo(), Drawn(size=(SIZE, SIZE), **drawn), config)
    assert np.abs(ours - theirs).max() <= tolerance
    assert np.abs(ours - photo().astype(float)).max() > 10, "nothing happened"


def test_jpeg_agrees_with_our_image(by_generator: Run) -> None:
    config = NOTHING.changed(jpeg_quality_range=(20, 20))
    (theirs,) = by_generator(config, photo()[None])
    ours = apply(photo(), Drawn(size=(SIZE, SIZE), jpeg_quality=20), config)
    assert np.abs(ours - theirs).max() <= 2


def test_a_zoom_beyond_what_randomzoom_takes_agrees_up_to_the_second_resampling(by_layers: Run) -> None:
    config = NOTHING.changed(zoom_range=(2.6, 2.6))
    (theirs,) = by_layers(config, photo()[None])
    smooth = np.asarray(cv2.GaussianBlur(photo(), (0, 0), 2), np.uint8)
    (theirs,) = by_layers(config, smooth[None])
    ours = apply(smooth, Drawn(size=(SIZE, SIZE), zx=2.6, zy=2.6), config)
    assert np.abs(ours - theirs).mean() < 2


def test_without_changes_images_stay_as_they_are(by_keras: Run) -> None:
    np.testing.assert_array_equal(by_keras(NOTHING, photo()[None])[0], photo())


# drawn: the same distribution of what can be measured on an image


def angle(image: Images) -> float:
    row, column = middle(image)
    return float(np.degrees(np.arctan2(SIZE / 2 - 0.5 - row, column - SIZE / 2 + 0.5)))


def middle(image: Images) -> tuple[float, float]:
    light = image.sum(axis=2) + 1e-9
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    return float((light * row).sum() / light.sum()), float((light * column).sum() / light.sum())


def side(image: Images, axis: int) -> float:
    light = image.sum(axis=(2, 1 - axis))
    place = np.arange(SIZE) - (light * np.arange(SIZE)).sum() / light.sum()
    return float(np.sqrt(12 * (light * place**2).sum() / light.sum()))


def lean(image: Images) -> float:
    """Columns a row of an upright bar."""
    light = image.sum(axis=2)[12:36]
    columns = (light * np.arange(SIZE)).sum(axis=1) / light.sum(axis=1)
    return float(np.polyfit(np.arange(len(columns)), columns, 1)[0])


def hue(image: Images) -> float:
    degrees = float(cv2.cvtColor(np.asarray(image / 255, np.float32), cv2.COLOR_RGB2HSV)[0, 0, 0])
    return (degrees + 180) % 360 - 180


def saturation(image: Images) -> float:
    return float(cv2.cvtColor(np.asarray(image / 255, np.float32), cv2.COLOR_RGB2HSV)[0, 0, 1])


LEVELS = np.concatenate([np.full((SIZE, SIZE // 2, 3), level, np.uint8) for level in (100, 140)], axis=1)
SPOTTED = plain(128)
SPOTTED[0, 0], SPOTTED[0, 1] = 0, 255
CASES: dict[str, tuple[dict[str, Any], npt.NDArray[np.uint8], Callable[[Images], float]]] = {
    "rotation": ({"rotation_range": 60}, blob(24, 40), angle),
    "shift along the width": ({"width_shift_range": 0.3}, blob(24, 24), lambda copy: middle(copy)[1]),
    "shift along the height": ({"height_shift_range": 0.2}, blob(24, 24), lambda copy: middle(copy)[0]),
    "width beside height": (
        {"width_shift_range": 0.3, "height_shift_range": 0.1},
        blob(24, 24),
        lambda copy: middle(copy)[0],
    ),
    "shear": ({"shear_range": 20}, blob(24, 24, 24, 2), lean),
    "zoom of the width": ({"zoom_range": (0.7, 1.6)}, blob(24, 24, 12, 12), lambda copy: side(copy, 1)),
    "zoom of the height": ({"zoom_range": (0.7, 1.6)}, blob(24, 24, 12, 12), lambda copy: side(copy, 0)),
    "zoom far out": ({"zoom_range": (1.2, 2.8)}, blob(24, 24, 16, 16), lambda copy: side(copy, 0)),
    "zooms are two": ({"zoom_range": (0.7, 1.6)}, blob(24, 24, 12, 12), lambda copy: side(copy, 0) / side(copy, 1)),
    "channel shift": ({"channel_shift_range": 50}, SPOTTED, lambda copy: copy[9, 9, 0]),
    "brightness": ({"brightness_range": (0.4, 1.7)}, plain(100), lambda copy: copy.mean()),
    "contrast": ({"contrast_range": (0.5, 1.5)}, LEVELS, lambda copy: copy[0, -1, 0] - copy[0, 0, 0]),
    "contrast below 1": ({"contrast_range": (0.2, 1.3)}, LEVELS, lambda copy: copy[0, -1, 0] - copy[0, 0, 0]),
    "hue": ({"hue_range": 50}, plain(200, 40, 40), hue),
}
CASES_OF_GENERATOR = CASES | {
    "saturation": ({"saturation_range": (0.2, 1.4)}, plain(200, 100, 100), saturation),
    "blur": ({"blur_range": 2.5}, blob(24, 24, 6, 6), lambda copy: side(copy, 1)),
    "noise": ({"noise_range": 20}, plain(128), lambda copy: copy.std()),
    "erased area": (
        {"erasing_probability": 1, "erasing_scale": (0.1, 0.6)},
        plain(255),
        lambda copy: (copy[..., 0] == 0).mean(),
    ),
    "shape of what is erased": (
        {"erasing_probability": 1, "erasing_scale": (0.1, 0.2)},
        plain(255),
        lambda copy: np.log((copy == 0).any(axis=(0, 2)).sum() / (copy == 0).any(axis=(1, 2)).sum()),
    ),
    "place of what is erased": (
        {"erasing_probability": 1, "erasing_scale": (0.1, 0.2)},
        255 - plain(255),
        lambda copy: middle(copy)[1],
    ),
    "JPEG quality": (
        {"jpeg_quality_range": (10, 60)},
        photo(),
        lambda copy: np.abs(copy - photo()).mean(),
    ),
}


def spread(run: Run, config: AugmentationConfig, image: npt.NDArray[np.uint8], measure: Any) -> Images:
    copies = run(config, np.repeat(image[None], NUM_COPIES, axis=0))
    return np.array(np.quantile([measure(copy) for copy in copies], QUANTILES))


def spread_of(run: Run, name: str) -> Images:
    change, image, measure = CASES_OF_GENERATOR[name]
    config = NOTHING.changed(fill_mode="constant", erasing_value=255 if not image.any() else 0, **change)
    return spread(run, config, image, measure)


@cache
def our_spread(name: str) -> Images:
    """The same for the generator and the layers."""
    return spread_of(by_us, name)


def check_same_spread(run: Run, name: str) -> None:
    ours, theirs = our_spread(name), spread_of(run, name)
    assert np.ptp(ours) > 0.05 * abs(ours).max(), "nothing was drawn"
    assert np.abs(ours - theirs).max() < NEAR * np.ptp(ours), f"ours {ours}, theirs {theirs}"


@pytest.mark.parametrize("case", CASES)
def test_layers_draw_as_we_do(by_layers: Run, case: str) -> None:
    check_same_spread(by_layers, case)


@pytest.mark.parametrize("case", CASES_OF_GENERATOR)
def test_the_generator_draws_as_we_do(by_generator: Run, case: str) -> None:
    check_same_spread(by_generator, case)


def test_each_flip_happens_to_half_the_copies_whether_or_not_the_other_does(by_keras: Run) -> None:
    config = NOTHING.changed(horizontal_flip=True, vertical_flip=True)
    copies = by_keras(config, np.repeat(blob(8, 8)[None], NUM_COPIES, axis=0))
    corners = [copies[:, row, column, 0].mean() / 255 for row in (8, 39) for column in (8, 39)]
    assert sum(corners) == pytest.approx(1)
    assert np.abs(np.array(corners) - 0.25).max() < 0.05


@pytest.mark.parametrize(
    ("change", "happened"),
    [
        ({"grayscale_probability": 0.3}, lambda copy: copy[0, 0, 0] == copy[0, 0, 1]),
        ({"erasing_probability": 0.3}, lambda copy: (copy == 0).any()),
    ],
    ids=in_words,
)
def test_what_has_a_share_happens_to_that_share(by_keras: Run, change: dict[str, Any], happened: Any) -> None:
    copies = by_keras(NOTHING.changed(**change), np.repeat(plain(200, 100, 50)[None], NUM_COPIES, axis=0))
    assert np.mean([happened(copy) for copy in copies]) == pytest.approx(0.3, abs=0.05)


def test_the_generators_parameters_are_drawn_as_ours_on_a_square(keras: Any) -> None:
    config = PRESETS["strong"].changed(width_shift_range=0.1, height_shift_range=0.3, vertical_flip=True)
    generator, ours_from = run(keras_generator(config))["generator"], np.random.default_rng(1)
    np.random.seed(1)
    theirs = [generator.get_random_transform((100, 100, 3)) for _ in range(4000)]
    ours = [draw(config, ours_from, (100, 100)) for _ in range(4000)]
    for name in {field.name for field in fields(Drawn)} & set(theirs[0]):
        a = np.array([float(getattr(drawn, name)) for drawn in ours])
        b = np.array([float(drawn[name]) for drawn in theirs])
        assert np.abs(np.quantile(a, QUANTILES) - np.quantile(b, QUANTILES)).max() <= 0.05 * np.ptp(b) or a.max() == 1


# what the comments of the layers say


def test_the_saturation_layer_has_our_limits_and_the_median_that_its_comment_says(by_layers: Run) -> None:
    config = NOTHING.changed(saturation_range=(0.2, 1.4))
    copies = by_layers(config, np.repeat(plain(200, 100, 100)[None], NUM_COPIES, axis=0))
    factors = np.array([saturation(copy) for copy in copies]) / 0.5
    assert (factors.min(), factors.max()) == pytest.approx((0.2, 1.4), abs=0.01)
    source = " ".join(re.findall(r"# (.*)", keras_layers(config, SIZE)))
    stated = re.search(r"half of the copies are below ([\d.]+), in Pawlab below 0.8\.", source)
    assert stated is not None
    assert np.median(factors) == pytest.approx(float(stated[1]), abs=0.03)


def test_the_noise_layer_has_the_mean_variance_of_ours(by_layers: Run) -> None:
    config = NOTHING.changed(noise_range=30)
    images = np.repeat(plain(128)[None], 300, axis=0)
    ours, theirs = (by(config, images).var() for by in (by_us, by_layers))
    assert theirs == pytest.approx(30**2 / 3, rel=0.02)
    assert ours == pytest.approx(theirs, rel=0.15)


def test_the_blur_layer_goes_as_far_as_ours_with_one_strength_a_batch(by_layers: Run, keras: Any) -> None:
    config = NOTHING.changed(blur_range=3)
    layers = run(keras_layers(config, SIZE))["augmentation"]
    image = blob(24, 24, 6, 6).astype("float32")[None]
    keras.utils.set_random_seed(2)
    widths = [side(np.array(layers(image, training=True), np.float64)[0], 1) for _ in range(200)]
    # Variances add: of the blob, 12**2 / 12 less the pixel's own, and of the Gaussian.
    deviations = np.sqrt((np.square(widths) - min(np.square(widths))) / 12)
    assert deviations.max() == pytest.approx(3, rel=0.05)
    assert np.median(deviations) == pytest.approx(1.5, abs=0.3)
    same = by_layers(config, np.repeat(blob(24, 24)[None], 4, axis=0))
    assert np.ptp(same, axis=0).max() < 1e-3


def test_the_erasing_layer_keeps_the_area_within_our_limits(by_layers: Run) -> None:
    config = NOTHING.changed(erasing_probability=1, erasing_scale=(0.1, 0.4), erasing_value=200)
    copies = by_layers(config, np.zeros((NUM_COPIES, SIZE, SIZE, 3), np.uint8))
    areas = (copies[..., 0] == 200).mean(axis=(1, 2))
    assert 0.09 < areas.min() < 0.13
    assert 0.36 < areas.max() < 0.42
    assert np.median(areas) == pytest.approx(0.25, abs=0.02)
