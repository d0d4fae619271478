"""`--confirmed-by`: who stands for a result that was looked at, in every file that is written of it."""

import json
from pathlib import Path

import pytest
import SimpleITK as sitk
from highdicom.sr import srread
from jsonschema import Draft202012Validator

from LumbarSegLib.cli import run
from LumbarSegLib.resources import resource
from Testing.cli.test_cli import one_line_of_error
from Testing.dicom_studies import Made, sagittal

BY = ("--confirmed-by", "Eva Weiß", "--organization", "Klinik Süd")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return sagittal(tmp_path_factory.mktemp("study") / "Aufnahme")


@pytest.fixture(scope="module")
def labels(made: Made) -> Path:
    assert made.study.result is not None
    path = made.folder.parent / "labels.nrrd"
    sitk.WriteImage(made.study.result.labels, path)
    return path


@pytest.fixture(scope="module")
def case(made: Made, labels: Path) -> Path:
    """The case of a confirmed result, with DICOM."""
    out = made.folder.parent / "case"
    assert run(["report", str(made.folder), "--labels", str(labels), "-o", str(out), "--dicom", *BY]) == 0
    return out


def test_a_confirmed_case_says_so_in_every_file(case: Path) -> None:
    told = json.loads((case / "Aufnahme.json").read_text("utf-8"))
    Draft202012Validator(json.loads(resource("findings.schema.json").read_text(encoding="utf-8"))).validate(told)
    assert (told["confirmed"], told["confirmed_organization"]) == ("Eva Weiß", "Klinik Süd")
    assert "the whole result, by Eva Weiß, Klinik Süd" in (case / "Aufnahme.html").read_text("utf-8")
    assert "# confirmed,Eva Weiß" in (case / "Aufnahme.csv").read_text("utf-8-sig").splitlines()
    document = srread(case / "Aufnahme-SR.dcm")
    assert document.VerificationFlag == "VERIFIED"
    assert str(document.VerifyingObserverSequence[0].VerifyingObserverName) == "Eva Weiß"


def test_its_segments_can_be_edited_so_they_do_not_say_so(made: Made, case: Path, tmp_path: Path) -> None:
    assert b"Wei" not in (case / "Aufnahme.seg.nrrd").read_bytes()
    out = tmp_path / "again.json"
    assert run(["measure", str(made.folder), str(case / "Aufnahme.seg.nrrd"), "--json", str(out)]) == 0
    assert "confirmed" not in json.loads(out.read_text("utf-8"))


def test_findings_are_confirmed_afterwards_and_another_person_takes_the_place(case: Path, tmp_path: Path) -> None:
    findings = str(case / "Aufnahme.json")
    assert run(["report", findings, "-o", str(tmp_path / "same")]) == 0
    assert json.loads((tmp_path / "same" / "Aufnahme.json").read_text("utf-8"))["confirmed"] == "Eva Weiß"
    assert run(["report", findings, "-o", str(tmp_path / "other"), "--confirmed-by", "山田 太郎"]) == 0
    told = json.loads((tmp_path / "other" / "Aufnahme.json").read_text("utf-8"))
    assert told["confirmed"] == "山田 太郎" and "confirmed_organization" not in told


def test_measure_takes_the_names_too(made: Made, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "case.json"
    assert run(["measure", str(made.folder), str(labels), "--json", str(out), *BY]) == 0
    assert json.loads(out.read_text("utf-8"))["confirmed_organization"] == "Klinik Süd"


def test_a_person_alone_is_told_that_the_report_stays_unverified(
    made: Made, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["report", str(made.folder), "--labels", str(labels), "-o", str(tmp_path), "--dicom"]
    assert run([*given, "--confirmed-by", "Eva Weiß"]) == 0
    assert "Without an organization a DICOM SR says UNVERIFIED" in capsys.readouterr().out
    assert srread(tmp_path / "Aufnahme-SR.dcm").VerificationFlag == "UNVERIFIED"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--confirmed-by", "Eva Weiß"], "Nobody has seen yet what is segmented now"),
        (["--organization", "Klinik Süd", "--labels", "{labels}"], "name the person with --confirmed-by"),
        (["--confirmed-by", "Weiß=Eva", "--labels", "{labels}"], "is no name for DICOM"),
        (["--confirmed-by", " ", "--labels", "{labels}"], "needs the name of the person"),
    ],
)
def test_a_confirmation_that_makes_no_sense_is_refused(
    made: Made, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], why: str
) -> None:
    given = [word.replace("{labels}", str(labels)) for word in more]
    assert run(["report", str(made.folder), "-o", str(tmp_path / "out"), *given]) == 2
    assert why in one_line_of_error(capsys)
    assert not (tmp_path / "out").exists()
