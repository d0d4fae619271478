"""The picture of measured axial slices shows the sac where it was read, and nothing covers anything."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from LumbarSegLib.core.analysis import Measured, measure
from LumbarSegLib.core.planes import planes_of
from LumbarSegLib.core.regions import Regions, regions_of
from LumbarSegLib.core.report.measured import draw_measured
from LumbarSegLib.core.report.measured_slices import slices_figure
from Testing.axial import axial_image, axial_labels
from Testing.axial_phantoms import image_of, labels_of, through_disc


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> sitk.Image:
    drawn = [through_disc(0, 2.0, count=3), through_disc(1, 15.0, count=3)]
    return image_of(tmp_path_factory.mktemp("blocks"), drawn)


@pytest.fixture(scope="module")
def measured(blocks: sitk.Image) -> Measured:
    return measure(regions_of(labels_of(blocks)), blocks, levels={"L5/S1": 2, "L4/5": 5})


@pytest.fixture(scope="module")
def figure(blocks: sitk.Image, measured: Measured) -> Figure:
    return slices_figure(blocks, regions_in(measured), measured.findings)


def regions_in(measured: Measured) -> Regions:
    assert isinstance(measured.result, Regions)
    return measured.result


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_each_slice_is_shown_with_its_level_and_its_numbers(figure: Figure, measured: Measured) -> None:
    *panels, table = figure.axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "Sac, slice 1 of 6",
        "L5/S1, slice 2 of 6",
        "Sac, slice 3 of 6",
        "Sac, slice 4 of 6",
        "L4/5, slice 5 of 6",
        "Sac, slice 6 of 6",
    ]
    area = measured.findings.of("ts.area", "L4/5").value
    assert f"{area:.0f} mm²" in texts(panels[4])
    assert any(text.startswith("AP 12.") for text in texts(panels[4]))
    assert {"L5/S1", "L4/5", "slice 6"} <= set(texts(table))


def test_the_sac_is_drawn_where_it_lies_in_its_own_slice(
    figure: Figure, blocks: sitk.Image, measured: Measured
) -> None:
    plane = planes_of(blocks)[4]
    (contour,) = measured.findings.of("ts.area", "slice 5").trace.contours
    away = np.array(contour) - plane.origin
    wanted = np.stack([away @ np.array(plane.row), away @ np.array(plane.column)], axis=1) + 0.6875 / 2
    drawn = [np.asarray(line.get_xydata()) for line in figure.axes[4].lines]
    assert any(len(line) == len(wanted) + 1 and np.allclose(line[:-1], wanted) for line in drawn)


def test_no_text_covers_another_or_leaves_the_picture(figure: Figure) -> None:
    shown: list[Text] = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    boxes = {text: text.get_window_extent() for text in shown}
    assert len(boxes) > 60
    for one, other in combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), (one.get_text(), other.get_text())
    for text, box in boxes.items():
        assert figure.bbox.containsx(box.x0) and figure.bbox.containsx(box.x1), text.get_text()
        assert figure.bbox.containsy(box.y0) and figure.bbox.containsy(box.y1), text.get_text()


def test_a_slice_that_is_not_measured_says_why_and_it_is_for_research(blocks: sitk.Image) -> None:
    labels = labels_of(blocks)
    labels[:, :, 1] = sitk.Mask(labels[:, :, 1], labels[:, :, 1] != 3)
    found = measure(regions_of(labels), blocks)
    drawn = slices_figure(blocks, regions_in(found), found.findings)
    assert "No thecal sac is labelled in slice 2." in " ".join(texts(drawn.axes[1]))
    assert [text.get_text() for text in drawn.texts] == ["Research use; not for diagnosis."]


def test_of_many_slices_those_that_stand_for_a_level_are_shown() -> None:
    labels = axial_labels(30)
    found = measure(regions_of(labels), levels={"L5/S1": 4, "L4/5": 17})
    titles = [
        axes.get_title(loc="left")
        for axes in slices_figure(axial_image(labels), regions_in(found), found.findings).axes
    ]
    assert {"L5/S1, slice 4 of 30", "L4/5, slice 17 of 30"} <= set(titles)
    assert len(titles) == 13


def test_the_storage_order_of_the_file_cannot_change_the_picture_and_nothing_found_is_drawn_too(tmp_path: Path) -> None:
    for order in ("LPS", "RAI"):
        labels = sitk.DICOMOrient(axial_labels(), order)
        found = measure(regions_of(labels))
        draw_measured(axial_image(labels), found.result, found.findings, tmp_path / f"{order}.png")
    assert (tmp_path / "LPS.png").read_bytes() == (tmp_path / "RAI.png").read_bytes()
    nothing = measure(regions_of(axial_labels() * 0))
    draw_measured(axial_image(axial_labels()), nothing.result, nothing.findings, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 10_000
