"""The picture of the measures shows each number where it was read, and nothing covers anything."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from LumbarSegLib.core.findings import Landmark, Trace
from LumbarSegLib.core.levels import Spine, spine_of
from LumbarSegLib.core.report.measured import draw_measured, measured_figure
from Testing.findings_by_hand import BACK, DOUBT, FRONT, findings_by_hand, place
from Testing.phantoms import PhantomSpine

PHANTOM = PhantomSpine(vertebrae=3)
SPINE = spine_of(PHANTOM.labels)
FINDINGS = findings_by_hand()


@pytest.fixture(scope="module")
def figure() -> Figure:
    return measured_figure(PHANTOM.image, SPINE, FINDINGS)


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def lines(axes: Axes) -> list[np.ndarray]:
    return [np.asarray(line.get_xydata(), dtype=float) for line in axes.lines]


def seen_from_the_side(name: str) -> np.ndarray:
    """Where a landmark lies in the slice, by SimpleITK's own geometry, in mm from the slice's anterior upper corner."""
    upright = sitk.DICOMOrient(PHANTOM.image, "PIR")
    index = upright.TransformPhysicalPointToContinuousIndex(FINDINGS.landmarks[name].place)
    return (np.array(index[:2]) + 0.5) * upright.GetSpacing()[:2]


def is_drawn(axes: Axes, *names: str) -> bool:
    wanted = np.array([seen_from_the_side(name) for name in names])
    return any(line.shape == wanted.shape and np.allclose(line, wanted) for line in lines(axes))


def test_endplates_and_bodies_lie_on_the_corners(figure: Figure) -> None:
    view = figure.axes[0]
    assert is_drawn(view, "L4.superior_anterior", "L4.superior_posterior")
    assert is_drawn(view, "L5.inferior_anterior", "L5.inferior_posterior")
    assert is_drawn(view, "L5.superior_middle")
    corners = ("superior_anterior", "superior_posterior", "inferior_posterior", "inferior_anterior")
    assert is_drawn(view, *(f"L4.{corner}" for corner in (*corners, corners[0])))


def test_each_diameter_is_drawn_with_its_value_and_a_dash_where_it_was_not_measured(figure: Figure) -> None:
    view = figure.axes[0]
    assert is_drawn(view, "L4/5.canal_anterior", "L4/5.canal_posterior")
    assert {"15.0", "13.0", "14.0", "9.0", "13.5", "—"} <= set(texts(view))


def test_names_stand_with_the_angles_of_the_discs_and_lordosis_with_its_span(figure: Figure) -> None:
    assert {"L5", "L4", "L3", "L4/5  9.1°", "L3/4  9.1°", "L4-S1  31.3°"} <= set(texts(figure.axes[0]))


def test_the_curve_shares_its_heights_with_the_slice_and_has_a_gap_where_the_canal_is_cut(figure: Figure) -> None:
    view, curve, _ = figure.axes
    assert curve.get_ylim() == view.get_ylim()
    areas = max(lines(curve), key=len)
    assert np.isnan(areas[0, 0])
    assert areas[1:, 0].tolist() == [170.0, 96.0, 190.0, 180.4, 210.0]
    assert {"L3", "L4/5", "L5"} <= set(texts(curve))
    assert "border of the image" in " ".join(texts(curve)[-1].split())


def test_the_table_has_a_dash_for_what_was_not_measured_and_says_so(figure: Figure) -> None:
    words = texts(figure.axes[2])
    assert words.count("—") == 2
    assert "— not measured" in words
    assert "Lordosis L4-S1: 31.3°" in words
    assert DOUBT in words


def test_it_says_that_it_is_for_research(figure: Figure) -> None:
    assert [text.get_text() for text in figure.texts] == ["Research use; not for diagnosis."]


@pytest.mark.parametrize("down", [50.0, 54.0, 58.0])
def test_the_lordosis_steps_aside_where_a_diameter_stands(down: float) -> None:
    *others, lordosis = FINDINGS.measurements
    flat = Trace(lines=((place(down, FRONT), place(down, BACK)),) * 2)
    wide = {**FINDINGS.landmarks, "L4.canal_posterior": Landmark(place(54.0, BACK + 41))}
    crowded = replace(FINDINGS, measurements=(*others, replace(lordosis, trace=flat)), landmarks=wide)
    view = measured_figure(PHANTOM.image, SPINE, crowded).axes[0]
    boxes = {text.get_text(): text.get_window_extent() for text in view.texts}
    angle = boxes.pop("L4-S1  31.3°")
    assert boxes["14.0"].x1 > angle.x0
    assert not [name for name, box in boxes.items() if box.overlaps(angle)]


def test_no_text_covers_another_or_leaves_the_picture(figure: Figure) -> None:
    shown: list[Text] = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    boxes = {text: text.get_window_extent() for text in shown}
    assert len(boxes) > 40
    for one, other in combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), (one.get_text(), other.get_text())
    for text, box in boxes.items():
        assert figure.bbox.containsx(box.x0) and figure.bbox.containsx(box.x1), text.get_text()
        assert figure.bbox.containsy(box.y0) and figure.bbox.containsy(box.y1), text.get_text()


def test_more_doubts_than_there_is_room_for_are_counted_on_elsewhere() -> None:
    many = replace(FINDINGS, flags=FINDINGS.flags * 60)
    table = measured_figure(PHANTOM.image, SPINE, many).axes[2]
    assert texts(table)[-1] == "More flags stand in the JSON and the CSV."
    assert min(text.get_window_extent().y0 for text in table.texts) >= table.get_window_extent().y0


def test_the_storage_order_of_the_file_cannot_change_the_picture(tmp_path: Path) -> None:
    stored = {order: tmp_path / f"{order}.png" for order in ("PIR", "LAS")}
    for order, path in stored.items():
        phantom = PhantomSpine(vertebrae=3, orientation=order)
        draw_measured(phantom.image, spine_of(phantom.labels), FINDINGS, path)
    assert stored["PIR"].read_bytes() == stored["LAS"].read_bytes()
    assert stored["PIR"].read_bytes().startswith(b"\x89PNG")


def test_nothing_found_is_a_picture_of_the_slice_alone(tmp_path: Path) -> None:
    empty = PHANTOM.labels * 0
    nothing = replace(FINDINGS, measurements=(), landmarks={}, sections=(), flags=())
    draw_measured(PHANTOM.image, Spine(empty, (), "L5/S1", ()), nothing, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 10_000
