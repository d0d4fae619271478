"""A picture tells where it is from."""

import json
from pathlib import Path

from PIL import Image

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.report.picture import draw_picture
from Testing.phantoms import PhantomSpine


def test_a_png_tells_its_making_in_every_script(tmp_path: Path) -> None:
    phantom, path = PhantomSpine(), tmp_path / "größe.png"
    told = {"lumbarseg_version": "9.9", "model": "sagittal-mr", "confirmed": "Eva Weiß 山田"}
    draw_picture(phantom.image, spine_of(phantom.labels), path, told)
    with Image.open(path) as drawn:
        assert (drawn.text["Software"], drawn.text["Disclaimer"]) == ("LumbarSeg 9.9", RESEARCH_USE)
        assert json.loads(drawn.text["Comment"]) == told
