"""What the page knows of its run: the data that its script reads, and the words below the result."""

import base64
import json
import time

from core.backbone.neighbours import NEVER, K, Neighbours
from core.evaluation.report.markup import bullets, facts
from core.evaluation.unlike import LIMITS as UNLIKE_LIMITS
from core.evaluation.unlike import UNLIKE
from core.evaluation.words import as_percent, confidence_interval, percent
from core.export.card import accuracy, limits
from core.export.manifest import Manifest
from core.export.samples import drawn_images
from core.inference.classifier import Classifier
from core.text.markup import escape_html as text

SHOWN_CLASSES = 30


def about_json(manifest: Manifest, classifier: Classifier) -> str:
    """The page's data as JSON for a script element, which no name in it can end.

    `check` is a drawing, of those at hand the one that the model is least sure of, with the app's prediction.
    """
    unlike = manifest.unlike if classifier.neighbours else None
    drawings = {image: classifier.classify(image) for _, image in drawn_images()}
    image, prediction = min(drawings.items(), key=lambda item: item[1].confidence)
    about = {
        "classes": manifest.classes,
        "size": manifest.settings.image_size,
        "crop": manifest.settings.crop,
        "threshold": manifest.threshold,
        "neighbours": {"nearest": K, "cut": unlike.cut} if unlike else None,
        "sets": manifest.sets and manifest.sets.model_dump(),
        "check": {
            "image": base64.b64encode(image).decode(),
            "probabilities": list(prediction.probabilities.values()),
            "distance": prediction.distance,
        },
    }
    return json.dumps(about, ensure_ascii=False).replace("<", "\\u003c")


def classes_line(manifest: Manifest) -> str:
    """HTML: what the model tells apart."""
    names = [f"<bdi>{text(name)}</bdi>" for name in manifest.classes[:SHOWN_CLASSES]]
    more = len(manifest.classes) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")


def description(manifest: Manifest, neighbours: Neighbours | None) -> str:
    """HTML: date, accuracy, limits and origin, as the model card has them."""
    score = accuracy(manifest)
    validated = (
        f"{percent(score)} ({confidence_interval(score)}) on {manifest.images('validation'):,} validation images"
    )
    threshold = f"{as_percent(manifest.threshold)}; below it, unsure" if manifest.threshold else "none"
    sets = f"hold the true class with a probability of {manifest.sets.level:.0%}" if manifest.sets else "none"
    counts = f"{manifest.images('train'):,} images"
    rows = [
        (
            "Trained",
            f"{time.strftime('%d %B %Y', time.gmtime(manifest.created))}, on {counts} of {text(manifest.data)}",
        ),
        ("Accuracy", validated),
        ("Confidence threshold", threshold),
        ("Sets of classes", sets),
        ("Base model", f"MobileNetV2. {text(manifest.weights.description)}"),
    ]
    sentences = limits(manifest)
    if neighbours and manifest.unlike:
        cut = manifest.unlike.cut
        where = f"the {K}th nearest of {len(neighbours.features):,} training images"
        rows.append((UNLIKE, f"beyond a cosine distance of {cut:.3f} to {where}" if cut < NEVER else "never said"))
        sentences.append(f"{UNLIKE}: {UNLIKE_LIMITS}")
    return facts(rows) + "<h2>Limits</h2>" + bullets(map(text, sentences))
