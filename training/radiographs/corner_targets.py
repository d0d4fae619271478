"""What a network that regresses corners is taught, how it is scored, and how its answer is read.

After vertebra-focused landmark detection (Yi, Wu, Huang, Qu, Metaxas, ISBI 2020, arXiv 2001.03187): a heatmap of the
vertebrae's centres, and at each centre the way to its four corners. Here the answer is on all of the network's grid.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.data.corners import Corners

OUTPUTS = 9  # the heatmap, then (x, y) to top left, top right, bottom left, bottom right
_UNIT_PX = 4.0  # the ways to the corners are taught in
_SPREAD = 0.16  # of a vertebra's height: deviation of the blob at its centre
_TAUGHT_PX = 2.0  # around a centre the ways to its corners are taught
_FOUND = 0.3  # of the heatmap at a centre
_APART_PX = 11  # within which only the highest of the heatmap is a centre
_NEGLIGIBLE = 1e-4
_LOST_PX = 4.0  # from where a corner was, to where what lies there now was: then it has left the image


def targets(corners: Corners, size: tuple[int, int]) -> NDArray[np.float32]:
    """Heatmap, ways to the corners and where these are taught, (10, rows, columns), of corners (vertebrae, 4, 2) as
    (x, y). A vertebra whose centre lies outside, or one of whose corners is nan, is taught nowhere.
    """
    taught = np.zeros((OUTPUTS + 1, *size), np.float32)
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    for vertebra in corners:
        centre = vertebra.mean(0)
        if not np.isfinite(centre).all() or not ((centre >= 0) & (np.round(centre) < np.array(size)[::-1])).all():
            continue
        height = np.linalg.norm(vertebra[2:].mean(0) - vertebra[:2].mean(0))
        reach = int(4 * _SPREAD * height) + 2
        column, row = np.round(centre).astype(int)
        box = np.s_[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        away = (rows[box] - row) ** 2 + (columns[box] - column) ** 2
        np.maximum(taught[0][box], np.exp(-0.5 * away / (_SPREAD * height) ** 2), out=taught[0][box])
        near = away <= _TAUGHT_PX**2
        for place, (x, y) in enumerate(vertebra):
            taught[1 + 2 * place][box][near] = (x - columns[box][near]) / _UNIT_PX
            taught[2 + 2 * place][box][near] = (y - rows[box][near]) / _UNIT_PX
        taught[OUTPUTS][box][near] = 1.0
    return taught


def loss(answer: Tensor | list[Tensor], taught: Tensor) -> Tensor:
    """Focal loss of the heatmap with less penalty near a centre, and mean distance along x and y of the corners."""
    assert isinstance(answer, Tensor)
    heat, wanted = answer[:, 0], taught[:, 0]
    centres = wanted == 1.0
    log_found, log_not = F.logsigmoid(heat), F.logsigmoid(-heat)
    found = log_found.exp()
    hit = (1 - found) ** 2 * log_found
    miss = (1 - wanted) ** 4 * found**2 * log_not
    focal = -torch.where(centres, hit, miss).sum() / centres.sum().clamp(min=1)
    here = taught[:, OUTPUTS:]
    ways = (here * (answer[:, 1:] - taught[:, 1:OUTPUTS]).abs()).sum() / (here.sum() * (OUTPUTS - 1)).clamp(min=1)
    return focal + ways


def read(answer: Tensor) -> Corners:
    """Corners (vertebrae, 4, 2) as (x, y) from the top downward, of an answer (9, rows, columns)."""
    heat = answer[0].sigmoid()
    highest = F.max_pool2d(heat[None, None], _APART_PX, 1, _APART_PX // 2)[0, 0]
    rows, columns = torch.nonzero((heat == highest) & (heat > _FOUND), as_tuple=True)
    ways = answer[1:, rows, columns].T.reshape(-1, 4, 2) * _UNIT_PX
    found = (ways + torch.stack([columns, rows], 1)[:, None]).double().numpy()
    return np.asarray(found[np.argsort(found[:, :, 1].mean(1))])


def moved(corners: Corners, source: NDArray[np.float32]) -> Corners:
    """Where corners (n, 4, 2) come to lie in a warped image; `source` (2, rows, columns) tells for each of its pixels
    the (x, y) that it was taken from, with numbers far away where it was taken from nowhere.

    Where the image was mirrored left and right corners change their names. A corner that has come to lie outside of it
    is nan.
    """
    places = corners.reshape(-1, 2)
    coarse = source[:, ::4, ::4]
    away = ((coarse[:, None] - places.T[:, :, None, None]) ** 2).sum(0)
    row, column = np.unravel_index(away.reshape(len(places), -1).argmin(1), coarse.shape[1:])
    found = 4.0 * np.stack([column, row], 1)
    size = np.array(source.shape[:0:-1])
    for _ in range(4):
        at = np.clip(np.round(found), 1, size - 2).astype(int)
        x, y = at.T
        slopes = np.stack(
            [
                (source[:, y, x + 1] - source[:, y, x - 1]) / 2,
                (source[:, y + 1, x] - source[:, y - 1, x]) / 2,
            ],
            -1,
        ).transpose(1, 0, 2)
        missing = places - source[:, y, x].T
        usable = np.abs(np.linalg.det(slopes)) > _NEGLIGIBLE
        slopes[~usable] = np.eye(2)
        found = at + np.where(usable[:, None], np.linalg.solve(slopes, missing[..., None])[..., 0], 0.0)
    lost = np.any((np.abs(missing) > _LOST_PX) | (found < 0) | (found > size - 1), axis=1)
    result = np.where(lost[:, None], np.nan, found).reshape(corners.shape)
    turned = np.linalg.det(np.median(slopes, 0)) < 0
    return result[:, [1, 0, 3, 2]] if turned else result


def with_source(images: Tensor) -> Tensor:
    """Images (batch, 1, rows, columns) with the x and y of each pixel as two channels more, each plus one: what a warp
    fills with zeros is told apart from the first row and column.
    """
    count, _, rows, columns = images.shape
    y, x = torch.meshgrid(torch.arange(rows) + 1.0, torch.arange(columns) + 1.0, indexing="ij")
    return torch.cat([images, torch.stack([x, y]).expand(count, 2, rows, columns)], 1)


def source_of(warped: Tensor) -> NDArray[np.float32]:
    """The places (x, y) that the pixels of one warped image (3, rows, columns) of `with_source` were taken from."""
    places = warped[1:].numpy() - 1
    return np.where(warped[1:].numpy() < 1, np.float32(-1e4), places).astype(np.float32)


def stacked(taught: Sequence[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.stack(taught))
