"""MobileNetV2 (alpha 1.0, no top) as data: its convolutions in order, and the name and shape of every weight.

Sandler et al. 2018, table 2, under Keras' names. Readers of weight files check against this list and the ONNX graph is
built from it, so that both speak of the same network.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

EPSILON = 1e-3
"""Of every BatchNormalization, in Keras and in TF-Slim alike."""

FEATURES = 1280
"""Channels of the feature map. Its height and width are the image's, halved five times and rounded up each time."""

IMAGE = "image"
"""The graph's input: float32 (N, H, W, 3), RGB, 0..255."""
FEATURE_MAP = "feature_map"
"""Its output: float32 (N, h, w, 1280), 0..6; h and w are H / 32 and W / 32, rounded up."""

NORMALISATION = ("gamma", "beta", "moving_mean", "moving_variance")
"""The weights of a BatchNormalization layer, in Keras' order; each has shape (channels,)."""

# Repeated blocks: expansion, output channels, number of blocks, stride of the first.
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


@dataclass(frozen=True)
class Convolution:
    """A convolution without bias and the BatchNormalization layer behind it."""

    name: str
    normalisation: str
    """The BatchNormalization layer's name."""
    kernel: tuple[int, int, int, int]
    """Keras' layout: (height, width, channels in, channels out); depthwise (height, width, channels, 1)."""
    stride: int = 1
    depthwise: bool = False
    relu6: bool = True

    @property
    def channels(self) -> int:
        """Channels of the output."""
        return self.kernel[2] if self.depthwise else self.kernel[3]


@dataclass(frozen=True)
class Block:
    """Convolutions one after the other; with `residual` the block's input is added to its output."""

    convolutions: tuple[Convolution, ...]
    residual: bool = False


def _blocks() -> Iterator[Block]:
    yield Block((Convolution("Conv1", "bn_Conv1", (3, 3, 3, 32), stride=2),))
    channels, number = 32, 0
    for expansion, out, repeats, first_stride in _STAGES:
        for repeat in range(repeats):
            prefix = f"block_{number}_" if number else "expanded_conv_"
            stride = first_stride if repeat == 0 else 1
            wide = channels * expansion
            expand = Convolution(f"{prefix}expand", f"{prefix}expand_BN", (1, 1, channels, wide))
            depthwise = Convolution(f"{prefix}depthwise", f"{prefix}depthwise_BN", (3, 3, wide, 1), stride, True)
            project = Convolution(f"{prefix}project", f"{prefix}project_BN", (1, 1, wide, out), relu6=False)
            chain = (expand, depthwise, project) if expansion > 1 else (depthwise, project)
            yield Block(chain, residual=stride == 1 and channels == out)
            channels, number = out, number + 1
    yield Block((Convolution("Conv_1", "Conv_1_bn", (1, 1, channels, FEATURES)),))


BLOCKS: tuple[Block, ...] = tuple(_blocks())

CONVOLUTIONS: tuple[Convolution, ...] = tuple(convolution for block in BLOCKS for convolution in block.convolutions)

LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    layer
    for convolution in CONVOLUTIONS
    for layer in ((convolution.name, ("kernel",)), (convolution.normalisation, NORMALISATION))
)
"""Every layer that has weights, in Keras' order: its name and its weights' names. 104 entries."""


def _weight_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    for convolution in CONVOLUTIONS:
        yield f"{convolution.name}/kernel", convolution.kernel
        for weight in NORMALISATION:
            yield f"{convolution.normalisation}/{weight}", (convolution.channels,)


WEIGHT_SHAPES: Mapping[str, tuple[int, ...]] = dict(_weight_shapes())
"""Every weight: `"<layer>/<weight>"`, as `f"{layer.name}/{weight.name}"` in Keras 3, to its shape. 260 entries."""
