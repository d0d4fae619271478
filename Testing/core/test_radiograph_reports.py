"""What is handed on of a measured radiograph: JSON after the schema, CSV, words, pictures."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from jsonschema import Draft202012Validator
from PIL import Image

from LumbarSegLib.core.analysis import Measured, measure
from LumbarSegLib.core.projection import View
from LumbarSegLib.core.radiograph import radiograph_of
from LumbarSegLib.core.report.measured import draw_measured
from LumbarSegLib.core.report.measured_radiograph import radiograph_figure
from LumbarSegLib.core.report.picture import draw_picture
from LumbarSegLib.core.report.tables import COLUMNS, to_csv, to_json
from LumbarSegLib.core.report.words import in_words
from LumbarSegLib.resources import resource
from Testing.csv_rows import value_in
from Testing.radiograph_phantoms import Spine, arcs

PROVENANCE = {"task": "xray", "lumbarseg_version": "0", "date": "2026-01-01T00:00:00Z", "image_sha256": "0" * 64}
SPINES: dict[View, Spine] = {
    "frontal": Spine(arcs((0, 4, 25.0), (4, 10, -55.0), (10, 15, 40.0), start=-3.0), spacing_mm=0.5),
    "lateral": Spine(arcs((0, 6, -50.0), count=7, start=25.0), spacing_mm=0.5, view="lateral"),
}


def measured(view: View, spacing: bool = True) -> tuple[sitk.Image, Measured]:
    spine = SPINES[view]
    image = spine.image(spacing=spacing, magnified=True, age="14 years", sex="female")
    return image, measure(radiograph_of(spine.semantic), image)


@pytest.mark.parametrize("view", SPINES)
@pytest.mark.parametrize("spacing", [True, False])
def test_the_json_follows_the_schema_and_lists_four_corners_of_each_vertebra(view: View, spacing: bool) -> None:
    _, found = measured(view, spacing)
    told = json.loads(to_json(found.findings, PROVENANCE))
    schema = json.loads(resource("findings.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(told)
    assert (told["view"], told["patient"]) == (view, {"age": "14 years", "sex": "female"})
    assert [one["vertebra"] for one in told["corners"]] == SPINES[view].names
    corner = "superior_right" if view == "frontal" else "superior_anterior"
    first = told["corners"][0]
    assert first["pixels"][corner] == pytest.approx(SPINES[view].corners[0, 0] / 0.5, abs=0.7)
    if spacing:
        assert first["mm"][corner] == pytest.approx(SPINES[view].corners[0, 0], abs=0.4)
    else:
        assert first["mm"] is None


def test_the_csv_has_a_row_for_each_measure_and_the_corners_above() -> None:
    _, found = measured("frontal")
    lines = list(csv.reader(io.StringIO(to_csv(found.findings, PROVENANCE))))
    assert ["# patient age", "14 years"] in lines and ["# view", "frontal"] in lines
    corners = [line for line in lines if line[0].startswith("# corner")]
    assert len(corners) == 4 * 17 and all(len(line) == 5 for line in corners)
    rows = {(line[0], line[1]): line for line in lines if not line[0].startswith("#")}
    cobb = dict(zip(COLUMNS, rows["T5-T11", "coronal.cobb_main_thoracic"], strict=True))
    assert cobb["value_deg"] == value_in(cobb) != ""
    assert ("T6", "coronal.tilt") in rows


def test_words_tell_the_view_the_patient_the_curves_and_what_is_not_corrected() -> None:
    text = in_words(measured("frontal")[1].findings)
    assert text.startswith("A frontal radiograph; patient: 14 years, female.")
    assert "Main thoracic Cobb angle T5-T11: 55" in text and "(apex T8, convex to the right)" in text
    assert "not corrected for magnification" in text
    side = in_words(measured("lateral")[1].findings)
    assert "Lordosis L1-L5: " in side and "Experimental: not validated on real lateral radiographs." in side


@pytest.mark.parametrize("view", SPINES)
def test_the_pictures_are_written_and_show_more_than_the_film(view: View, tmp_path: Path) -> None:
    image, found = measured(view)
    draw_measured(image, found.result, found.findings, tmp_path / "measured.png")
    draw_picture(image, found.result, tmp_path / "found.png")
    for name in ("measured.png", "found.png"):
        pixels = np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)
        assert (np.ptp(pixels, axis=2) > 60).sum() > 2000


def test_the_frontal_picture_names_every_vertebra_and_each_angle_once() -> None:
    image, found = measured("frontal")
    figure = radiograph_figure(image, found.result, found.findings)  # type: ignore[arg-type]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert all(texts.count(name) == 1 for name in SPINES["frontal"].names)
    assert [text.split("\n")[0] for text in texts if "apex" in text] == [
        "Proximal thoracic",
        "Main thoracic",
        "Thoracolumbar/lumbar",
    ]
    assert sum(text.startswith("Shift") for text in texts) == 1


def test_a_map_without_a_vertebra_has_words_and_a_picture(tmp_path: Path) -> None:
    image = SPINES["frontal"].image()
    empty = sitk.Image(image.GetSize(), sitk.sitkUInt8)
    empty.CopyInformation(image)
    found = measure(radiograph_of(empty), image)
    assert "There is no vertebra in the label map." in in_words(found.findings)
    draw_measured(image, found.result, found.findings, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").is_file()
