"""The last layers of the base and the head in Keras, to be trained together. The worker alone imports it.

What it takes are the frozen blocks' results, which are made once on ONNX Runtime (`core.backbone.features`): only what
can change is computed in each epoch, and the loss is the same function as in the first stage, so the two compare.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.backbone.arrays import validated
from core.backbone.keras_layers import LAYERS_OF_BLOCKS, map_shape
from core.backbone.rows import FeatureArray
from core.backbone.weights import Arrays
from core.runs.fine_tuning import FineTuningConfig
from core.runs.settings import TrainingConfig
from core.runs.temperature import OUTPUT
from core.training.head.fused_step import Floats
from core.training.head.head import Batch, score
from core.training.keras.model import HEAD_WEIGHTS, base_of, unfreeze

AHEAD = 2  # batches that are read while another is trained on


class LastLayers:
    """A `Learner` (`core.training.loop.checkpoint`) that begins as the classifier in a `model.keras`.

    Args:
        temperature: By which its logits were divided when it was saved (`core.runs.temperature`): taken back here, so
            that training goes on from what was trained.

    Every BatchNormalization, the head's too, predicts with its moving statistics and keeps scale and shift; the
    other weights of the last `settings.layers` layers and of the head are trained by Adam.

    Raises:
        OSError, ValueError: The file is no model that Pawlab wrote.
        InputError: Its base is not MobileNetV2's.
    """

    def __init__(
        self, start: Path, config: TrainingConfig, settings: FineTuningConfig, temperature: float = 1.0
    ) -> None:
        tf.config.experimental.enable_op_determinism()  # the same run twice, and a resumed one, give the same numbers
        model = keras.models.load_model(start)
        self.base = base_of(model)
        self.start: Arrays = validated(
            {f"{layer.name}/{weight.name}": np.array(weight) for layer in self.base.layers for weight in layer.weights}
        )
        """The base's weights at the beginning."""
        self.shape = map_shape(settings.blocks, config.image_size)
        unfreeze(self.base, settings.layers)
        self._head = {name: model.get_layer(layer).weights[place] for name, (layer, place) in HEAD_WEIGHTS.items()}
        for name in OUTPUT:
            self._head[name].assign(np.array(self._head[name]) * np.float32(temperature))
        self._dropout = model.get_layer("dropout")
        model.get_layer("normalization").trainable = False  # which also makes it run in inference mode
        last = model.get_layer("probabilities")
        last.activation = keras.activations.linear  # logits: their loss has a gradient however sure the prediction is
        entry = self.base.get_layer(LAYERS_OF_BLOCKS[settings.blocks - 1][-1]).output
        rest = [keras.Model(entry, self.base.output), *model.layers[model.layers.index(self.base) + 1 :]]
        self._tail = keras.Sequential([keras.Input(self.shape), *rest])
        self._outputs = int(last.units)
        self._l2 = config.l2
        self._optimizer = keras.optimizers.Adam(settings.learning_rate)
        self._optimizer.build(self._tail.trainable_variables)
        maps = tf.TensorSpec((None, *self.shape), tf.float32)
        self._train = tf.function(self._trained, input_signature=[maps, tf.TensorSpec((None,), tf.int64)])
        self._prediction = tf.function(self._answered, input_signature=[maps])

    @property
    def steps(self) -> int:
        return int(self._optimizer.iterations)

    @property
    def _moments(self) -> list[Any]:
        return [variable for variable in self._optimizer.variables if len(variable.shape)]

    @property
    def _base_weights(self) -> dict[str, Any]:
        return {
            f"{layer.name}/{weight.name}": weight for layer in self.base.layers for weight in layer.trainable_weights
        }

    @property
    def arrays(self) -> dict[str, Floats]:
        moments = {f"moment {number}": np.array(moment) for number, moment in enumerate(self._moments)}
        return self.weights() | moments

    def restore(self, arrays: Mapping[str, Floats], steps: int) -> None:
        for name, weight in (self._base_weights | self._head).items():
            weight.assign(arrays[name])
        for number, moment in enumerate(self._moments):
            moment.assign(arrays[f"moment {number}"])
        self._optimizer.iterations.assign(steps)

    def weights(self) -> dict[str, Floats]:
        """What `Head.weights` gives, and beside it those of the base that may have changed, `"<layer>/<weight>"`."""
        return {name: np.array(weight) for name, weight in (self._base_weights | self._head).items()}

    def begin_epoch(self, seed: int, epoch: int, learning_rate: float) -> None:
        """Says what dropout draws from and how far a step goes."""
        draws = np.random.default_rng([seed, 3, epoch]).integers(2**32, size=2, dtype=np.uint32)
        if self._dropout.rate > 0:  # else it draws nothing and has no generator
            self._dropout.seed_generator.state.assign(draws)
        self._optimizer.learning_rate = learning_rate

    def read(self, features: FeatureArray, batches: Sequence[NDArray[np.int64]]) -> Iterator[Any]:
        """Each batch's maps, float32 (batch, height, width, channels), read ahead by tf.data."""

        def maps() -> Iterator[Floats]:
            for rows in batches:
                yield features.read(rows).dense().reshape(-1, *self.shape)

        data = tf.data.Dataset.from_generator(maps, output_signature=tf.TensorSpec((None, *self.shape), tf.float32))
        return iter(data.prefetch(AHEAD))

    def step(self, maps: Any, labels: NDArray[np.int64]) -> Batch:
        """One step of Adam on one batch; labels are int64 (batch,)."""
        probabilities, penalty = self._train(maps, labels)
        return score(probabilities.numpy(), labels, float(penalty))

    def evaluate(self, maps: Any, labels: NDArray[np.int64]) -> tuple[Batch, NDArray[np.float64]]:
        """Scores a batch in inference mode, and gives its probabilities, float64 (batch, outputs)."""
        probabilities, exact, penalty = self._prediction(maps)
        return score(probabilities.numpy(), labels, float(penalty)), exact.numpy()

    def _trained(self, maps: Any, labels: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            logits = self._tail(maps, training=True)
            if self._outputs == 1:
                targets = tf.cast(labels[:, None], tf.float32)
                losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
            else:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            penalty = self._penalty()
            loss = tf.reduce_mean(losses) + penalty
        variables = self._tail.trainable_variables
        self._optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)
        return self._activate(logits), penalty

    def _answered(self, maps: Any) -> tuple[Any, Any, Any]:
        logits = self._tail(maps, training=False)
        return self._activate(logits), self._activate(tf.cast(logits, tf.float64)), self._penalty()

    def _penalty(self) -> Any:
        return self._l2 * tf.reduce_sum(tf.square(self._head["hidden_kernel"].value))

    def _activate(self, logits: Any) -> Any:
        return tf.sigmoid(logits) if self._outputs == 1 else tf.nn.softmax(logits)
