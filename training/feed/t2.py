"""What T2 would show of an axial T1 slice, made from its label map: the sac bright, with nerve roots in it, the disc
dark around a brighter nucleus, muscle darker; fat stays bright, or is suppressed.

Brightness and its ranges are ours, wide around the six T2 slices that lie beside labelled T1 slices.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.data.axial_labels import IVD, TS
from training.feed.chance import uniform

_SOFT = 3  # pixels, across the border of two structures
_NUCLEUS = 31  # pixels, of the neighbourhood that must be disc for all of it to be nucleus
_ROOT = 3  # pixels, about the width of a nerve root
_FAT = 0.42  # of the brightest; what is brighter on T1 and no structure is fat
_FAT_SUPPRESSED = 0.25  # of the slices


def t2_like(image: Tensor, classes: Tensor) -> Tensor:
    """An axial T1 sample in 0..1 (channels, rows, columns), with axial classes (rows, columns), as T2 might show it."""
    disc, sac = (_mean_around((classes == value).float(), _SOFT) for value in (IVD, TS))
    made = image ** float(uniform(1, 1.0, 1.9)) * float(uniform(1, 0.75, 1.1))
    if torch.rand(()) < _FAT_SUPPRESSED:
        fat = torch.sigmoid((image - _FAT) / 0.05)
        made = made * (1 - float(uniform(1, 0.5, 0.9)) * fat)
    made = torch.lerp(made, _disc(classes) + 0.3 * (image - image.mean()), disc)
    made = torch.lerp(made, _sac(classes), sac)
    return made.clamp(0, 1)


def _disc(classes: Tensor) -> Tensor:
    nucleus = _mean_around((classes == IVD).float(), _NUCLEUS) ** 2
    return float(uniform(1, 0.03, 0.18)) + float(uniform(1, 0.0, 0.45)) * nucleus


def _sac(classes: Tensor) -> Tensor:
    """Fluid with roots, which lie to the back of the sac in a patient on his back, and fill a narrow one."""
    spots = F.avg_pool2d(torch.randn(1, 1, *classes.shape), _ROOT, 1, _ROOT // 2)[0, 0] * _ROOT
    roots = torch.sigmoid((spots - float(uniform(1, -0.3, 1.2))) / 0.25)
    rows = torch.nonzero((classes == TS).any(1)).flatten()
    if len(rows):
        first, last = int(rows[0]), int(rows[-1])
        behind = (torch.arange(len(classes)) - first) / max(1, last - first)
        roots = roots * (behind.clamp(0, 1) + float(uniform(1, 0.0, 0.6))).clamp(0, 1)[:, None]
    return float(uniform(1, 0.4, 1.0)) * (1 - float(uniform(1, 0.1, 0.7)) * roots)


def _mean_around(mask: Tensor, width: int) -> Tensor:
    return F.avg_pool2d(mask[None, None], width, 1, width // 2, count_include_pad=False)[0, 0]
