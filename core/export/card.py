"""The model card of a bundle, its README.md: what was trained on what, how good it is, what it must not be used for.

After Mitchell et al., "Model cards for model reporting", FAT* 2019.
"""

import time
from dataclasses import dataclass

from core.evaluation.answers import Answers
from core.evaluation.confusion import Score
from core.evaluation.summary import summarise
from core.evaluation.threshold import trade
from core.evaluation.words import interval, percent
from core.export.compare import TOLERANCE, Keras
from core.export.manifest import Manifest
from core.export.notebook import plain
from core.statistics import wilson_interval


@dataclass(frozen=True)
class Verified:
    """What the verification found: `script`, the largest difference in a probability between predict.py and the app
    over `pictures` pictures and `awkward` files of awkward kinds; `missing`, why the pictures are drawings and not the
    run's own, or ""."""

    script: float
    pictures: int
    awkward: int
    missing: str
    keras: Keras


def model_card(manifest: Manifest, answers: Answers | None, verified: Verified) -> str:
    """Markdown.

    Args:
        answers: On the run's validation pictures; None where the run left none.
    """
    parts = [
        f"# {plain(manifest.name)}",
        f"An image classifier for {plain(', '.join(manifest.classes))}, trained with Pawlab on "
        f"{_date(manifest.created)}.",
        "    pip install -r requirements.txt\n    python predict.py IMAGE...",
        "## Scores",
        *_scores(manifest, answers),
        "## Data",
        *_data(manifest),
        "## Training",
        *_settings(manifest),
        "## Where the weights come from",
        f"The base is MobileNetV2 without its top: {plain(manifest.weights.description)} "
        f"({plain(manifest.weights.location)}). SHA-256 of the file `{manifest.weights.file_sha256}`, of the numbers "
        f"`{manifest.weights.digest}`. Its makers publish it under the Apache License 2.0 unless the line above says "
        "otherwise. The head was trained here"
        + ("." if manifest.fine_tuning is None else ", and the base's last layers changed."),
        "## Limits",
        *_limits(manifest),
        "## Verification",
        *_verification(manifest, verified),
        "## Files",
        _files(verified),
    ]
    return "\n\n".join(parts) + "\n"


def _scores(manifest: Manifest, answers: Answers | None) -> list[str]:
    total = manifest.pictures("validation")
    low, high = wilson_interval(round(manifest.val_accuracy * total), total)
    lines = [
        f"Accuracy **{manifest.val_accuracy:.1%}** on {total:,} validation pictures; with that many the true value is "
        f"likely (95 %) between {low:.1%} and {high:.1%}. These pictures were not trained on, but the best epoch was "
        "chosen by them, so expect slightly less."
    ]
    if answers is None:
        return [*lines, "The single answers were not at hand, so there are no scores by class."]
    summary = summarise(answers)
    rows = ["| class | recall | precision | F1 | ROC area |", "| --- | --- | --- | --- | --- |"]
    for one in summary.classes:
        cells = (one.scores.recall, one.scores.precision, one.f1, one.roc_area)
        rows.append(f"| {plain(one.name)} | {' | '.join(map(_with_interval, cells))} |")
    lines += [
        "\n".join(rows),
        f"F1, mean of the classes: {_with_interval(summary.macro_f1)}. Calibration error: "
        f"{_with_interval(summary.calibration_error)}. In brackets: 95 % intervals.",
    ]
    if manifest.settings.augment_validation and manifest.settings.copies:
        lines.append("Augmented copies of the validation pictures were scored too: compare with such runs only.")
    if manifest.threshold > 0:
        told = trade(answers.labels, answers.probabilities, manifest.threshold)
        lines.append(
            f'Confidence threshold: **{manifest.threshold:g}**. Below it the answer is meant as "unsure". On the '
            f"validation pictures {percent(told.coverage)} are answered"
            + (f", and {percent(told.accuracy)} of those right." if told.accuracy.known else ": it is too high to use.")
        )
    else:
        lines.append("No confidence threshold was chosen: every picture gets an answer.")
    return lines


def _with_interval(score: Score) -> str:
    return f"{score.value:.3f} ({interval(score, '.3f')})" if score.known else "–"


def _data(manifest: Manifest) -> list[str]:
    rows = [
        "| split | " + " | ".join(map(plain, manifest.classes)) + " |",
        "| --- |" + " --- |" * len(manifest.classes),
    ]
    for split, counts in manifest.counts.items():
        rows.append(f"| {split} | " + " | ".join(f"{counts[name]:,}" for name in manifest.classes) + " |")
    edits = manifest.edits
    return [
        f"{plain(manifest.data)}, fingerprint `{manifest.fingerprint}`.",
        "\n".join(rows),
        f"By hand {edits.get('excluded', 0):,} pictures were excluded and {edits.get('relabelled', 0):,} relabelled.",
    ]


def _settings(manifest: Manifest) -> list[str]:
    config = manifest.settings
    flat = config.model_dump(mode="json", exclude={"augmentation"})
    changes = {
        name: value for name, value in config.augmentation.model_dump().items() if config.augmentation.is_on(name)
    }
    rows = ["| setting | value |", "| --- | --- |"]
    rows += [f"| {name} | {plain(str(value))} |" for name, value in flat.items()]
    rows += [f"| augmentation: {name} | {plain(str(value))} |" for name, value in changes.items()]
    seconds = sum(value for name, value in manifest.seconds.items() if name != "total")
    stopped = "" if manifest.status == "finished" else " The run was stopped before its last epoch."
    how = "The base frozen, a small head trained"
    if manifest.fine_tuning:
        how += ", then the base's last layers with it"
    return [
        f"{how}: best epoch {manifest.best_epoch} of {manifest.epochs}, validation "
        f"loss {manifest.val_loss:.4f}, {seconds:.0f} s.{stopped}",
        *_second_stage(manifest),
        "\n".join(rows),
        "Made with "
        + ", ".join(f"{plain(name)} {plain(version)}" for name, version in manifest.versions.items())
        + ".",
    ]


def _second_stage(manifest: Manifest) -> list[str]:
    if (settings := manifest.fine_tuning) is None or (first := manifest.fine_tuned_from) is None:
        return []
    kept = manifest.best_epoch <= first.epochs
    return [
        f"The second stage, fine-tuning, went on from the run {plain(first.name)}, which had {first.epochs} epochs and "
        f"its best validation accuracy, {first.val_accuracy:.1%} at a loss of {first.val_loss:.4f}, in epoch "
        f"{first.best_epoch}. From there the base's last {settings.layers} layers moved with the head, for at most "
        f"{settings.epochs} epochs, at a learning rate of {settings.learning_rate:g}, every BatchNormalization frozen."
        + (" No epoch of it had a lower validation loss, so this is the first stage's model." if kept else "")
    ]


def _limits(manifest: Manifest) -> list[str]:
    lines = [
        f"- The model must choose one of its {len(manifest.classes)} classes. A picture of anything else gets one of "
        "them too, and the confidence can be high: a confidence threshold does not detect unknown things.",
        "- The scores hold for pictures like those that it was validated on. Other cameras, places or kinds of "
        "pictures can give others.",
        "- Every picture is squeezed to a square of "
        f"{manifest.settings.image_size} pixels; what is smaller than a few of these cannot be seen.",
        "- It was made for teaching and for sorting pictures. Let it decide nothing that matters without someone who "
        "looks.",
    ]
    return ["\n".join(lines)]


def _verification(manifest: Manifest, verified: Verified) -> list[str]:
    kind = "drawn pictures" if verified.missing else "validation pictures"
    lines = [
        "Before this bundle could be downloaded it was unpacked into an empty folder and its `predict.py` was run in a "
        f"fresh process on {verified.pictures} {kind} and {verified.awkward} drawn files of awkward kinds (rotated, "
        "transparent, CMYK, 16-bit, animated, one pixel, no picture at all). Largest difference in a probability to "
        f"the app's answers: **{verified.script:.1e}**; more than {TOLERANCE:g} is refused."
    ]
    if verified.missing:
        lines.append(f"The run's own pictures were not at hand ({plain(verified.missing.rstrip('.'))}).")
    keras = verified.keras
    if keras.difference is not None:
        lines.append(f"`model.keras`, asked by Keras about the same pictures: **{keras.difference:.1e}**.")
    else:
        lines.append(
            f"`model.keras` was compared when the run ended: {manifest.keras_onnx_difference:.1e}. It was not compared "
            f"again ({plain(keras.reason.rstrip('.'))})."
        )
    if keras.litert and keras.litert_difference is not None:
        lines.append(f"`model.tflite`, asked by TensorFlow's interpreter: **{keras.litert_difference:.1e}**.")
    else:
        lines.append(f"There is no LiteRT file: {plain(keras.litert_reason.rstrip('.'))}.")
    return lines


def _files(verified: Verified) -> str:
    files = {
        "predict.py": "classifies pictures with onnxruntime, pillow and numpy alone",
        "requirements.txt": "the versions of these that the verification used",
        "model.onnx": "input `image`, float32 (batch, size, size, 3), RGB, 0..255; output `probabilities`",
        "model.keras": "the same for `keras.models.load_model`; its preprocessing is inside",
        "model.tflite": "the same for LiteRT" if verified.keras.litert else "",
        "labels.json": "the classes in the order of the outputs, the picture's size, the threshold. With two classes "
        "the one output is the probability of the second",
        "notebook.ipynb": "the run in plain Keras",
        "data.json": ""
        if verified.missing
        else "digests of the run's pictures, no names and no pixels; for the notebook",
        "run.json": "settings and history; `python -m core import` makes a run of it again",
        "validation.npz": "the answers to the validation pictures",
        "SHA256SUMS": "checksums: `sha256sum -c SHA256SUMS`. They find damage, they prove no origin",
    }
    return "\n".join(f"- `{name}`: {words}" for name, words in files.items() if words)


def _date(created: float) -> str:
    return time.strftime("%d %B %Y", time.gmtime(created))
