"""Moves images and classes alike: one sampling grid for a whole batch of slices or volumes."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from training.feed.chance import happens, log_uniform, smooth_field, uniform
from training.feed.settings import Augmentation

_BEND_KNOTS = 7
_BENT = 0.6  # of the samples


def warp(images: Tensor, classes: Tensor, settings: Augmentation) -> tuple[Tensor, Tensor]:
    """Crop, shift, rotate, zoom, stretch, shear, bend and mirror; outside of the image is black background.

    Images (batch, channels, rows, columns) with classes (batch, rows, columns), or one dimension more for volumes. A
    volume is turned and sheared within its slices only, since its voxels are longer across them; it is zoomed and bent
    in all directions.
    """
    shape = classes.shape[1:]
    wanted = settings.crop or tuple(shape)
    if _moves_nothing(settings) and tuple(shape) == wanted:
        return images, classes
    source = _in_plane(len(images), shape[-2:], wanted[-2:], settings)
    if len(shape) == 3:
        source = [_across(len(images), shape[0], wanted[0], settings), *(one[:, None] for one in source)]
    source = _bend(source, len(images), wanted, settings)
    ends = [2 * one.expand(len(images), *wanted) / size for one, size in zip(source, shape, strict=True)]
    grid = torch.stack(ends[::-1], -1)
    warped = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    nearest = F.grid_sample(classes[:, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=False)
    return warped, nearest[:, 0].to(classes.dtype)


def _moves_nothing(settings: Augmentation) -> bool:
    moves = (
        settings.shift,
        settings.rotation_deg,
        settings.stretch,
        settings.shear,
        settings.elastic_px,
        settings.mirror,
    )
    return not any(moves) and settings.zoom == (1.0, 1.0)


def _in_plane(count: int, shape: tuple[int, ...], wanted: tuple[int, ...], settings: Augmentation) -> list[Tensor]:
    """For each row and column wanted the row and column to take it from, as distances from the middle, each (count,
    rows, columns).
    """
    rows, columns = wanted
    angle = uniform(count, -settings.rotation_deg, settings.rotation_deg) * math.pi / 180
    zoom = log_uniform(count, *settings.zoom)
    stretch = torch.exp(uniform(count, -settings.stretch, settings.stretch))
    shear = uniform(count, -settings.shear, settings.shear)
    side = 1 - 2 * happens(count, settings.mirror).float()
    y, x = torch.meshgrid(_from_middle(rows), _from_middle(columns), indexing="ij")
    x = x * (side / (zoom * stretch))[:, None, None]
    y = y / (zoom / stretch)[:, None, None]
    x = x + shear[:, None, None] * y
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    return [
        sin * x + cos * y + _free(count, shape[0], rows, settings)[:, None, None],
        cos * x - sin * y + _free(count, shape[1], columns, settings)[:, None, None],
    ]


def _across(count: int, slices: int, wanted: int, settings: Augmentation) -> Tensor:
    """For each slice wanted the place to take it from, as distance from the middle, (count, slices, 1, 1)."""
    zoom = log_uniform(count, *settings.zoom)
    place = _from_middle(wanted) / zoom[:, None] + _free(count, slices, wanted, settings)[:, None]
    return place[:, :, None, None]


def _from_middle(size: int) -> Tensor:
    return torch.arange(size) - (size - 1) / 2


def _free(count: int, size: int, wanted: int, settings: Augmentation) -> Tensor:
    """How far the middle moves: anywhere within the image, and by `shift` beyond."""
    furthest = max(0.0, (size - wanted) / 2 + settings.shift * wanted)
    return uniform(count, -furthest, furthest)


def _bend(source: list[Tensor], count: int, wanted: tuple[int, ...], settings: Augmentation) -> list[Tensor]:
    if not settings.elastic_px:
        return source
    most = settings.elastic_px * torch.rand(count) * happens(count, _BENT)
    most = most.reshape(count, *(1 for _ in wanted))
    # A bend across the slices of a volume is as large a part of their number.
    parts = [size / wanted[-1] if place < len(wanted) - 2 else 1.0 for place, size in enumerate(wanted)]
    return [
        one + part * most * smooth_field(count, wanted, _BEND_KNOTS) for one, part in zip(source, parts, strict=True)
    ]
