"""A picture tells where it is from, and stays the picture that it was."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.report.png_origin import tell_in_png


def test_a_png_tells_its_making_and_shows_the_same_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (7, 5, 3), np.uint8)
    path = tmp_path / "größe.png"
    Image.fromarray(pixels).save(path)
    told = {"lumbarseg_version": "9.9", "model": "sagittal-mr", "confirmed": "Eva Weiß 山田"}
    tell_in_png(path, told)
    with Image.open(path) as drawn:
        assert (np.asarray(drawn) == pixels).all()
        assert (drawn.text["Software"], drawn.text["Disclaimer"]) == ("LumbarSeg 9.9", RESEARCH_USE)
        assert json.loads(drawn.text["Comment"]) == told
