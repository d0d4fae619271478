"""The sagittal network: a 2D U-Net on a few neighbouring slices that computes on half the resolution of its grid and
answers on all of it.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.01, True),
        ]
    return nn.Sequential(*layers)


class HalfResolutionUNet(nn.Module):
    """U-Net between a pixel unshuffle and a pixel shuffle of factor 2.

    Four pixels of the grid enter as channels of one, so nothing of the image is lost, boundaries are drawn
    on the full grid, and the costly first level of a plain U-Net is not computed: on a CPU half the time at
    the same grid.

    Input (batch, inputs, rows, columns), rows and columns multiples of `stride`; output (batch, classes,
    rows, columns) as logits.
    """

    def __init__(self, inputs: int, classes: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.inputs = inputs
        before = (4 * inputs, *channels[:-1])
        self.encoders = nn.ModuleList(_double_convolution(i, o) for i, o in zip(before, channels, strict=True))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 2, 2) for shallow, deep in pairwise(channels))
        self.decoders = nn.ModuleList(_double_convolution(2 * width, width) for width in channels[:-1])
        self.head = nn.Conv2d(channels[0], 4 * classes, 1)
        self.stride = 2 ** len(channels)

    def forward(self, image: Tensor) -> Tensor:
        features = F.pixel_unshuffle(image, 2)
        skips: list[Tensor] = []
        for level, encoder in enumerate(self.encoders):
            features = encoder(features if level == 0 else F.max_pool2d(features, 2))
            skips.append(features)
        for level in range(len(self.ups) - 1, -1, -1):
            features = self.decoders[level](torch.cat([self.ups[level](features), skips[level]], dim=1))
        return F.pixel_shuffle(self.head(features), 2)
