"""UNETR: a vision transformer over 16-voxel cubes as encoder, convolutions as decoder."""

from typing import Annotated

from monai.networks.nets.unetr import UNETR
from pydantic import Field
from torch import Tensor, nn

from training.errors import TrainingError
from training.networks.base import Count, SegmentationNetwork

Length = Annotated[int, Field(ge=16, multiple_of=16)]


def unetr(
    inputs: int,
    classes: int,
    *,
    size: tuple[Length, Length, Length] = (32, 128, 128),
    feature_size: Count = 8,
    hidden_size: Count = 192,
    mlp_dim: Count = 768,
    num_heads: Count = 6,
) -> SegmentationNetwork:
    """Hatamizadeh et al. 2022 (arXiv 2103.10504); published with feature_size 16, hidden_size 768, mlp_dim
    3072 and num_heads 12. The convolutions at full resolution, `feature_size` wide, take most of the time.
    """
    if hidden_size % num_heads:
        raise TrainingError(
            f"hidden_size {hidden_size} cannot be shared by {num_heads} heads; take a multiple of them."
        )
    network = UNETR(inputs, classes, size, feature_size, hidden_size, mlp_dim, num_heads)
    for block in network.vit.blocks:
        # MONAI keeps the norm of an attention that UNETR does not have; weights without a gradient stop a training on
        # several machines.
        block.norm_cross_attn = nn.Identity()
    return FixedSizeUNETR(network, inputs, classes, size)


class FixedSizeUNETR(SegmentationNetwork):
    """Knows each cube by its place, so it takes volumes of one `size` only: (slices, rows, columns)."""

    def __init__(self, network: UNETR, inputs: int, classes: int, size: tuple[int, int, int]) -> None:
        super().__init__(inputs, classes, dimensions=3, stride=16)
        self.network = network
        self.size = size

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image)
        return logits
