"""The levels of a segmentation named anew, without segmenting again."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode


def lowest_disc_of(segmentation: "vtkMRMLSegmentationNode") -> str:
    """The name that the lowest disc was given; "L5/S1" where nothing says otherwise."""
    raise NotImplementedError


def name_levels(segmentation: "vtkMRMLSegmentationNode", lowest_disc: str) -> None:
    """Give the lowest disc of a sagittal segmentation another name, and shift all other levels with it: names, colours,
    codes and label values, in the automatic result too. Segments that the user renamed keep their names.

    Raises InputError where a level would have no name, and changes nothing then.
    """
    raise NotImplementedError
