"""`lumbarseg report`: all files of a case in one go, the same numbers in each, made again from the JSON, or refused."""

import json
import resource
import signal
from pathlib import Path

import pytest
import SimpleITK as sitk
from jsonschema import Draft202012Validator

from LumbarSegLib.cli import run
from LumbarSegLib.resources import resource as shipped
from LumbarSegLib.resources import samples_dir
from Testing.cli.test_cli import in_process_of_its_own, one_line_of_error
from Testing.dicom_studies import sagittal
from Testing.pages import in_csv, in_json, in_page, sheets_of, words_of
from Testing.phantoms import PhantomSpine

LEVELS = ("--level", "L5/S1=1", "--level", "L4/5=2", "--level", "L3/4=3")
NAME = "Würbel 脊椎"
PHANTOM = PhantomSpine(vertebrae=4, in_plane=1.5, slices=9)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped axial sample under a name that is not ASCII."""
    path = tmp_path_factory.mktemp("input") / f"{NAME}.nrrd"
    path.write_bytes((samples_dir() / "axial-t1.nrrd").read_bytes())
    return path


@pytest.fixture(scope="module")
def case(image: Path) -> Path:
    """The folder of the sample's case, segmented by the shipped model."""
    folder = image.parent / "case größe"
    assert run(["report", str(image), "-o", str(folder), "--pdf", *LEVELS]) == 0
    return folder


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_case_has_its_page_tables_picture_and_segmentation(case: Path) -> None:
    assert files_of(case) == {f"{NAME}{suffix}" for suffix in (".seg.nrrd", ".html", ".pdf", ".csv", ".json", ".png")}
    assert sheets_of(case / f"{NAME}.pdf") == (1, "A4")


def test_page_pdf_csv_and_json_of_a_case_show_the_same_numbers(case: Path) -> None:
    table = in_csv((case / f"{NAME}.csv").read_text(encoding="utf-8"))
    assert table == in_json((case / f"{NAME}.json").read_text(encoding="utf-8"))
    page = {
        key: text for key, text in in_page((case / f"{NAME}.html").read_text(encoding="utf-8")).items() if text != "—"
    }
    assert len(page) > 25 and page == {key: table[key] for key in page}
    printed = words_of(case / f"{NAME}.pdf").replace("\N{MINUS SIGN}", "-").split()
    assert set(page.values()) <= set(printed)


def test_the_json_follows_the_schema_and_tells_model_image_and_options(case: Path) -> None:
    told = json.loads((case / f"{NAME}.json").read_text(encoding="utf-8"))
    Draft202012Validator(json.loads(shipped("findings.schema.json").read_text(encoding="utf-8"))).validate(told)
    assert told["model"] == "axial-mr" and len(told["model_sha256"]) == 64 and len(told["image_sha256"]) == 64
    assert told["options"] == " ".join(LEVELS)


def test_the_page_is_made_again_from_the_json_with_and_without_image_and_segmentation(
    case: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = (case / f"{NAME}.html").read_text(encoding="utf-8")
    parts = ["--image", str(image), "--labels", str(case / f"{NAME}.seg.nrrd")]
    for given in ([], parts[:2], parts[2:], parts):
        assert run(["report", str(case / f"{NAME}.json"), "-o", str(tmp_path), *given]) == 0
        again = (tmp_path / f"{NAME}.html").read_text(encoding="utf-8")
        assert in_page(again) == in_page(first)
        assert ("axial slices seen from the feet" in again) == bool(given)
    assert in_json((tmp_path / f"{NAME}.json").read_text(encoding="utf-8")) == in_json(
        (case / f"{NAME}.json").read_text(encoding="utf-8")
    )
    assert "Research use; not for diagnosis." in capsys.readouterr().out


def test_a_folder_that_is_there_keeps_its_other_files_and_gets_the_new_ones(case: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / f"{NAME}.html").write_text("old")
    assert run(["report", str(case / f"{NAME}.json"), "-o", str(tmp_path)]) == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / f"{NAME}.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert files_of(tmp_path) == {"notes.txt", f"{NAME}.html", f"{NAME}.csv", f"{NAME}.json"}


def test_a_table_makes_a_report_of_its_own_and_never_one_in_the_place_of_its_json(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in case.iterdir()}
    assert run(["report", str(case / f"{NAME}.csv"), "-o", str(case)]) == 2
    told = one_line_of_error(capsys)
    assert f"{NAME}.csv does not tell where it was measured" in told and "or another folder." in told
    assert {path: path.read_bytes() for path in case.iterdir()} == before

    for _ in ("new", "in the place of an earlier one"):
        assert run(["report", str(case / f"{NAME}.csv"), "-o", str(tmp_path)]) == 0
    assert in_csv((tmp_path / f"{NAME}.csv").read_text("utf-8-sig")) == in_csv(
        (case / f"{NAME}.csv").read_text("utf-8-sig")
    )


def test_a_full_disk_leaves_the_files_of_the_last_run(case: Path, tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    (tmp_path / f"{NAME}.html").write_text("old")
    done = in_process_of_its_own("report", case / f"{NAME}.json", "-o", tmp_path, preexec_fn=limit)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "cannot be written" in done.stderr
    assert files_of(tmp_path) == {f"{NAME}.html"} and (tmp_path / f"{NAME}.html").read_text() == "old"


def test_an_image_with_its_segmentation_is_measured_and_compared_with_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sitk.WriteImage(PHANTOM.image, tmp_path / "image.nrrd")
    sitk.WriteImage(PHANTOM.labels, tmp_path / "labels.nii.gz")
    given = [str(tmp_path / "image.nrrd"), "--labels", str(tmp_path / "labels.nii.gz")]
    assert run(["report", *given, "-o", str(tmp_path / "a")]) == 0
    assert run(["report", *given, "-o", str(tmp_path / "b"), "--lowest-disc", "L4/5"]) == 0
    assert json.loads((tmp_path / "b" / "image.json").read_text(encoding="utf-8"))["options"] == "--lowest-disc L4/5"
    capsys.readouterr()

    out = tmp_path / "follow-up.html"
    assert run(["compare", str(tmp_path / "a"), str(tmp_path / "b" / "image.json"), "-o", str(out)]) == 0
    words, html = capsys.readouterr().out, out.read_text(encoding="utf-8")
    for told in ("taken as L5/S1 in the earlier study and as L4/5 in the later one", "the very same image"):
        assert told in words and told in html.replace('<span class="level">', "").replace("</span>", "")
    assert html.count("data:image/png") == 2
    (tmp_path / "image.nrrd").unlink()
    assert run(["compare", str(tmp_path / "a"), str(tmp_path / "a"), "-o", str(out)]) == 0
    assert "is not where it was" in capsys.readouterr().out


def test_a_dicom_case_names_its_patient_and_writes_dicom_only_if_asked_to(tmp_path: Path) -> None:
    made = sagittal(tmp_path / "series")
    assert made.study.result is not None
    sitk.WriteImage(made.study.result.labels, tmp_path / "labels.nrrd")
    given = ["report", str(made.folder), "--labels", str(tmp_path / "labels.nrrd"), "-o"]
    assert run([*given, str(tmp_path / "plain")]) == 0
    assert files_of(tmp_path / "plain") == {
        f"series{suffix}" for suffix in (".seg.nrrd", ".html", ".csv", ".json", ".png")
    }
    for file in (tmp_path / "plain").iterdir():
        assert b"rgen" not in file.read_bytes()

    assert run([*given, str(tmp_path / "named"), "--patient", "--dicom"]) == 0
    html = (tmp_path / "named" / "series.html").read_text(encoding="utf-8")
    for words in ("Müller, Jürgen", "4711", "1950-01-02", "male", "2026-01-02"):
        assert words in html
    assert {"series-SEG.dcm", "series-SR.dcm"} <= files_of(tmp_path / "named")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{image}", "--dicom"], "no DICOM image, so it has no DICOM results; leave out --dicom"),
        (["{image}", "--patient"], "no DICOM image, so it names no patient; leave out --patient"),
        (["{image}", "--image", "{image}"], "--image is for findings"),
        (["{json}", "--image", "{other}"], "is not the image that"),
        (["{json}", "--patient"], "name it with --image"),
        (["{image}.gone"], "there is no such file or folder"),
        (["{folder}/none.json"], "there is no such file"),
        (["{other}", "--labels", "{folder}/labels.nii.gz"], "there is no such file"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line_and_writes_nothing(
    case: Path, image: Path, tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sitk.WriteImage(PHANTOM.image, tmp_path / "other.nrrd")
    names = {"image": image, "json": case / f"{NAME}.json", "other": tmp_path / "other.nrrd", "folder": tmp_path}
    capsys.readouterr()
    assert run(["report", *(one.format(**names) for one in arguments), "-o", str(tmp_path / "out")]) != 0
    assert words in one_line_of_error(capsys)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    capsys.readouterr()
    for place in ("out", "out/below"):
        assert run(["report", str(case / f"{NAME}.json"), "-o", str(tmp_path / place)]) == 1
        assert "out: this is a file; give the name of a folder" in one_line_of_error(capsys)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_without_findings_or_with_several_cannot_be_compared(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    capsys.readouterr()
    assert run(["compare", str(tmp_path / "empty"), str(case), "-o", str(tmp_path / "out.html")]) == 1
    assert "holds no findings (.json)" in one_line_of_error(capsys)
    for name in ("a.json", "b.json"):
        (tmp_path / "empty" / name).write_text("{}")
    assert run(["compare", str(tmp_path / "empty"), str(case), "-o", str(tmp_path / "out.html")]) == 1
    assert "holds 2 .json files" in one_line_of_error(capsys)
    assert not (tmp_path / "out.html").exists()
