"""U-Nets as MONAI has them: the plain one in two and three dimensions, the nested one, and the residual one."""

from typing import Literal

from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.basic_unetplusplus import BasicUNetPlusPlus
from monai.networks.nets.segresnet import SegResNet
from torch import Tensor, nn

from training.networks.base import GROUP_NORM, Count, SegmentationNetwork, Width, Wrapped

Widths = tuple[Width, Width, Width, Width, Width, Width]
"""Channels of the five levels, and of the last features before the answer."""

_STRIDE = 16


def unet_2d(inputs: int, classes: int, *, channels: Widths = (16, 32, 64, 128, 256, 16)) -> SegmentationNetwork:
    """Ronneberger et al. 2015 (arXiv 1505.04597)."""
    return _plain(2, inputs, classes, channels)


def unet_3d(inputs: int, classes: int, *, channels: Widths = (16, 32, 64, 128, 256, 16)) -> SegmentationNetwork:
    """Çiçek et al. 2016 (arXiv 1606.06650)."""
    return _plain(3, inputs, classes, channels)


def _plain(dimensions: int, inputs: int, classes: int, channels: Widths) -> SegmentationNetwork:
    network = BasicUNet(dimensions, inputs, classes, channels, norm=GROUP_NORM, bias=False)
    return Wrapped(network, inputs, classes, dimensions, _STRIDE)


def segresnet(
    inputs: int,
    classes: int,
    *,
    dimensions: Literal[2, 3] = 3,
    channels: Width = 16,
    blocks_down: tuple[Count, ...] = (1, 2, 2, 4),
) -> SegmentationNetwork:
    """Myronenko 2018 (arXiv 1810.11654) without the variational branch; `channels` are those of the first level."""
    network = SegResNet(
        dimensions,
        channels,
        inputs,
        classes,
        norm=GROUP_NORM,
        blocks_down=blocks_down,
        blocks_up=(1,) * (len(blocks_down) - 1),
    )
    return Wrapped(network, inputs, classes, dimensions, 2 ** (len(blocks_down) - 1))


def unet_plus_plus(
    inputs: int,
    classes: int,
    *,
    channels: Widths = (8, 16, 32, 96, 224, 8),
    deep_supervision: bool = True,
) -> SegmentationNetwork:
    """Zhou et al. 2018 (arXiv 1807.10165).

    It computes its first level five times over, so that level is narrower by default than a plain U-Net's.
    """
    return UNetPlusPlus(inputs, classes, channels, deep_supervision)


class UNetPlusPlus(SegmentationNetwork):
    """The nested U-Net in two dimensions. With deep supervision it answers in training with all four of its depths, the
    deepest first; afterwards with the deepest alone.
    """

    def __init__(self, inputs: int, classes: int, channels: Widths, deep_supervision: bool) -> None:
        super().__init__(inputs, classes, dimensions=2, stride=_STRIDE)
        self.network = BasicUNetPlusPlus(2, inputs, classes, channels, deep_supervision, norm=GROUP_NORM, bias=False)
        if not deep_supervision:
            # Heads that nobody reads would have no gradient, which training on several machines refuses.
            for depth in (1, 2, 3):
                setattr(self.network, f"final_conv_0_{depth}", nn.Identity())

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        shallow_to_deep: list[Tensor] = self.network(image)
        if self.training and self.network.deep_supervision:
            return shallow_to_deep[::-1]
        return shallow_to_deep[-1]
