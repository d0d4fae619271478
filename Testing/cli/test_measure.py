"""`lumbarseg measure`, and `segment --measure`: what they print and write, and how they refuse."""

import csv
import io
import json
import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.resources import samples_dir
from Testing.bad_images import BAD_IMAGES
from Testing.cli.test_cli import in_process_of_its_own, one_line_of_error
from Testing.csv_rows import value_in
from Testing.phantoms import PhantomSpine

PHANTOM = PhantomSpine(vertebrae=4)
RESEARCH_USE = "Research use; not for diagnosis."


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "image.nrrd"
    sitk.WriteImage(PHANTOM.image, str(path))
    return path


@pytest.fixture(scope="module")
def labels(image: Path) -> Path:
    path = image.parent / "labels.nii.gz"
    sitk.WriteImage(PHANTOM.labels, str(path))
    return path


def written(folder: Path, changed: sitk.Image) -> Path:
    path = folder / "changed.nrrd"
    sitk.WriteImage(changed, str(path))
    return path


def measured(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    """What `measure --json` prints."""
    assert run(["measure", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def values(findings: dict[str, Any]) -> dict[tuple[str, str], float | None]:
    return {(row["measure"], row["level"]): row["value"] for row in findings["measurements"]}


def test_it_prints_tables_by_level_with_units_and_reasons(
    image: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(image), str(labels)]) == 0
    words = capsys.readouterr().out
    for heading in ("Canal ", "Vertebrae ", "Discs ", "Lordosis L1-S1: ", "Not measured", "To be looked at:"):
        assert f"\n{heading}" in f"\n{words}"
    assert "mm²" in words and "°" in words
    assert "low-resolution estimate" in words
    assert words.endswith(RESEARCH_USE + "\n")


def test_json_is_one_line_with_all_measures_and_where_they_are_from(
    image: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(image), str(labels), "--json"]) == 0
    printed = capsys.readouterr().out
    findings = json.loads(printed)

    assert printed.count("\n") == 1
    assert findings["use"] == RESEARCH_USE
    assert (findings["image"], findings["labels"]) == ("image.nrrd", "labels.nii.gz")
    assert len(findings["image_sha256"]) == 64
    assert values(findings)["canal.midsagittal_ap", "L3"] == pytest.approx(16.0, abs=0.8)
    assert set(findings["landmarks"]) >= {"L3.superior_anterior", "L4/5.canal_posterior"}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_json_without_a_file_may_stand_anywhere(
    image: Path, labels: Path, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(image), str(labels)]
    arguments.insert(place, "--json")
    assert run(["measure", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["lowest_disc"] == "L5/S1"


def test_json_comes_before_csv_where_both_are_printed(
    image: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(image), str(labels), "--csv", "--json"]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert len(json.loads(first)["measurements"]) == len([line for line in others if line[0] != "#"]) - 1
    assert others[0] == f"# {RESEARCH_USE}"


def test_tables_and_picture_go_into_files_and_the_words_are_still_printed(
    image: Path, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [tmp_path / name for name in ("m.json", "m.csv", "m.png")]
    options = [f"--json={places[0]}", "--csv", str(places[1]), "--picture", str(places[2])]
    assert run(["measure", str(image), str(labels), *options]) == 0

    assert f"Written: {places[2]}, {places[0]}, {places[1]}" in capsys.readouterr().out
    assert sorted(tmp_path.iterdir()) == sorted(places)
    assert json.loads(places[0].read_text(encoding="utf-8"))["use"] == RESEARCH_USE
    assert places[1].read_bytes().startswith(b"\xef\xbb\xbf#")
    assert places[2].read_bytes().startswith(b"\x89PNG")


def test_each_row_of_the_csv_has_a_number_or_a_reason(
    image: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(image), str(labels), "--csv"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    assert {row["level"] for row in rows} >= {"L5", "L4/5", "L1-S1"}
    assert all(bool(value_in(row)) != bool(row["reason"]) for row in rows)
    assert all(np.isfinite(float(value_in(row))) for row in rows if value_in(row))


def test_a_segmentation_of_slicer_gives_the_numbers_of_the_same_label_map(
    image: Path, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from LumbarSegLib.core.levels import spine_of
    from LumbarSegLib.scene.files import save_segmentation
    from LumbarSegLib.scene.host import open_scene
    from LumbarSegLib.scene.segmentations import segmentation_from_result
    from LumbarSegLib.scene.volumes import volume_from_image

    with open_scene() as scene:
        volume = volume_from_image(scene, PHANTOM.image, "image")
        segmentation = segmentation_from_result(scene, spine_of(PHANTOM.labels), volume, {"model": "by hand"})
        save_segmentation(segmentation, tmp_path / "s.seg.nrrd")

    ours, plain = measured(capsys, image, tmp_path / "s.seg.nrrd"), measured(capsys, image, labels)

    assert values(ours) == pytest.approx(values(plain), abs=1e-3)
    assert ours["model"] == "by hand"


def test_the_lowest_disc_shifts_all_names_and_no_number(
    image: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_it_is = values(measured(capsys, image, labels))
    shifted = measured(capsys, image, labels, "--lowest-disc", "L4/5")
    assert shifted["lowest_disc"] == "L4/5"
    assert values(shifted)["vertebra.anterior_height", "L3"] == as_it_is["vertebra.anterior_height", "L4"]
    assert values(shifted)["alignment.segmental_angle", "L2/3"] == as_it_is["alignment.segmental_angle", "L3/4"]
    assert ("vertebra.anterior_height", "L5") not in values(shifted)


def test_a_label_map_on_another_grid_is_measured_with_a_note(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cropped = written(tmp_path, PHANTOM.labels[10:, :, :])
    findings = measured(capsys, image, cropped)
    assert "other_grid" in [flag["key"] for flag in findings["flags"]]
    assert values(findings)["canal.midsagittal_ap", "L3"] == pytest.approx(16.0, abs=0.8)


def _elsewhere() -> sitk.Image:
    moved = sitk.Image(PHANTOM.labels)
    moved.SetOrigin([mm + 500 for mm in moved.GetOrigin()])
    return moved


REFUSED = {
    "a label map that lies elsewhere": (_elsewhere, "the label map lies elsewhere"),
    "an unknown value": (lambda: PHANTOM.labels + 30, "belongs to no vertebra, disc or canal"),
    "grey values": (lambda: sitk.Cast(PHANTOM.labels, sitk.sitkFloat32) * 0.5, "values that are no labels"),
    "an empty label map": (lambda: PHANTOM.labels * 0, "all voxels have the same value"),
    "a 2D label map": (lambda: PHANTOM.labels[:, :, 6], "2D"),
    "a 4D label map": (lambda: sitk.JoinSeries([PHANTOM.labels] * 2), "4D"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_a_label_map_that_cannot_be_measured_ends_with_1_and_one_line_and_no_output(
    wrong: str, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, words = REFUSED[wrong]
    changed, out = written(tmp_path, make()), tmp_path / "out"
    out.mkdir()
    outputs = ["--json", str(out / "m.json"), "--csv", str(out / "m.csv"), "--picture", str(out / "m.png")]

    assert run(["measure", str(image), str(changed), *outputs]) == 1

    assert words in one_line_of_error(capsys)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("wrong", ["a missing file", "an NRRD file that was cut short", "NRRD without orientation"])
def test_a_file_that_is_no_label_map_ends_with_1_and_one_line(
    wrong: str, image: Path, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, words = BAD_IMAGES[wrong]
    bad = write(tmp_path)
    for pair in ((image, bad), (bad, labels)):
        assert run(["measure", *map(str, pair)]) == 1
        assert words in one_line_of_error(capsys)


def test_a_damaged_segmentation_ends_with_1_and_one_line(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.seg.nrrd").write_bytes(b"NRRD0005\n")
    assert run(["measure", str(image), str(tmp_path / "s.seg.nrrd")]) == 1
    assert "the file is damaged or holds no segmentation" in one_line_of_error(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["i.nrrd"], "Missing argument 'LABELS'"),
        (["i.nrrd", "l.mrb"], "l.mrb must end in .seg.nrrd, .nii.gz, .nrrd, .mha"),
        (["i.nrrd", "l.nrrd", "--json", "m.txt"], "m.txt must end in .json"),
        (["i.nrrd", "l.nrrd", "--csv", "m.txt"], "m.txt must end in .csv"),
        (["--csv", "m.json", "i.nrrd", "l.nrrd"], "m.json must end in .csv"),
        (["i.nrrd", "l.nrrd", "--csv=m.txt"], "m.txt must end in .csv"),
        (["i.nrrd", "l.nrrd", "--picture", "m.jpg"], "m.jpg must end in .png"),
        (["i.nrrd", "l.nrrd", "--lowest-disc", "S1"], "S1 is not one of"),
        (["i.png", "l.nrrd", "--picture", "i.png"], "i.png is the input image; choose another name"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", *arguments]) == 2
    assert words in one_line_of_error(capsys)


def test_a_place_that_cannot_take_a_table_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", "none.nrrd", "none.nii.gz", "--csv", str(tmp_path / "missing" / "m.csv")]) == 1
    assert "there is no folder" in one_line_of_error(capsys)


def test_a_full_disk_leaves_the_old_table_and_nothing_else(image: Path, labels: Path, tmp_path: Path) -> None:
    """A limit on file size stands for the full disk."""
    out = tmp_path / "m.csv"
    out.write_text("old")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    done = in_process_of_its_own("measure", image, labels, "--csv", out, preexec_fn=limit)

    assert done.returncode == 1, done.stderr
    assert "the result cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_units_do_not_end_the_command_on_a_terminal_that_cannot_show_them(image: Path, labels: Path) -> None:
    done = in_process_of_its_own("measure", image, labels, terminal="ascii")
    assert done.returncode == 0, done.stderr
    assert RESEARCH_USE in done.stdout


def test_segment_measures_in_one_go_and_asks_the_model_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = sitk.ReadImage(str(samples_dir() / "lumbar-t2.nrrd"))[:, :, 7:14]
    sitk.WriteImage(sample, str(tmp_path / "real.nrrd"))
    out, table, picture = (tmp_path / name for name in ("r.seg.nrrd", "m.csv", "m.png"))
    options = ["--measure", "--json", "--csv", str(table), "--picture", str(picture)]

    assert run(["segment", str(tmp_path / "real.nrrd"), "-o", str(out), *options]) == 0

    printed = capsys.readouterr().out
    summary = json.loads(printed)
    assert printed.count("\n") == 1
    assert {"segment", "agreement", "measure"} <= summary["seconds"].keys()
    assert values(summary)["vertebra.posterior_height", "L3"] == pytest.approx(25, abs=3)
    assert summary["model_sha256"] in table.read_text(encoding="utf-8-sig")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert out.exists()
