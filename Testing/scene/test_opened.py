"""Measures of a file, shown on the image that they were measured in."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.images import image_identity
from LumbarSegLib.core.projection import AXES, View, seen_as
from LumbarSegLib.core.radiograph import named_radiograph
from LumbarSegLib.core.report.tables import to_csv, to_json
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.confirming import confirm_whole
from LumbarSegLib.scene.films import image_to_segment
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.marks import MARK
from LumbarSegLib.scene.opened import open_findings
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.segmentations import volume_of
from LumbarSegLib.scene.showing import hide_landmarks, show_landmarks
from LumbarSegLib.scene.studying import study_of
from LumbarSegLib.scene.tabulated import area_plot
from LumbarSegLib.scene.volumes import image_from_volume, volume_from_image
from Testing.scene.following import SPINE, axial_run, image_like, spine_run
from Testing.scene.test_films import as_loaded, column_on


def written(live: LiveMeasures, path: Path) -> Path:
    """The measures as a host exports them, with who confirmed them."""
    live.refresh()
    x, y, z = live.findings.landmarks["L3.superior_anterior"].place  # type: ignore[union-attr]
    live.drag("L3.superior_anterior", (x, y, z + 1.0))
    live.refresh()
    confirm_whole(live, "Eva Weiß", "Klinik Süd")
    study = study_of(live)
    text = to_csv if path.suffix == ".csv" else to_json
    path.write_text(text(study.findings, study.provenance), encoding="utf-8")
    return path


def live_in(scene: Any) -> LiveMeasures:
    segmentation = spine_run(scene).segmentation
    return LiveMeasures(segmentation, volume_of(segmentation))


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_measures_come_back_with_all_that_is_told_of_them(scene: Any, tmp_path: Path, suffix: str) -> None:
    live = live_in(scene)
    path = written(live, tmp_path / f"case{suffix}")
    opened = open_findings(path, live.volume, f"größe{suffix}")
    assert [(one.measure, one.level, one.status, one.reason) for one in opened.findings.measurements] == [
        (one.measure, one.level, one.status, one.reason)
        for one in live.findings.measurements  # type: ignore[union-attr]
    ]
    assert opened.lines[0] == f"From the file größe{suffix}; it does not follow edits."
    words = "\n".join(opened.lines)
    assert "Model: by hand." in words and "Edited by hand: L3.superior_anterior." in words
    assert "the whole result, by Eva Weiß, Klinik Süd, 20" in words


def test_its_landmarks_are_shown_and_stay_where_they_are(scene: Any, tmp_path: Path) -> None:
    live = live_in(scene)
    opened = open_findings(written(live, tmp_path / "case.json"), live.volume)
    show_landmarks(opened.volume, opened.findings, ["L3"])
    (node,) = [one for one in nodes(scene) if one.GetAttribute(MARK) == "landmarks of a file"]
    assert node.GetLocked()
    assert node.GetNumberOfControlPoints() == sum(name.startswith("L3.") for name in opened.findings.landmarks)
    x, y, z = opened.findings.landmarks["L3.superior_anterior"].place
    placed = [node.GetNthControlPointPosition(at) for at in range(node.GetNumberOfControlPoints())]
    assert np.isclose(placed, (-x, -y, z), atol=1e-3).all(axis=1).any()
    hide_landmarks(scene)
    assert not any(one.GetAttribute(MARK) == "landmarks of a file" for one in nodes(scene))
    assert area_plot(opened.volume, opened.findings) is not None


def nodes(scene: Any) -> list[Any]:
    return [scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes())]


def test_measures_of_another_image_are_refused_in_a_sentence(scene: Any, tmp_path: Path) -> None:
    live = live_in(scene)
    path = written(live, tmp_path / "case.json")
    other = volume_from_image(scene, image_like(SPINE.labels) + 1, "other")
    with pytest.raises(InputError, match=r"case.json was measured in another image than other; open that one"):
        open_findings(path, other)
    axial = volume_of(axial_run(scene).segmentation)
    with pytest.raises(InputError, match="was measured in another image than axial"):
        open_findings(path, axial)
    with pytest.raises(InputError, match="open the image that they were measured in first"):
        open_findings(path, None)


def test_the_same_series_in_another_order_of_voxels_is_the_same_image(scene: Any, tmp_path: Path) -> None:
    live = live_in(scene)
    path = written(live, tmp_path / "case.json")
    told = json.loads(path.read_text("utf-8"))
    told["image_series_instance_uid"] = "1.2.3"
    path.write_text(json.dumps(told), encoding="utf-8")
    turned = sitk.Flip(image_like(SPINE.labels), (True, False, False))
    turned.SetMetaData("SeriesInstanceUID", "1.2.3")
    assert image_identity(turned)["sha256"] != told["image_sha256"]
    volume = volume_from_image(scene, turned, "turned")
    assert open_findings(path, volume).volume is volume
    strange = volume_from_image(scene, image_like(SPINE.labels) + 1, "loaded by the host")
    assert open_findings(path, strange, series="1.2.3").volume is strange
    with pytest.raises(InputError, match="another image"):
        open_findings(path, strange, series="1.2.4")


def test_findings_that_do_not_tell_their_image_must_lie_in_the_volume(scene: Any, tmp_path: Path) -> None:
    live = live_in(scene)
    findings = live.refresh()
    path = tmp_path / "case.json"
    path.write_text(to_json(findings, {"model": "old"}), encoding="utf-8")
    assert open_findings(path, live.volume).findings.lowest_disc == findings.lowest_disc
    x, y, z = findings.landmarks["L3.superior_anterior"].place
    moved = {
        **findings.landmarks,
        "L3.superior_anterior": replace(findings.landmarks["L3.superior_anterior"], place=(x, y, z + 500)),
    }
    path.write_text(to_json(replace(findings, landmarks=moved), {"model": "old"}), encoding="utf-8")
    with pytest.raises(InputError, match="another image"):
        open_findings(path, live.volume)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", "{", "no JSON"),
        ("a.json", '{"a": 1}', "holds no findings"),
        ("a.csv", "a,b\n1,2\n", "no table of measures"),
        ("a.csv", "", "no table of measures"),
    ],
)
def test_another_file_is_refused_in_a_sentence_under_its_own_name(
    scene: Any, tmp_path: Path, name: str, text: str, why: str
) -> None:
    (tmp_path / name).write_text(text)
    live = live_in(scene)
    with pytest.raises(InputError, match=f"^called: .*{why}"):
        open_findings(tmp_path / name, live.volume, "called")


@pytest.mark.parametrize("view", ["frontal", "lateral"])
def test_measures_of_a_radiograph_come_back_on_the_film_as_it_is_loaded(scene: Any, tmp_path: Path, view: View) -> None:
    film = volume_from_image(scene, as_loaded(0.4), "film")
    labels = column_on(seen_as(image_to_segment(film, "xray"), view))
    run = put_result(film, named_radiograph(labels, view=view), {"task": "xray", "view": view})
    live = LiveMeasures(run.segmentation, film)
    live.refresh()
    study = study_of(live)
    (tmp_path / "film.json").write_text(to_json(study.findings, study.provenance), encoding="utf-8")
    again = volume_from_image(scene, as_loaded(0.4), "the same film, loaded anew")
    opened = open_findings(tmp_path / "film.json", again)
    assert opened.findings.view == view
    assert image_from_volume(again).GetDirection() == pytest.approx(AXES[view])


def test_measures_of_axial_slices_come_back_with_their_levels(scene: Any, tmp_path: Path) -> None:
    segmentation = axial_run(scene).segmentation
    live = LiveMeasures(segmentation, volume_of(segmentation), levels={"L4/5": 3})
    live.refresh()
    study = study_of(live)
    (tmp_path / "axial.csv").write_text(to_csv(study.findings, study.provenance), encoding="utf-8")
    opened = open_findings(tmp_path / "axial.csv", live.volume)
    assert opened.findings.represented == study.findings.represented
