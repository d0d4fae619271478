"""The report on radiographs, from images through the program to its pages, with a model that reads drawn ones."""

import json
from pathlib import Path

import numpy as np
import pytest

from LumbarSegLib.core import models
from LumbarSegLib.core.models import Model
from Testing.radiograph_model import write_radiograph_model
from Testing.radiographs import DrawnRadiograph
from training.radiographs import measured, regional, sheets, summary
from training.radiographs.page import Refused, Report, page
from training.radiographs.report import figures_of

CURVED = DrawnRadiograph()
STRAIGHT = DrawnRadiograph(curves=())


TURNED = {"turned by 90°": Refused(3, 3, 2)}
READERS = {
    "films": 21,
    "readers": {
        one.name: {kind: {"mean": one.target, "low": np.nan, "high": np.nan, "patients": 1} for kind in ("two", "mean")}
        for one in summary.figures([])
    },
    "copies": {"straight": "a_copy"},
}
NOT_SEEN = {"turned by 90°": Refused(2, 1, 1)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = write_radiograph_model(tmp_path_factory.mktemp("model") / "xray.ts")
    return models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)


def found_in(drawn: DrawnRadiograph, model: Model) -> measured.Found:
    return measured.find(measured.as_radiograph(drawn.reading_pixels), model)


@pytest.fixture(scope="module")
def cases(model: Model) -> list[measured.Case]:
    drawn = {"curved": CURVED, "straight": STRAIGHT}
    return [measured.case_of(name, one.corners, found_in(one, model)) for name, one in drawn.items()]


@pytest.fixture(scope="module")
def report(model: Model, cases: list[measured.Case]) -> Report:
    found = found_in(CURVED, model)
    dark = np.zeros((400, 200), np.uint8)
    dark[0, 0] = 255
    nothing = measured.case_of("nothing", CURVED.corners * 0.4, measured.find(measured.as_radiograph(dark), model))
    pairs = [(regional.found_angles(found.findings), regional.marked_angles(cases[0].marked))]
    shown = ({}, TURNED, NOT_SEEN, {})
    every, seen = [*cases, nothing], regional.compare(pairs)
    return Report(model.info, every, every, cases, seen, cases, *shown, [], [], [], {}, READERS)


def test_drawn_vertebrae_are_all_found_with_their_corners_and_angles(cases: list[measured.Case]) -> None:
    for case in cases:
        assert len(case.matched.pairs) == 17
        assert case.dice > 0.95
        assert case.matched.error < 4
        assert abs(case.angle_error) < 3


def test_the_three_angles_of_the_program_are_those_of_the_marked_corners(model: Model) -> None:
    found = regional.found_angles(found_in(CURVED, model).findings)
    marked = regional.marked_angles(CURVED.corners)
    both = [name for name, value in marked.items() if value is not None]
    assert both
    for name in both:
        value, wanted = found[name], marked[name]
        assert value is not None and wanted is not None
        assert abs(value - wanted) < 3


def test_the_model_stands_beside_readers_and_films_with_a_copy_in_the_training_are_left_out_apart(
    report: Report,
) -> None:
    text = page(report, {})
    assert "21 times the set shows one film twice" in text
    assert "(straight as copy)" in text
    rest = [case for case in report.cases if case.name != "straight"]
    assert f"Without these: mask Dice {np.mean([case.dice for case in rest]):.3f}" in text


def test_films_by_which_limits_were_set_stand_apart_from_those_that_set_none(report: Report) -> None:
    assert "| turned by 90° | 3 of 3, 2 | 1 of 2, 1 |" in page(report, {})


def test_a_case_without_an_angle_is_counted_and_told(report: Report) -> None:
    words = page(report, {})
    assert "No angle can be given in 1 of 3 radiographs: nothing." in words
    assert "- nothing: No vertebra was found" in words
    assert "not validated on real lateral radiographs" not in words  # no film was measured here
    figures = figures_of(report)
    assert figures["weights_sha256"] == report.info.weights_sha256
    assert figures["cases"]["nothing"]["smape"] == 100.0
    json.dumps(figures)


def test_pictures_are_drawn_with_and_without_the_radiograph(cases: list[measured.Case], tmp_path: Path) -> None:
    panels = [sheets.panel_of(name, case) for name, case in sheets.best_median_worst(cases)]
    sheets.draw(panels, tmp_path / "outlines.png")
    over = [sheets.panel_of("curved", cases[0], CURVED.film)]
    sheets.draw(over, tmp_path / "over.png")
    assert (tmp_path / "over.png").stat().st_size > (tmp_path / "outlines.png").stat().st_size / 10
