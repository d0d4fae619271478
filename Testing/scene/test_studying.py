"""A measured segmentation of the scene as a study: its numbers, and what was edited and confirmed by hand."""

from typing import Any

import pytest

from LumbarSegLib.core.report.reading import findings_from_json
from LumbarSegLib.core.report.tables import COLUMNS, rows_of, to_json
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.confirming import confirm_whole
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.segmentations import volume_of
from LumbarSegLib.scene.studying import study_of
from LumbarSegLib.scene.tabulated import imported_table
from Testing.scene.following import SPINE, mask_of, paint, spine_run, without_front


def measures_in(scene: Any) -> LiveMeasures:
    segmentation = spine_run(scene).segmentation
    return LiveMeasures(segmentation, volume_of(segmentation))


def test_a_study_holds_what_is_measured_and_tells_model_and_image(scene: Any) -> None:
    live = measures_in(scene)
    findings = live.refresh()
    study = study_of(live)
    assert (study.name, study.task, study.findings) == ("T2", "sagittal", findings)
    assert study.image is not None and study.result is live.result
    assert study.provenance["model"] == "by hand" and len(study.provenance["image_sha256"]) == 64
    assert not {"edited", "confirmed"} & study.provenance.keys()


def test_a_study_names_the_segments_and_points_that_were_edited_and_who_confirmed(scene: Any) -> None:
    live = measures_in(scene)
    live.refresh()
    assert live.result is not None
    label = next(one.structure.label for one in live.result.instances if one.structure.name == "L4")
    paint(live.segmentation, "L4", without_front(mask_of(SPINE.labels, [label])), SPINE.labels)
    live.refresh()
    x, y, z = live.findings.landmarks["L3.superior_anterior"].place  # type: ignore[union-attr]
    live.drag("L3.superior_anterior", (x, y, z + 1.0))
    live.refresh()
    confirm_whole(live, "Dr. Weiß", "Klinik Süd")
    told = study_of(live).provenance
    assert told["edited"] == "L4, L3.superior_anterior"
    assert (told["confirmed"], told["confirmed_organization"]) == ("Dr. Weiß", "Klinik Süd")


def test_what_was_not_measured_is_no_study(scene: Any) -> None:
    live = measures_in(scene)
    with pytest.raises(InputError, match="not measured"):
        study_of(live)


def test_findings_that_were_exported_fill_a_table_of_the_scene_again(scene: Any) -> None:
    live = measures_in(scene)
    text = to_json(live.refresh(), study_of(live).provenance)
    findings, provenance = findings_from_json(text)
    table = imported_table(scene, "imported", findings, provenance)
    shown = table.GetTable()
    rows = [
        [shown.GetValue(row, place).ToString() for place in range(len(COLUMNS))]
        for row in range(shown.GetNumberOfRows())
    ]
    assert rows == [list(row) for row in rows_of(live.refresh())]
    assert "model: by hand" in table.GetDescription()
