"""What every network of the bench has in common."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

GROUPS = 8
"""Group norm over eight groups of channels stands where batch norm would be noise at batches of two to eight."""
GROUP_NORM = ("group", {"num_groups": GROUPS})

Count = Annotated[int, Field(ge=1)]
Width = Annotated[int, Field(ge=GROUPS, multiple_of=GROUPS)]


class SegmentationNetwork(nn.Module):
    """Takes (batch, inputs, rows, columns), or (batch, inputs, slices, rows, columns) with three `dimensions`; every
    size a multiple of `stride`.

    Answers with logits of the `classes` on the same grid; while it trains, possibly with a list of such answers, the
    final one first.
    """

    def __init__(self, inputs: int, classes: int, dimensions: int, stride: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.classes = classes
        self.dimensions = dimensions
        self.stride = stride


class Wrapped(SegmentationNetwork):
    """A network of MONAI that answers with one tensor of logits."""

    def __init__(self, network: nn.Module, inputs: int, classes: int, dimensions: int, stride: int) -> None:
        super().__init__(inputs, classes, dimensions, stride)
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image)
        return logits
