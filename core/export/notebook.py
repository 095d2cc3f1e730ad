"""The run as a notebook in plain Keras: the same data, settings, network and callbacks, trained the usual way.

Its code is in `core.export.notebook_code`. It is part of the bundle, beside the files that it reads: predict.py (the
decoder), data.json (split and class of each image) and model.keras (the base model).
"""

import json
from typing import Any

from core.augmentation import code as augmentation
from core.export import notebook_code as code
from core.export.manifest import Manifest
from core.text.markup import escape_markdown as plain

DIGEST_NOTE = (
    "`data.json` lists the run's images by the first digits of their SHA-256, so the same images are used whatever "
    "their names and folders are: the same split and the same edits, without unreadable files."
)
FOLDER_NOTE = (
    "The run's dataset was not available when this notebook was written, so it takes the images from the folders "
    "`train/CLASS` and `validation/CLASS`. Edits made in Pawlab are not applied."
)


def notebook(manifest: Manifest, *, by_digest: bool) -> str:
    """The `.ipynb` (nbformat 4.5), as JSON.

    Args:
        by_digest: Whether the bundle has a `data.json`.
    """
    title = f"# {plain(manifest.name)}\n\n{_intro(manifest)}"
    cells = [
        markdown(title),
        source(code.variables(manifest), tags=["parameters"]),
        markdown(f"## The data\n\n{DIGEST_NOTE if by_digest else FOLDER_NOTE}"),
        source(code.imports() + code.places()),
        source(code.by_digest() if by_digest else code.by_folder()),
        markdown("## Augmentation\n\nThe copies are drawn once and added to the originals, as in the run."),
        source(augmentation.keras_generator(manifest.settings.augmentation)),
        source(code.copies(manifest.settings)),
        markdown("## The network\n\nThe frozen base model with a small head on top."),
        source(code.network(manifest.settings, len(manifest.classes))),
        markdown(
            "## Training\n\nHere the base model runs in every epoch. Pawlab extracts the features once and reuses them."
        ),
        source(code.training(manifest.settings, len(manifest.classes), manifest.images("validation"))),
        *_second_stage(manifest),
        *_temperature(manifest),
        markdown(
            "## The result\n\nCompared with the run. A score within its 95% confidence interval differs by chance only."
        ),
        source(code.result(manifest)),
        source(code.curves()),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def source(text: str, tags: list[str] | None = None) -> dict[str, Any]:
    lines = text.strip("\n").splitlines(keepends=True)
    metadata = {"tags": tags} if tags else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": lines}


def _intro(manifest: Manifest) -> str:
    total = manifest.images("validation")
    return (
        f"A classifier for {plain(', '.join(manifest.classes))}, trained with Pawlab, as plain Keras code. The run's "
        f"accuracy on {total:,} validation images is {manifest.val_accuracy:.1%}. "
        "Run this notebook in the folder of the unpacked bundle. It needs\n\n"
        "    pip install tensorflow==2.21.0 scipy pillow\n\n"
        "Augmented copies, initial weights and the order of the images come from other random numbers than in the run, "
        "so the score differs by chance."
    )


def _second_stage(manifest: Manifest) -> list[dict[str, Any]]:
    if (stage := manifest.fine_tuning) is None:
        return []
    words = (
        f"## Fine-tuning\n\nThe last {stage.layers} layers of the base model are trained too, at a low learning rate, "
        f"for at most {stage.epochs} epochs. This must start from a base model that is not fine-tuned yet. The one in "
        "`model.keras` already is, so `WEIGHTS` names another one. The run started from "
        f"{plain(manifest.weights.description)} ({plain(manifest.weights.location)}); other weights give another score."
    )
    return [markdown(words), source(code.second_stage(stage, manifest.settings, len(manifest.classes)))]


def _temperature(manifest: Manifest) -> list[dict[str, Any]]:
    if manifest.temperature == 1:
        return []
    words = (
        "## Temperature scaling\n\nAll logits are divided by one number, T, so that the confidence of a prediction "
        f"matches how often such predictions are right (Guo et al., 2017). In the run T was {manifest.temperature:.2f}."
    )
    return [markdown(words), source(code.temperature(manifest.settings))]
