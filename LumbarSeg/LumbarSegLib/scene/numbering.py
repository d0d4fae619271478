"""The levels of a segmentation named anew, without segmenting again."""

from typing import TYPE_CHECKING

from LumbarSegLib.core.anatomy import Numbering
from LumbarSegLib.core.renaming import renamed, renaming
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene import handwork
from LumbarSegLib.scene.automatic import agreement_of, automatic_labels, keep_automatic
from LumbarSegLib.scene.reading import lowest_disc_of
from LumbarSegLib.scene.segmentations import describe, label_of, provenance_of, segments_of, set_provenance, task_of

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode


def name_levels(segmentation: "vtkMRMLSegmentationNode", lowest_disc: str) -> None:
    """Give the lowest disc of a segmentation another name, and shift all other levels with it: names, colours,
    codes and labels, in the automatic result and in what was set by hand too. Segments that the user renamed keep their
    names.

    Raises InputError where a level would have no name, and changes nothing then.
    """
    if task_of(segmentation) == "axial":
        raise InputError(f"{segmentation.GetName()} is a segmentation of axial slices, which have no levels to name.")
    before = Numbering(lowest_disc_of(segmentation))
    segments = [(one, label) for one in segments_of(segmentation).values() if (label := label_of(one))]
    names = renaming({label for _, label in segments}, lowest_disc, before.lowest_disc)
    changed = [(segment, before.structure(label), names.structure(label)) for segment, label in segments]
    made = automatic_labels(segmentation)
    made_anew = None if made is None else renamed(made, names)

    for segment, old, new in changed:
        if segment.GetName() == old.name:
            segment.SetName(new.name)
        describe(segment, new)
    if made_anew is not None:
        keep_automatic(segmentation, made_anew, agreement_of(segmentation))
    handwork.rename_levels(segmentation, {old.name: new.name for _, old, new in changed})
    set_provenance(segmentation, provenance_of(segmentation) | {"lowest_disc": names.lowest_disc})
