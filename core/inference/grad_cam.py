"""Where a classifier looked: Grad-CAM, by NumPy on what ONNX Runtime gives.

Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization" (ICCV 2017): each
channel of the last feature map is weighted by how much the score of a class would grow with it, averaged over the
image; the positive part of the weighted sum shows where the evidence for that class is. It shows where, not why, and
only as finely as the feature map: 5 x 5 cells at 160 pixels.

The head is small enough to be differentiated by hand, so no framework is needed.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURE_MAP, FEATURES, IMAGE
from core.backbone.session import open_session
from core.errors import RunError
from core.images.crop import Crop, centred_square
from core.runs.run import Run

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Layers:
    """The head, from a run's ONNX graph, float32.

    `hidden` (inputs, units) and its `hidden_bias`; the normalisation's `scale` (units,); `output` (units, outputs).
    """

    hidden: Floats
    hidden_bias: Floats
    scale: Floats
    output: Floats

    def gradient(self, feature_map: Floats, label: int) -> Floats:
        """The gradient of the logit of class `label` with respect to each number of the feature map.

        Args:
            feature_map: float32 (side, side, 1280).
            label: Index into the run's classes. Of two classes, the first has the negated logit of the second.
        """
        pooled = len(self.hidden) == FEATURES and feature_map.size != FEATURES
        places = feature_map.shape[0] * feature_map.shape[1]
        inputs = feature_map.mean(axis=(0, 1)) if pooled else feature_map.ravel()
        active = inputs @ self.hidden + self.hidden_bias > 0
        weights = self.output[:, label] if self.output.shape[1] > 1 else self.output[:, 0] * (1 if label else -1)
        to_inputs = self.hidden @ (weights * self.scale * active)
        spread = np.broadcast_to(to_inputs / places, feature_map.shape) if pooled else to_inputs
        return np.asarray(spread.reshape(feature_map.shape), np.float32)


class Explainer:
    """Grad-CAM of a finished run. Open it with `Explainer.open(run)`. Safe to call from several threads."""

    def __init__(self, model: Path | bytes, layers: Layers) -> None:
        self._session, self.layers = open_session(model, threads=1), layers

    @classmethod
    def open(cls, run: Run) -> "Explainer":
        """Raises `RunError`: the run's model is missing, or not one that Pawlab wrote."""
        model = run.model_file()
        return cls(model, _layers(model))

    def explain(self, image: NDArray[np.uint8], label: int) -> Floats:
        """How strongly each cell of the feature map supports class `label`.

        Args:
            image: uint8 (image_size, image_size, 3), RGB, 0..255.
            label: Index into the run's classes.

        Returns:
            float32 (side, side), 0..1: 1 where the evidence is strongest; all 0 where nothing supports the class.
        """
        feature_map = self._session.run([FEATURE_MAP], {IMAGE: image[np.newaxis].astype(np.float32)})[0][0]
        weights = self.layers.gradient(feature_map, label).mean(axis=(0, 1))
        evidence = np.maximum(feature_map @ weights, 0)
        return np.asarray(evidence / max(float(evidence.max()), 1e-12), np.float32)


def overlay(
    image: NDArray[np.uint8], evidence: Floats, strength: float = 0.5, *, crop: Crop = "squeeze"
) -> NDArray[np.uint8]:
    """The image with the evidence laid over it, from blue (none) over green and yellow to red (strongest).

    Args:
        image: uint8 (height, width, 3), RGB, 0..255.
        evidence: float32 (rows, columns), 0..1, from `Explainer.explain`.
        strength: Opacity of the colour, 0..1.
        crop: How `image` becomes the model's square; of `center` the rest, which the model does not get, is dark.

    Returns:
        uint8 (height, width, 3), RGB.
    """
    height, width = image.shape[:2]
    if crop == "center":
        left, top, right, bottom = centred_square(width, height)
        shown = image // 3
        shown[top:bottom, left:right] = overlay(image[top:bottom, left:right], evidence, strength)
        return shown
    smooth = np.clip(cv2.resize(evidence, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
    colours = cv2.applyColorMap(np.rint(255 * smooth).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    return np.asarray(cv2.addWeighted(image, 1 - strength, np.ascontiguousarray(colours), strength, 0), np.uint8)


def _layers(model: Path) -> Layers:
    import onnx  # 12 MB that a server needs only for this

    try:
        graph = onnx.load(str(model)).graph
        arrays = {
            array.name: onnx.numpy_helper.to_array(array)
            for array in graph.initializer
            if array.name.startswith("head/")
        }
        constants = [arrays[name] for name in sorted(arrays, key=lambda name: int(name.split("/")[1].split("_")[0]))]
        hidden, hidden_bias, scale, _, output, _ = constants[-6:]  # before them only the shape of a Reshape
        return Layers(hidden, hidden_bias, scale, output)
    except Exception as error:  # protobuf's errors share no base class, and a forged graph can hold anything
        raise RunError(
            f"The model in {model.parent.name} has no head that can be explained: {str(error)[:100]}",
            "model.onnx as Pawlab wrote it",
        ) from error
