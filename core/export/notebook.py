"""The run as a notebook in plain Keras: the same data, settings, network and callbacks, trained the way it is taught.

Its code stands in `core.export.notebook_code`. It lies in the unpacked bundle, beside the files that it reads:
predict.py (the decoder), data.json (which picture belongs where) and model.keras (the base).
"""

import json
from typing import Any

from core.augmentation import code as augmentation
from core.export import notebook_code as code
from core.export.manifest import Manifest

DIGEST_NOTE = (
    "`data.json` lists the run's pictures by the beginning of their SHA-256, so the same pictures are found whatever "
    "their names and folders: the same split, the same edits, without the files that could not be read."
)
FOLDER_NOTE = (
    "The run's data were not at hand when this was written, so that the pictures are taken as the folders have them: "
    "`train/CLASS` and `validation/CLASS`. Edits made in Pawlab are not in it."
)


def notebook(manifest: Manifest, by_digest: bool) -> str:
    """The `.ipynb` (nbformat 4.5), as JSON.

    Args:
        by_digest: Whether a `data.json` lies beside it.
    """
    title = f"# {plain(manifest.name)}\n\n{_intro(manifest)}"
    cells = [
        markdown(title),
        source(code.variables(manifest), tags=["parameters"]),
        markdown(f"## The data\n\n{DIGEST_NOTE if by_digest else FOLDER_NOTE}"),
        source(code.imports() + code.places()),
        source(code.by_digest() if by_digest else code.by_folder()),
        markdown("## The copies\n\nDrawn once and joined to the originals, as in the run."),
        source(augmentation.keras_generator(manifest.settings.augmentation)),
        source(code.copies(manifest.settings)),
        markdown("## The network\n\nThe frozen base, and a small head on top of it."),
        source(code.network(manifest.settings, len(manifest.classes))),
        markdown("## Training\n\nThe base is passed in every epoch; Pawlab passes it once and keeps the features."),
        source(code.training(manifest.settings, len(manifest.classes))),
        *_second_stage(manifest),
        markdown("## The result\n\nBeside the run's. Scores within the interval differ by no more than chance."),
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


def plain(text: str) -> str:
    """A stranger's text in Markdown, shown as it is: no link, no picture, no HTML."""
    return "".join(f"&#{ord(c)};" if c in "\\`*_[]<>#!|~&$:@" else c for c in " ".join(text.split()))


def _intro(manifest: Manifest) -> str:
    total = manifest.pictures("validation")
    return (
        f"A classifier for {plain(', '.join(manifest.classes))}, trained with Pawlab and here in plain Keras: "
        f"{manifest.val_accuracy:.1%} of {total:,} validation pictures were right. "
        "Run it in the folder of the unpacked bundle. It needs\n\n"
        "    pip install tensorflow==2.21.0 scipy pillow\n\n"
        "What differs by nature: the drawn copies, the starting weights and the order of the pictures come from other "
        "random numbers, so the score is another one within chance."
    )


def _second_stage(manifest: Manifest) -> list[dict[str, Any]]:
    if (stage := manifest.fine_tuning) is None:
        return []
    words = (
        f"## Fine-tuning\n\nThe base's last {stage.layers} layers move too, slowly, for {stage.epochs} epochs at most. "
        "They need the base as it was before: the one in this `model.keras` is fine-tuned already, which is why "
        f"`WEIGHTS` is something else. The run began with {plain(manifest.weights.description)} "
        f"({plain(manifest.weights.location)}); with other weights the score is another one too."
    )
    return [markdown(words), source(code.second_stage(stage, len(manifest.classes)))]
