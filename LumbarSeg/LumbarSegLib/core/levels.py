"""From a map of vertebra, disc and canal to the Spine: every vertebra and disc on its own, named by its level.

A semantic map merges what touches. The discs tell the bodies apart, the canal tells bodies from arches, and the
count goes upward from the lowest disc, whose name is an assumption.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import CANAL, SEMANTIC, Kind, Level, Numbering, Structure
from LumbarSegLib.core.labelmap import label_map
from LumbarSegLib.core.upright import Labels, Upright

if TYPE_CHECKING:
    from LumbarSegLib.core.split import Split

_PART = 0.5  # of the volume of the next vertebra; the uppermost one, if it has less, is seen in part


@dataclass(frozen=True)
class Instance:
    """One structure in one image: its `center` in LPS (mm), its volume, and whether the image border cuts it.

    Only the upper and the lower border count: at its sides every sagittal stack cuts the vertebrae. The uppermost
    vertebra is partly visible too where its upper part has no signal.
    """

    structure: Structure
    center: tuple[float, float, float]
    volume_mm3: float
    partly_visible: bool


@dataclass(frozen=True)
class Spine:
    """The named structures of an image.

    `labels` is uint8 with SPIDER's values, on the grid of the image. `instances` run from the bottom upward, the
    canal last. `lowest_disc` names the lowest disc that is seen; given to `find_levels` again it leads to the same
    names. `notes` say in plain sentences what is doubtful.
    """

    labels: sitk.Image
    instances: tuple[Instance, ...]
    lowest_disc: str
    notes: tuple[str, ...]


def find_levels(semantic: sitk.Image, lowest_disc: str = "L5/S1") -> Spine:
    """Tells the vertebrae and the discs of a semantic map apart and names them.

    `semantic` is a 3D uint8 map: 0 background, 1 vertebra, 2 disc, 3 canal, stored in any orientation. What cannot
    be told apart is left out, and the notes say so. Raises `InputError` where `lowest_disc` is no name of a disc.
    """
    # It needs scikit-image, which a host does not have that measures what its worker has segmented.
    from LumbarSegLib.core.split import split

    numbering = Numbering(lowest_disc)
    upright = Upright(semantic)
    parts = split(upright.coarse, upright.spacing, upright.cut_below)
    below = parts.lowest_disc - parts.bottom
    for _ in range(below):
        numbering = numbering.one_lower() or numbering
    levels = numbering.levels()
    values: dict[Kind, Labels] = {
        "vertebra": _values(parts.vertebrae, parts.bottom, [level.vertebra for level in levels]),
        "disc": _values(parts.discs, parts.bottom, [level.disc for level in levels]),
        "canal": np.where(parts.canal, CANAL.label, 0).astype(np.uint8),
    }
    labels = np.zeros_like(upright.crop)
    for kind, coarse in values.items():
        labels += upright.refined(coarse, upright.crop == SEMANTIC[kind].label)
    notes = _notes(parts, levels)
    return Spine(upright.image_of(labels), _instances(upright, labels, numbering), levels[below].disc.name, notes)


def _values(level: Labels, bottom: int, structures: list[Structure]) -> Labels:
    """The label value of each voxel from its level; what lies beyond the last structure is left out."""
    table = np.zeros(256, dtype=np.uint8)
    for k, structure in enumerate(structures):
        table[bottom + k] = structure.label
    return np.asarray(table[level])


def _notes(parts: "Split", levels: tuple[Level, ...]) -> tuple[str, ...]:
    notes = [] if parts.canal.any() else ["No spinal canal was found."]
    if parts.top < parts.bottom:
        return (*notes, "No disc was found, so no vertebra can be named.")
    if parts.bottom < parts.lowest_disc:
        name = levels[0].vertebra.name
        notes.append(f"No disc was found below the lowest vertebra; the count starts with this vertebra as {name}.")
    named = {parts.bottom + place: level for place, level in enumerate(levels)}
    notes += [f"The disc {named[k].disc.name} was not found." for k in parts.missing if k in named]
    if parts.top - parts.bottom >= len(levels):
        notes.append("There are more vertebrae than names; the uppermost are left out.")
    seen = set(np.unique(parts.vertebrae).tolist())
    absent = [k for k in range(parts.bottom, min(parts.top + 1, parts.bottom + len(levels))) if k not in seen]
    return (
        *notes,
        *(f"The vertebra {levels[k - parts.bottom].vertebra.name} was not found." for k in absent),
    )


def spine_of(labels: sitk.Image, lowest_disc: str = "L5/S1") -> Spine:
    """The Spine of a label map that carries SPIDER's values already, as an edited or a reloaded one does.

    Raises `InputError` where the map is no label map, a value belongs to no structure or `lowest_disc` is no name of a
    disc.
    """
    labels = label_map(labels)
    upright = Upright(labels)
    return Spine(labels, _instances(upright, upright.crop, Numbering(lowest_disc)), lowest_disc, ())


def _instances(upright: Upright, labels: Labels, numbering: Numbering) -> tuple[Instance, ...]:
    counts = np.bincount(labels.ravel(), minlength=256)
    structures = sorted((numbering.structure(int(k)) for k in np.flatnonzero(counts) if k), key=_rank)
    volumes = {row.label: float(counts[row.label]) * upright.voxel_mm3 for row in structures}
    centers = upright.centers(labels)
    cut = upright.cut_values(labels) | _faded(structures, volumes)
    return tuple(Instance(row, centers[row.label], volumes[row.label], row.label in cut) for row in structures)


def _faded(structures: list[Structure], volumes: dict[int, float]) -> set[int]:
    """The uppermost vertebra where it is a mere part with no disc above: the coil's signal ends before the image."""
    levels = [row for row in structures if row.kind != "canal"]
    vertebrae = [row.label for row in levels if row.kind == "vertebra"]
    if len(vertebrae) < 2 or levels[-1].kind == "disc":
        return set()
    top, below = vertebrae[-1], vertebrae[-2]
    return {top} if volumes[top] < _PART * volumes[below] else set()


def _rank(structure: Structure) -> tuple[bool, int, bool]:
    """From the bottom upward, each disc before the vertebra above it, the canal last."""
    level = structure.label % 100
    return structure.kind == "canal", 0 if level == 25 else level, structure.kind == "vertebra"
