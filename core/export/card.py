"""The model card of a bundle, its README.md: what was trained on what, how good it is, and what it is not for.

After Mitchell et al., "Model cards for model reporting", FAT* 2019.
"""

import time
from collections.abc import Callable

from core.backbone.neighbours import K, Neighbours
from core.evaluation.conformal import LIMITS as SETS
from core.evaluation.conformal import score_sets
from core.evaluation.confusion import Score
from core.evaluation.predictions import Predictions
from core.evaluation.summary import summarise
from core.evaluation.temperature import scaling_in_words
from core.evaluation.threshold import coverage_point
from core.evaluation.unlike import LIMITS, basis_in_words, cut_at, cut_in_words
from core.evaluation.words import DECIMAL, confidence_interval, percent, with_interval
from core.export.manifest import Manifest
from core.export.verification import Verified, files, verification
from core.runs.sets import PredictionSets
from core.runs.settings import TrainingConfig
from core.text.markup import escape_markdown as plain


def model_card(
    manifest: Manifest,
    predictions: Predictions | None,
    verified: Verified,
    neighbours: Neighbours | None = None,
    test: Predictions | None = None,
) -> str:
    """Markdown.

    Args:
        predictions: On the run's validation images; None where the run has none.
        neighbours: The run's reference set; None where it has none.
        test: On its test split; None where it has none, or its images are gone.
    """
    parts = [
        f"# {plain(manifest.name)}",
        f"An image classifier for {plain(', '.join(manifest.classes))}, trained with Pawlab on "
        f"{time.strftime('%d %B %Y', time.gmtime(manifest.created))}.",
        "    pip install -r requirements.txt\n    python predict.py IMAGE_OR_FOLDER... [--sort-into DIR]",
        "## Scores",
        *_scores(manifest, predictions),
        "## Sets with a guarantee",
        *_sets(manifest, predictions, test),
        "## Images unlike the training images",
        *_unlike(manifest, neighbours),
        "## Data",
        *_data(manifest),
        "## Training",
        *_settings(manifest),
        "## Pre-trained weights",
        f"The base model is MobileNetV2 without its top: {plain(manifest.weights.description)} "
        f"({plain(manifest.weights.location)}). SHA-256 of the file `{manifest.weights.file_sha256}`, of the weights "
        f"`{manifest.weights.digest}`. Its authors publish it under the Apache License 2.0 unless stated otherwise "
        "above. The head was trained here"
        + ("." if manifest.fine_tuning is None else ", and the last layers of the base model were fine-tuned."),
        "## Limits",
        "\n".join(f"- {sentence}" for sentence in limits(manifest, plain)),
        "## Verification",
        *verification(manifest, verified),
        "## Files",
        files(manifest, verified),
    ]
    return "\n\n".join(parts) + "\n"


def accuracy(manifest: Manifest) -> Score:
    """On the run's validation images."""
    total = manifest.images("validation")
    return Score.of(round(manifest.val_accuracy * total), total)


def _scores(manifest: Manifest, predictions: Predictions | None) -> list[str]:
    score = accuracy(manifest)
    lines = [
        f"Accuracy **{percent(score)}** ({confidence_interval(score)}) on "
        f"{manifest.images('validation'):,} validation images. The model was "
        "not trained on these images, but they chose the best epoch, so expect slightly less on new ones."
    ]
    if predictions is None:
        return [*lines, "The individual predictions were not available, so there are no scores per class."]
    summary = summarise(predictions)
    rows = ["| class | precision | recall | F1 | ROC area |", "| --- | --- | --- | --- | --- |"]
    for of_class in summary.classes:
        cells = (
            *map(with_interval, (of_class.scores.precision, of_class.scores.recall, of_class.f1)),
            with_interval(of_class.roc_area, DECIMAL),
        )
        rows.append(f"| {plain(of_class.name)} | {' | '.join(cells)} |")
    lines += [
        "\n".join(rows),
        f"F1, macro average: {with_interval(summary.macro_f1)}. Expected calibration error (0 = perfectly calibrated): "
        f"{with_interval(summary.calibration_error, DECIMAL)}. In parentheses: 95% confidence intervals.",
    ]
    about = {"counts": manifest.counts, "temperature": manifest.temperature}
    if words := scaling_in_words(manifest.settings, about, predictions.labels, predictions.probabilities):
        lines.append(words)
    if manifest.settings.augment_validation and manifest.settings.copies:
        lines.append("Augmented copies of the validation images were scored too: compare only with such runs.")
    if manifest.threshold > 0:
        point = coverage_point(predictions.labels, predictions.probabilities, manifest.threshold)
        lines.append(
            f'Confidence threshold: **{manifest.threshold:g}**. Below it the model says "unsure". On the validation '
            f"images its coverage, the share that it decides, is {percent(point.coverage)}"
            + (
                f", and its accuracy on these {percent(point.accuracy)}."
                if point.accuracy.known
                else ": too high to be of use."
            )
        )
    else:
        lines.append("No confidence threshold was chosen: the model decides every image.")
    return lines


def _sets(manifest: Manifest, predictions: Predictions | None, test: Predictions | None) -> list[str]:
    if manifest.sets is None:
        return ["There are too few validation images to promise that a set of classes holds the true one."]
    sets = PredictionSets(manifest.sets.level, manifest.sets.cutoff)
    lines = [
        f"`predict.py` also gives a `set`: every class with a probability of {sets.cutoff:.4f} or more, and at least "
        "the most probable one. For images like the validation images, the true class is in it with a probability of "
        f"at least **{sets.level:.0%}** (Sadinle, Lei and Wasserman, Least ambiguous set-valued classifiers with "
        f"bounded error levels, 2019). {SETS}"
    ]
    measured = test or predictions
    if measured is None:
        return [*lines, "Its coverage was not measured."]
    scores = score_sets(measured, sets)
    which = "test images" if test else "validation images, which chose the cutoff, so expect slightly less on new ones"
    return [
        *lines,
        f"Measured on {len(measured):,} {which}: the true class is in {with_interval(scores.coverage)} of the sets, "
        f"which have {scores.size.value:.2f} classes on average; {percent(scores.several)} have more than one.",
    ]


def _unlike(manifest: Manifest, neighbours: Neighbours | None) -> list[str]:
    if manifest.unlike is None or neighbours is None:
        return ["This model cannot tell whether an image is unlike its training images."]
    cut = cut_at(neighbours, manifest.unlike.rejection)
    return [
        f"`predict.py` also gives the distance of each image to the training images: the cosine distance to the {K}th "
        "nearest, of the frozen base's features averaged over the image (Sun et al., Out-of-distribution detection "
        f"with deep nearest neighbors, 2022). {cut_in_words(cut)} {basis_in_words(neighbours)}",
        LIMITS,
    ]


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
        f"Edited by hand: {edits.get('excluded', 0):,} images excluded, {edits.get('relabelled', 0):,} relabelled.",
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
    stopped = "" if manifest.status == "finished" else " The run was stopped early."
    unscaled = "" if manifest.temperature == 1 else " before temperature scaling"
    how = "A small head on the frozen base model"
    if manifest.fine_tuning:
        how += ", then fine-tuned with the last layers of the base model"
    return [
        f"{how}: best epoch {manifest.best_epoch} of {manifest.epochs}, validation "
        f"loss {manifest.val_loss:.4f}{unscaled}, {seconds:.0f} s.{stopped}",
        *_second_stage(manifest),
        "\n".join(rows),
        "Versions: "
        + ", ".join(f"{plain(name)} {plain(version)}" for name, version in manifest.versions.items())
        + ".",
    ]


def _second_stage(manifest: Manifest) -> list[str]:
    if (settings := manifest.fine_tuning) is None or (first := manifest.fine_tuned_from) is None:
        return []
    first_is_best = manifest.best_epoch <= first.epochs
    return [
        f"The second stage, fine-tuning, continued the run {plain(first.name)}, which had {first.epochs} epochs; its "
        f"best was epoch {first.best_epoch}, with a validation accuracy of {first.val_accuracy:.1%} and a loss of "
        f"{first.val_loss:.4f}. From there, the last {settings.layers} layers of the base model were trained with the "
        f"head for at most {settings.epochs} epochs, at a learning rate of {settings.learning_rate:g}, with every "
        "BatchNormalization frozen."
        + (" No epoch of it lowered the validation loss, so this is the first stage's model." if first_is_best else "")
    ]


def limits(manifest: Manifest, escape: Callable[[str], str] = str) -> list[str]:
    """What the model cannot do and must not be used for, in sentences; `escape` makes a class' name fit for them."""
    return [
        f"The model must choose one of its {len(manifest.classes)} classes, also for an image of something else. It "
        "cannot spot unknown objects, not even with a confidence threshold: a car may get a confident "
        f'"{escape(manifest.classes[0])}".'
        + (" That an image is unlike the training images is a hint, no proof." if manifest.unlike else ""),
        "The scores apply to images like the validation images. On images from other cameras, places or sources they "
        "can be quite different.",
        _square(manifest.settings),
        "The model was made for teaching and for sorting images. It must not decide anything important without human "
        "review.",
    ]


def _square(settings: TrainingConfig) -> str:
    size = f"a square of {settings.image_size} pixels"
    if settings.crop == "center":
        return (
            f"Of every image the largest centred square is cut out and reduced to {size}: what lies outside is not "
            "seen, and details of a few pixels of that square are lost."
        )
    return f"Every image is squeezed to {size}; details of a few pixels of that square are lost."
