"""A residual network as encoder, MONAI's own with group norm, and the U-Net around it."""

from typing import Literal

from monai.networks.nets.flexible_unet import SegmentationHead, UNetDecoder
from monai.networks.nets.resnet import ResNet, ResNetFeatures
from torch import Tensor, nn

from training.networks.base import GROUP_NORM, GROUPS, Count, SegmentationNetwork, Width

Block = Literal["basic", "bottleneck"]
Layers = tuple[Count, Count, Count, Count]
Widths = tuple[Width, Width, Width, Width]

_BOTTLENECK = 4


class ResNetEncoder(ResNetFeatures):
    """He et al. 2016 (arXiv 1512.03385) in two dimensions, without pretrained weights. Answers with five feature maps
    at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image; their widths are `widths`.

    MONAI's `ResNetFeatures` gives neither widths nor norm to choose, and its shallow ones have shortcuts that carry no
    gradient; the base class underneath lets all but the norm be chosen.
    """

    def __init__(self, inputs: int, block: Block, layers: Layers, channels: Widths) -> None:
        ResNet.__init__(
            self,
            block,
            list(layers),
            list(channels),
            spatial_dims=2,
            n_input_channels=inputs,
            conv1_t_stride=2,
            feed_forward=False,
            bias_downsample=False,
        )
        expansion = _BOTTLENECK if block == "bottleneck" else 1
        self.widths = (channels[0], *(expansion * width for width in channels))
        with_group_norm(self)


def with_group_norm(network: nn.Module) -> None:
    """Put a group norm in the place of each batch norm."""
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(network, name, nn.GroupNorm(GROUPS, child.num_features))
        else:
            with_group_norm(child)


def resnet_unet(
    inputs: int,
    classes: int,
    *,
    block: Block = "basic",
    layers: Layers = (2, 2, 2, 2),
    channels: Widths = (32, 64, 128, 256),
    decoder_channels: tuple[Width, Width, Width, Width, Width] = (128, 64, 32, 32, 16),
) -> SegmentationNetwork:
    """A U-Net whose encoder is a residual network; the defaults are an 18-layer one of half width."""
    return ResNetUNet(inputs, classes, ResNetEncoder(inputs, block, layers, channels), decoder_channels)


class ResNetUNet(SegmentationNetwork):
    """Encoder, MONAI's decoder with the encoder's feature maps beside it, and a convolution to the classes."""

    def __init__(
        self, inputs: int, classes: int, encoder: ResNetEncoder, decoder_channels: tuple[int, int, int, int, int]
    ) -> None:
        super().__init__(inputs, classes, dimensions=2, stride=32)
        self.encoder = encoder
        self.decoder = UNetDecoder(
            spatial_dims=2,
            encoder_channels=(inputs, *encoder.widths),
            decoder_channels=decoder_channels,
            act=("relu", {"inplace": True}),
            norm=GROUP_NORM,
            dropout=0.0,
            bias=False,
            upsample="nontrainable",
            pre_conv="default",
            interp_mode="nearest",
            align_corners=None,
            is_pad=False,
        )
        self.head = SegmentationHead(spatial_dims=2, in_channels=decoder_channels[-1], out_channels=classes)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.head(self.decoder([image, *self.encoder(image)]))
        return logits
