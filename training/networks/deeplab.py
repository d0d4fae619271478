"""DeepLabV3+: atrous spatial pyramid pooling on a residual network, and a small decoder with low-level features.

Chen et al. 2018, Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation (arXiv 1802.02611).
"""

import torch
import torch.nn.functional as F
from monai.networks.blocks.convolutions import Convolution
from torch import Tensor, nn

from training.networks.base import GROUP_NORM, Count, SegmentationNetwork, Width
from training.networks.resnets import Block, Layers, ResNetEncoder, Widths

_LOW_LEVEL_CHANNELS = 48


def deeplab_v3_plus(
    inputs: int,
    classes: int,
    *,
    block: Block = "basic",
    layers: Layers = (2, 2, 2, 2),
    channels: Widths = (32, 64, 128, 256),
    pyramid_channels: Width = 128,
    rates: tuple[Count, ...] = (6, 12, 18),
) -> SegmentationNetwork:
    """The published rates for an output stride of 16; `pyramid_channels` were 256."""
    encoder = ResNetEncoder(inputs, block, layers, channels)
    return DeepLabV3Plus(inputs, classes, encoder, pyramid_channels, rates)


class DeepLabV3Plus(SegmentationNetwork):
    """The pyramid sees features at 1/16 of the image; the decoder joins its answer with features at 1/4."""

    def __init__(
        self, inputs: int, classes: int, encoder: ResNetEncoder, pyramid_channels: int, rates: tuple[int, ...]
    ) -> None:
        super().__init__(inputs, classes, dimensions=2, stride=16)
        self.encoder = encoder
        _keep_resolution(encoder.layer4)
        _, quarter, _, _, last = encoder.widths
        self.pyramid = AtrousPyramid(last, pyramid_channels, rates)
        self.low_level = _convolution(quarter, _LOW_LEVEL_CHANNELS, 1)
        self.decoder = nn.Sequential(
            _separable(pyramid_channels + _LOW_LEVEL_CHANNELS, pyramid_channels),
            _separable(pyramid_channels, pyramid_channels),
            nn.Conv2d(pyramid_channels, classes, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        _, quarter, _, _, last = self.encoder(image)
        context = _resized(self.pyramid(last), quarter)
        logits: Tensor = self.decoder(torch.cat([context, self.low_level(quarter)], dim=1))
        return _resized(logits, image)


class AtrousPyramid(nn.Module):
    """One pixel, its surroundings at several rates, and the mean of the whole image side by side, then mixed."""

    def __init__(self, inputs: int, channels: int, rates: tuple[int, ...]) -> None:
        super().__init__()
        self.branches = nn.ModuleList([_convolution(inputs, channels, 1)])
        self.branches.extend(_separable(inputs, channels, rate) for rate in rates)
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), _convolution(inputs, channels, 1))
        self.mix = _convolution((len(rates) + 2) * channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        whole = self.whole(features).expand(-1, -1, *features.shape[2:])
        mixed: Tensor = self.mix(torch.cat([*(branch(features) for branch in self.branches), whole], dim=1))
        return mixed


def _convolution(inputs: int, outputs: int, kernel: int, rate: int = 1, groups: int = 1) -> Convolution:
    return Convolution(
        2, inputs, outputs, kernel_size=kernel, dilation=rate, groups=groups, act="relu", norm=GROUP_NORM, bias=False
    )


def _separable(inputs: int, outputs: int, rate: int = 1) -> nn.Sequential:
    """Each channel over its surroundings, then all channels of a pixel."""
    return nn.Sequential(_convolution(inputs, inputs, 3, rate, groups=inputs), _convolution(inputs, outputs, 1))


def _resized(features: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(features, like.shape[2:], mode="bilinear", align_corners=False)


def _keep_resolution(stage: nn.Module) -> None:
    """Atrous convolutions of rate 2 in the place of a stage's stride of 2: the same view at twice the resolution."""
    for layer in stage.modules():
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)
            if layer.kernel_size == (3, 3):
                layer.dilation, layer.padding = (2, 2), (2, 2)
