"""A result confirmed as a whole in the panel: what it says, what leaves with it, and what withdraws it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from highdicom.sr import srread
from jsonschema import Draft202012Validator

from LumbarSegLib.resources import resource
from Testing.desktop.driving import Driven
from Testing.desktop.test_panel_dicom import export as export_dicom
from Testing.desktop.test_panel_dicom import files as files  # noqa: PLC0414 - a fixture
from Testing.desktop.test_panel_export import export as export  # noqa: PLC0414 - a fixture
from Testing.desktop.test_panel_export import words_of


def name(driven: Driven, person: str, organization: str = "") -> None:
    driven.ui.personEdit.text, driven.ui.organizationEdit.text = person, organization


def told(driven: Driven) -> str:
    return str(driven.ui.confirmedLabel.text)


def test_the_panel_says_what_follows_from_a_name_that_is_not_given(segmented: Driven) -> None:
    assert told(segmented).startswith("Not confirmed. Without a name nobody stands for the result")
    assert not segmented.ui.confirmResultButton.enabled
    assert segmented.ui.confirmResultButton.toolTip == "Give your name first."
    name(segmented, "Eva Weiß")
    assert "Without an organization a DICOM SR says UNVERIFIED" in told(segmented)
    segmented.click("confirmResultButton")
    assert told(segmented).startswith("Confirmed by Eva Weiß, 20")
    assert told(segmented).endswith("Without an organization a DICOM SR says UNVERIFIED: the standard wants both.")
    segmented.click("confirmResultButton")
    assert told(segmented).startswith("Not confirmed.")
    name(segmented, "Weiß\\Eva")
    segmented.click("confirmResultButton")
    assert "is no name for DICOM" in told(segmented)


def test_a_confirmed_result_leaves_as_such_in_every_form(
    segmented: Driven, export: Any, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name(segmented, "Eva Weiß", "Klinik Süd")
    segmented.click("confirmResultButton")
    for suffix in (".html", ".pdf"):
        assert "the whole result, by Eva Weiß, Klinik Süd" in " ".join(words_of(export(suffix)).split())
    found = json.loads(export(".json").read_text("utf-8"))
    Draft202012Validator(json.loads(resource("findings.schema.json").read_text(encoding="utf-8"))).validate(found)
    assert (found["confirmed"], found["confirmed_organization"]) == ("Eva Weiß", "Klinik Süd")
    rows = list(csv.reader(export(".csv").read_text("utf-8-sig").splitlines()))
    assert ["# confirmed", "Eva Weiß"] in rows and ["# confirmed_date", found["confirmed_date"]] in rows
    document = srread(export_dicom(segmented, tmp_path, monkeypatch) / "LumbarSeg-SR.dcm")
    by = document.VerifyingObserverSequence[0]
    assert document.VerificationFlag == "VERIFIED"
    assert (str(by.VerifyingObserverName), by.VerifyingOrganization) == ("Eva Weiß", "Klinik Süd")


def test_an_edit_withdraws_it_in_sight_and_the_report_is_unverified_again(
    segmented: Driven, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name(segmented, "Eva Weiß", "Klinik Süd")
    segmented.click("confirmResultButton")
    live = segmented.panel.measuring.live
    x, y, z = live.findings.landmarks["L3.superior_anterior"].place
    live.drag("L3.superior_anterior", (x, y, z + 1.0))
    segmented.wait(lambda: not live.is_dirty)
    assert told(segmented) == "Edited after it was confirmed. Confirm it again."
    assert segmented.ui.confirmResultButton.text == "Confirm result"
    document = srread(export_dicom(segmented, tmp_path, monkeypatch) / "LumbarSeg-SR.dcm")
    assert document.VerificationFlag == "UNVERIFIED" and "VerifyingObserverSequence" not in document


def test_the_names_are_there_again_when_the_panel_is_opened_anew(segmented: Driven) -> None:
    name(segmented, "Eva Weiß", "Klinik Süd")
    segmented.close()
    again = Driven()
    assert (again.ui.personEdit.text, again.ui.organizationEdit.text) == ("Eva Weiß", "Klinik Süd")
    assert again.panel.confirming.person == "Eva Weiß"
    again.close()
