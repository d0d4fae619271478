"""The sagittal network: a 2D U-Net on a few neighbouring slices that computes on half the resolution of its grid and
answers on all of it.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.networks.base import Count, SegmentationNetwork


def _double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.01, True),
        ]
    return nn.Sequential(*layers)


class HalfResolutionUNet(SegmentationNetwork):
    """U-Net between a pixel unshuffle and a pixel shuffle of factor 2.

    Four pixels of the grid enter as channels of one, so nothing of the image is lost, boundaries are drawn
    on the full grid, and the costly first level of a plain U-Net is not computed: on a CPU half the time at
    the same grid.

    Input (batch, inputs, rows, columns), rows and columns multiples of `stride`; output (batch, classes,
    rows, columns) as logits.
    """

    def __init__(self, inputs: int, classes: int, channels: tuple[int, ...]) -> None:
        super().__init__(inputs, classes, dimensions=2, stride=2 ** len(channels))
        before = (4 * inputs, *channels[:-1])
        self.encoders = nn.ModuleList(_double_convolution(i, o) for i, o in zip(before, channels, strict=True))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 2, 2) for shallow, deep in pairwise(channels))
        self.decoders = nn.ModuleList(_double_convolution(2 * width, width) for width in channels[:-1])
        self.head = nn.Conv2d(channels[0], 4 * classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        features = F.pixel_unshuffle(image, 2)
        skips: list[Tensor] = []
        for level, encoder in enumerate(self.encoders):
            features = encoder(features if level == 0 else F.max_pool2d(features, 2))
            skips.append(features)
        for level in range(len(self.ups) - 1, -1, -1):
            features = self.decoders[level](torch.cat([self.ups[level](features), skips[level]], dim=1))
        return F.pixel_shuffle(self.head(features), 2)


def half_resolution_unet(
    inputs: int, classes: int, *, channels: tuple[Count, ...] = (24, 48, 96, 160, 224, 224)
) -> HalfResolutionUNet:
    """The widths of the sagittal model that ships."""
    return HalfResolutionUNet(inputs, classes, channels)


def spread_over_slices(weights: dict[str, Tensor], slices: int) -> dict[str, Tensor]:
    """The weights of a `HalfResolutionUNet` laid out for more slices than it has seen.

    New slices enter with weight zero; its outermost ones stay the outermost.
    """
    first = weights["encoders.0.0.weight"]
    before = first.shape[1] // 4
    by_slice = first.new_zeros(len(first), slices, 4, *first.shape[2:])
    places = torch.linspace(0, slices - 1, before).round().long()
    by_slice[:, places] = first.unflatten(1, (before, 4))
    return weights | {"encoders.0.0.weight": by_slice.flatten(1, 2).contiguous()}
