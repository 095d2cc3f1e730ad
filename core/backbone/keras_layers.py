"""Keras' numbering of MobileNetV2's layers, and where the network may be cut, without Keras.

Fine-tuning speaks of "the last N layers" as Keras' guides do: `base.layers[-N:]`, activations, paddings and
BatchNormalization counted. What lies below a block in which nothing is trained gives every image the same numbers
each time, so it is passed once: the cut.
"""

from collections.abc import Iterator

from core.backbone.architecture import BLOCKS, Block


def _names(block: Block) -> Iterator[str]:
    for convolution in block.convolutions:
        stem = convolution.name
        if convolution.depthwise and convolution.stride == 2:
            yield stem.replace("depthwise", "pad")
        yield stem
        yield convolution.normalisation
        if convolution.relu6:
            yield "out_relu" if stem == "Conv_1" else f"{stem}_relu"
    if block.residual:
        yield block.convolutions[0].name.replace("expand", "add")


LAYERS_OF_BLOCKS: tuple[tuple[str, ...], ...] = tuple(tuple(_names(block)) for block in BLOCKS)
"""The names of each block's layers, in Keras' order. Before the first stands only the input layer, which has no fixed
name."""

NUM_LAYERS = 1 + sum(len(names) for names in LAYERS_OF_BLOCKS)
"""`len(base.layers)` in Keras: 154."""

MOST_LAYERS = NUM_LAYERS - 1 - len(LAYERS_OF_BLOCKS[0])
"""Last layers that can be unfrozen while the first convolution stays frozen: 150."""


def unfrozen(layers: int) -> tuple[str, ...]:
    """The names of `base.layers[-layers:]`; `layers` is 1..`MOST_LAYERS`."""
    return tuple(name for names in LAYERS_OF_BLOCKS for name in names)[-layers:]


def frozen_blocks(layers: int) -> int:
    """How many blocks, counted from the image, hold none of the last `layers` layers: 1 or more."""
    first = unfrozen(layers)[0]
    return next(number for number, names in enumerate(LAYERS_OF_BLOCKS) if first in names)


def map_shape(blocks: int, image_size: int) -> tuple[int, int, int]:
    """(height, width, channels) of what the first `blocks` blocks make of a square image."""
    side = image_size
    for block in BLOCKS[:blocks]:
        for convolution in block.convolutions:
            side = -(-side // convolution.stride)
    return side, side, BLOCKS[blocks - 1].convolutions[-1].channels
