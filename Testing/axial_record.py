"""Small slices of the Mendeley set in the folders of its records, for the tests that read them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

OTHER, IVD, PE, TS, AAP = 250, 50, 100, 150, 200


def axial_slice() -> NDArray[np.uint8]:
    """Disc in front, sac behind it, posterior element at the back, fat beside the sac."""
    label = np.full((40, 40), OTHER, np.uint8)
    label[8:18, 12:28] = IVD
    label[18:22, 17:23] = TS
    label[18:21, 13:16] = AAP
    label[24:34, 16:24] = PE
    return label


def write_picture(path: Path, pixels: NDArray[np.generic]) -> None:
    """Write a PNG, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def publish(
    folder: Path, name: str, label: NDArray[np.uint8], images: dict[str, NDArray[np.uint8]] | None = None
) -> None:
    """Write a label and its T1 and T2 slice (100 and 200 all over, unless given) as record zbf6b4pttk has them."""
    write_picture(folder / "05_Final_Ground_Truth_Data" / "Label_Images" / f"L1_{name}.png", label)
    shown = {"T1": np.full_like(label, 100), "T2": np.full_like(label, 200)} | (images or {})
    for weighting, pixels in shown.items():
        path = folder / "04_Intermediary_Ground_Truth_Data" / f"{weighting}_Output" / f"{weighting}_{name}.png"
        write_picture(path, pixels)
