"""Poses in which no face of a spine runs along the rows of the voxels, so that its label map tells where each lies.

A face of 30 mm that leans by 8 degrees crosses four rows of voxels of 1 mm. One that lies along a diagonal of the
voxels crosses none of the rows in that direction either; these are 0.7 or 0.4 mm apart, and it may tilt by a degree
between two of them (`Testing/core/test_voxel_limits.py` shows it).
"""

from itertools import permutations, product

import numpy as np
from scipy.spatial.transform import Rotation

from Testing.spine_shapes import Floats, SpineShape

OFF_AXES = 8.0  # degrees between the normal of a face and each axis of the voxels
OFF_DIAGONALS = 1.0  # degrees from it to each diagonal
DIAGONALS = ((1, 1, 0), (2, 1, 0))
"""Voxels from one to the next along a direction at right angles to the rows."""
_UPWARD = 5.0  # mm from place to place of the canal

Pose = tuple[tuple[float, float, float], tuple[float, float, float]]

ASKEW: tuple[Pose, ...] = (
    ((20.0, 10.0, 15.0), (0.0, 0.0, 0.0)),
    ((-15.0, 21.0, 15.0), (0.5, 0.7, 0.7)),
    ((3.0, 19.0, 12.0), (0.8, 0.5, 0.9)),
    ((-4.0, -11.0, 15.0), (0.0, 0.1, 0.4)),
    ((-2.0, -13.0, -25.0), (0.9, 0.4, 0.1)),
    ((21.0, 5.0, -11.0), (0.3, 0.1, 0.2)),
    ((-17.0, -11.0, -15.0), (1.0, 0.9, 0.3)),
    ((-9.0, -22.0, -11.0), (0.4, 0.9, 0.1)),
    ((18.0, 11.0, -21.0), (0.5, 0.0, 0.8)),
    ((13.0, 18.0, 16.0), (0.3, 0.8, 0.2)),
    ((-10.0, 15.0, -7.0), (0.2, 0.9, 0.7)),
    ((-19.0, -12.0, 13.0), (0.3, 0.7, 0.5)),
)
"""`turn` and `offset` of a phantom. All but the first were drawn at random among turns of at most 30 degrees; these are
the first in which the ill spine of the benchmark keeps what is said above.
"""


def faces(shape: SpineShape) -> Floats:
    """Unit normals (n, 3) of all flat faces: sides of the spine, the four of each body and disc, and the canal's front
    in steps.
    """
    blocks = [*shape.bodies.values(), *shape.discs.values()]
    edges = np.concatenate([np.roll(block.corners, -1, axis=0) - block.corners for block in blocks])
    canal = shape.canal
    heights = np.arange(blocks[0].corners[:, 1].min(), max(block.corners[:, 1].max() for block in blocks), _UPWARD)
    line = np.stack([canal.centreline.deriv()(heights), np.ones(len(heights))], axis=1)
    y, z = np.concatenate([edges, line]).T / np.linalg.norm(np.concatenate([edges, line]), axis=1)
    return np.concatenate([[(1.0, 0.0, 0.0)], np.stack([np.zeros(len(y)), z, -y], axis=1)])


def off_axes(shape: SpineShape, turn: tuple[float, float, float]) -> float:
    """The least angle in degrees between the normal of a face and an axis of the voxels."""
    return _least_angle(shape, turn, np.eye(3))


def off_diagonals(shape: SpineShape, turn: tuple[float, float, float]) -> float:
    """The same to a diagonal."""
    every = {
        tuple(sign * one for sign, one in zip(signs, order, strict=True))
        for diagonal in DIAGONALS
        for order in permutations(diagonal)
        for signs in product((-1, 1), repeat=3)
    }
    return _least_angle(shape, turn, np.array(sorted(every), dtype=float))


def _least_angle(shape: SpineShape, turn: tuple[float, float, float], directions: Floats) -> float:
    normals = faces(shape) @ Rotation.from_rotvec(turn, degrees=True).as_matrix().T
    cosines = np.abs(normals @ directions.T) / np.linalg.norm(directions, axis=1)
    return float(np.degrees(np.arccos(np.clip(cosines.max(), 0.0, 1.0))))
