"""Where findings stand in the scene: their places are LPS of the volume before its transform, or of the world where the
volume's slices have planes of their own.
"""

from typing import TYPE_CHECKING

from LumbarSegLib.core.findings import Point
from LumbarSegLib.scene.acquisition import planes_in_world

if TYPE_CHECKING:
    from slicer import vtkMRMLMarkupsNode, vtkMRMLVolumeNode


class Frame:
    """The coordinates of the findings of a volume. A node that stands in it follows the volume's transform.

    Raises InputError where a transform bends the volume's slices.
    """

    def __init__(self, volume: "vtkMRMLVolumeNode") -> None:
        self._volume = volume
        self._in_world = planes_in_world(volume) is not None

    def place(self, node: "vtkMRMLMarkupsNode") -> None:
        """Let a node's own coordinates be those of the findings."""
        node.SetAndObserveTransformNodeID(None if self._in_world else self._volume.GetTransformNodeID())

    def to_world(self, point: Point) -> Point:
        """A place of the findings (LPS, mm) in the world (RAS, mm)."""
        own = to_ras(point)
        if self._in_world:
            return own
        world = [0.0, 0.0, 0.0]
        self._volume.TransformPointToWorld(own, world)
        x, y, z = world
        return x, y, z


def to_ras(point: Point) -> Point:
    """LPS to RAS and back, mm."""
    x, y, z = point
    return -x, -y, z
