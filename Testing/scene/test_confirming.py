"""A result that somebody stands for as a whole, until it is edited."""

import json
from pathlib import Path
from typing import Any

import pytest

from LumbarSegLib.core.thresholds import Threshold
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.confirming import Confirming, confirm_whole, standing_of, withdraw_whole
from LumbarSegLib.scene.files import load_segmentation, save_segmentation
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.numbering import name_levels
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.segmentations import provenance_of, volume_of
from LumbarSegLib.scene.studying import study_of
from Testing.scene.following import PROVENANCE, SPINE, mask_of, paint, spine_run, without_front


def confirmed_in(scene: Any) -> LiveMeasures:
    live = live_of(spine_run(scene).segmentation)
    confirm_whole(live, " Eva  Weiß ", "Klinik Süd")
    return live


def live_of(segmentation: Any) -> LiveMeasures:
    live = LiveMeasures(segmentation, volume_of(segmentation))
    live.refresh()
    return live


def edit(live: LiveMeasures) -> None:
    assert live.result is not None
    label = next(one.structure.label for one in live.result.instances if one.structure.name == "L4")
    paint(live.segmentation, "L4", without_front(mask_of(SPINE.labels, [label])), SPINE.labels)
    live.refresh()


def test_the_person_stands_for_the_result_as_it_was_measured(scene: Any) -> None:
    live = confirmed_in(scene)
    by = standing_of(live).confirmed
    assert by is not None and (by.person, by.organization) == ("Eva Weiß", "Klinik Süd")
    told = study_of(live).provenance
    assert (told["confirmed"], told["confirmed_organization"], told["confirmed_date"]) == (
        "Eva Weiß",
        "Klinik Süd",
        by.date,
    )


def test_an_edit_withdraws_it_for_good(scene: Any) -> None:
    live = confirmed_in(scene)
    edit(live)
    assert standing_of(live).is_edited_since and standing_of(live).confirmed is None
    assert "confirmed" not in study_of(live).provenance
    paint(live.segmentation, "L4", mask_of(SPINE.labels, [4]), SPINE.labels)
    live.refresh()
    assert standing_of(live).is_edited_since
    confirm_whole(live, "Eva Weiß")
    assert standing_of(live).confirmed is not None and not standing_of(live).is_edited_since


@pytest.mark.parametrize("change", ["corner", "name"])
def test_a_dragged_corner_and_another_name_of_the_levels_withdraw_it(scene: Any, change: str) -> None:
    live = confirmed_in(scene)
    if change == "corner":
        x, y, z = live.findings.landmarks["L3.superior_anterior"].place  # type: ignore[union-attr]
        live.drag("L3.superior_anterior", (x, y, z + 0.5))
    else:
        assert live.segmentation is not None
        name_levels(live.segmentation, "L4/5")
    live.refresh()
    assert standing_of(live).is_edited_since


def test_an_edit_after_which_nothing_can_be_measured_withdraws_it(scene: Any) -> None:
    live = confirmed_in(scene)
    host = Confirming(lambda: live)
    assert host.standing.confirmed is not None
    assert live.segmentation is not None
    live.segmentation.GetSegmentation().RemoveAllSegments()
    with pytest.raises(InputError):
        live.refresh()
    assert host.standing.is_edited_since
    assert "confirmed" not in study_of(live).provenance
    host.person = "Eva Weiß"
    host.toggle()
    assert "nothing to confirm" in host.problem


def test_other_cut_offs_and_values_confirmed_one_by_one_leave_it(scene: Any) -> None:
    live = confirmed_in(scene)
    live.thresholds = {"vertebra.anterior_height": (Threshold(1000.0, "tall", "ours", "phantoms"),)}
    live.refresh()
    live.confirm("vertebra.posterior_height", "L2")
    assert standing_of(live).confirmed is not None


def test_a_new_run_is_not_confirmed_and_its_way_back_is(scene: Any) -> None:
    live = confirmed_in(scene)
    assert live.segmentation is not None and live.volume is not None and live.result is not None
    run = put_result(live.volume, live.result, PROVENANCE, replacing=live.segmentation)
    live.refresh()
    assert standing_of(live).confirmed is None
    run.undo()
    live.refresh()
    assert standing_of(live).confirmed is not None


def test_a_scene_file_keeps_it_and_a_file_of_segments_does_not(scene: Any, tmp_path: Path) -> None:
    live = confirmed_in(scene)
    assert live.segmentation is not None
    save_segmentation(live.segmentation, tmp_path / "case.mrb")
    opened = live_of(load_segmentation(scene, tmp_path / "case.mrb"))
    by = standing_of(opened).confirmed
    assert by is not None and by.person == "Eva Weiß"
    save_segmentation(live.segmentation, tmp_path / "case.seg.nrrd")
    assert b"Wei" not in (tmp_path / "case.seg.nrrd").read_bytes()


def test_segments_that_are_made_of_a_confirmed_study_do_not_claim_to_be_confirmed(scene: Any) -> None:
    told = {**PROVENANCE, "confirmed": "Eva Weiß", "confirmed_organization": "Klinik Süd"}
    live = live_of(spine_run(scene).segmentation)
    assert live.volume is not None and live.result is not None
    made = put_result(live.volume, live.result, told).segmentation
    assert provenance_of(made) == PROVENANCE


@pytest.mark.parametrize("person", ["", "  ", "a" * 65, "Weiß\\Eva", "Weiß=Eva"])
def test_a_name_that_dicom_cannot_hold_is_refused_in_a_sentence(scene: Any, person: str) -> None:
    live = live_of(spine_run(scene).segmentation)
    with pytest.raises(InputError, match="name"):
        confirm_whole(live, person, "Klinik Süd")
    assert standing_of(live).confirmed is None
    host = Confirming(lambda: live)
    host.person = person
    host.toggle()
    assert "name" in host.problem


def test_what_is_not_measured_cannot_be_confirmed(scene: Any) -> None:
    segmentation = spine_run(scene).segmentation
    live = LiveMeasures(segmentation, volume_of(segmentation))
    with pytest.raises(InputError, match="nothing to confirm"):
        confirm_whole(live, "Eva Weiß")
    withdraw_whole(live)
    assert standing_of(live).confirmed is None


def test_the_click_confirms_and_withdraws(scene: Any) -> None:
    live = live_of(spine_run(scene).segmentation)
    host = Confirming(lambda: live)
    host.person, host.organization = "Eva Weiß", ""
    host.toggle()
    assert host.standing.confirmed is not None and host.problem == ""
    assert json.loads(live.segmentation.GetAttribute("LumbarSeg.ConfirmedWhole"))["person"] == "Eva Weiß"  # type: ignore[union-attr]
    host.toggle()
    assert host.standing.confirmed is None and not host.standing.is_edited_since
