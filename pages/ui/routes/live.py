"""The websocket that classifies the live camera's frames, beside Streamlit's own routes and without their checks.

    /api/live?run=ID    binary message: one frame, an image file    ->  text message: JSON

It greets with {"size", "crop", "classes"}: the side of the square that the model takes, how a frame becomes it
(`core.images.crop`), and the classes' names where they are few. Each frame that is classified gets {"sequence",
"label", "confidence", "probabilities", "threshold", "distance", "cut", "unlike", "level", "cutoff", "milliseconds"}
(`core.inference.live.LivePrediction`). All else, and what is covered: `pages.ui.routes.frames`; and folders outside the
store of runs.
"""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams

from pages.ui.routes.frames import Conversation, FrameRoute

if TYPE_CHECKING:
    from core.inference.live import LiveModels
    from core.runs.run import Run

FEW_CLASSES = 10


class Viewing(Conversation):
    """One viewer of one run."""

    def __init__(self, run: "Run", models: "LiveModels") -> None:
        self._run, self._models = run, models
        classifier = models.classifier(run)
        classes = classifier.classes if len(classifier.classes) <= FEW_CLASSES else ()
        self.greeting = {"size": classifier.image_size, "crop": classifier.crop, "classes": list(classes)}

    def answer(self, frame: bytes, mark: Any) -> Mapping[str, Any]:
        return self._models.prediction(self._run, frame)


class LiveRoute(FrameRoute):
    """The route with the models that its connections share."""

    viewers = "live cameras"
    _models: "LiveModels | None" = None
    _lock = threading.Lock()

    def begin(self, query: QueryParams) -> Conversation:
        from core.runs.store import stored_run

        return Viewing(stored_run(query.get("run", "")), self._loaded())

    def _loaded(self) -> "LiveModels":
        with self._lock:
            if self._models is None:
                from core.inference.live import LiveModels  # ONNX Runtime: only for a camera

                self._models = LiveModels()
            return self._models
