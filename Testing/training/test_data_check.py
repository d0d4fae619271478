"""What a check of data finds: counted by hand on small sets, wrong ones among them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from LumbarSegLib.errors import OutputError
from training.cli.data import app
from training.data import split
from training.data.cases import CLASSES, UNKNOWN, Case, DataSet, LeftOut
from training.data.check import Report, as_plain, check_set
from training.data.check_tables import as_tables
from training.data.contact_sheet import class_colours, overlay, write_contact_sheet
from training.data.layouts import open_guessed
from training.errors import TrainingError

Classes = NDArray[np.uint8]


def placed(array: NDArray[np.generic], spacing: tuple[float, float, float] = (0.5, 0.5, 4.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    return image


def case(
    name: str,
    classes: Classes,
    spacing: tuple[float, float, float] = (0.5, 0.5, 4.0),
    image: Callable[[], sitk.Image] | None = None,
    metadata: dict[str, str] | None = None,
) -> Case:
    """A case of patient A for "A_1", with intensities 0, 1, 2, …"""
    pixels = np.arange(classes.size, dtype=np.int16).reshape(classes.shape)
    read_image = image or (lambda: placed(pixels, spacing))
    return Case(name.split("_", maxsplit=1)[0], name, (), read_image, lambda: placed(classes, spacing), metadata or {})


def axial(*cases: Case, left_out: tuple[LeftOut, ...] = ()) -> DataSet:
    return DataSet("clinic", "axial", CLASSES["axial"], cases, left_out, "Clinic 2025", "CC BY 4.0")


def with_classes(**counts: int) -> Classes:
    """One slice of 10 x 8 with so many pixels of each class, from the start."""
    values = {name: index for index, name in enumerate(CLASSES["axial"])} | {"unknown": UNKNOWN}
    flat = np.zeros(80, np.uint8)
    start = 0
    for name, count in counts.items():
        flat[start : start + count] = values[name]
        start += count
    return flat.reshape(1, 10, 8)


@pytest.fixture
def clinic() -> DataSet:
    """Three cases of two patients; nobody labelled the AAP."""
    return axial(
        case("A_1", with_classes(ivd=10, pe=4, ts=2)),
        case("A_2", with_classes(ivd=20, pe=4, unknown=5)),
        case("B_1", with_classes(ivd=30, ts=6), spacing=(1.0, 1.0, 4.0)),
        left_out=(LeftOut("C_1", "it has no label"), LeftOut("C_2", "it has no label")),
    )


def printed(report: Report) -> str:
    console = Console(width=140)
    with console.capture() as captured:
        console.print(as_tables(report))
    return captured.get()


def test_classes_are_counted_over_cases_patients_and_pixels(clinic: DataSet) -> None:
    ivd, pe, ts = check_set(clinic).classes[1:4]
    assert (ivd.cases, ivd.patients, ivd.voxels) == (3, 2, (10, 20, 30))
    assert ivd.share == pytest.approx(60 / (3 * 80 - 5))
    assert (pe.cases, pe.patients) == (2, 1)
    assert (ts.cases, ts.patients, ts.voxels) == (2, 2, (2, 4, 6))


def test_sizes_spacings_and_unknown_pixels_are_told(clinic: DataSet) -> None:
    report = check_set(clinic)
    assert report.grids == [((8, 10, 1), (0.5, 0.5, 4.0), 2), ((8, 10, 1), (1.0, 1.0, 4.0), 1)]
    assert [row.unknown for row in report.cases] == [0, 5, 0]
    assert (report.cases[0].lowest, report.cases[0].highest) == (0, 79)
    assert report.patients == ("A", "B")


def test_a_class_that_never_occurs_is_doubted(clinic: DataSet) -> None:
    assert any("occur in no case: aap" in doubt for doubt in check_set(clinic).doubts)


def test_a_split_that_trains_without_a_class_is_doubted(clinic: DataSet) -> None:
    folds = split.folds(clinic.patients, 2, 0, 0)
    doubts = [doubt for doubt in check_set(clinic, folds).doubts if "no training case" in doubt]
    assert doubts == ["With the patients A held out, no training case has pe."]


def test_empty_labels_flat_images_and_unknown_spacings_are_doubted() -> None:
    flat = case("A_1", with_classes(ivd=3), image=lambda: placed(np.full((1, 10, 8), 7, np.int16)))
    empty = case("B_1", with_classes())
    unspaced = case("C_1", with_classes(ts=1), metadata={"spacing": "unknown"})
    doubts = "\n".join(check_set(axial(flat, empty, unspaced)).doubts)
    assert "Nothing but background is labelled in B_1." in doubts
    assert "one intensity only in A_1." in doubts
    assert "The spacing is unknown in 1 of 3 cases" in doubts


def test_cases_that_cannot_be_used_are_reported_and_not_raised(clinic: DataSet) -> None:
    def torn() -> sitk.Image:
        raise TrainingError("x.png is damaged.")

    elsewhere = case("D_1", with_classes(ivd=1), image=lambda: placed(np.zeros((1, 10, 8)), (0.6, 0.5, 4.0)))
    foreign = case("E_1", with_classes(ivd=1) * np.uint8(9))
    report = check_set(axial(*clinic.cases, elsewhere, foreign, case("F_1", with_classes(), image=torn)))
    reasons = {row.name: row.reason for row in report.unusable}
    assert reasons["D_1"].startswith("the image's voxels are 0.6 x 0.5 x 4 mm and the label's 0.5 x 0.5 x 4 mm")
    assert reasons["E_1"] == "its classes hold the values [9], which the set does not have"
    assert reasons["F_1"] == "x.png is damaged"
    assert [row.name for row in report.cases] == ["A_1", "A_2", "B_1"]


def test_what_is_wrong_with_several_files_is_said_once() -> None:
    def read(name: str) -> Callable[[], sitk.Image]:
        def refuse() -> sitk.Image:
            raise TrainingError(f"{name}.png holds the label value 77.")

        return refuse

    report = check_set(axial(*(case(name, with_classes(ivd=3), image=read(name)) for name in ("A_1", "B_1"))))
    assert {row.reason for row in report.unusable} == {"holds the label value 77"}


def test_each_case_is_announced_when_it_is_read(clinic: DataSet) -> None:
    read: list[str] = []
    check_set(clinic, on_case=lambda case: read.append(case.name))
    assert read == ["A_1", "A_2", "B_1"]


def test_the_report_is_plain_data(clinic: DataSet) -> None:
    plain = json.loads(json.dumps(as_plain(check_set(clinic, split.folds(clinic.patients, 2, 0, 0)))))
    assert plain["patients"] == ["A", "B"]
    assert plain["classes"][1]["voxels"] == [10, 20, 30]
    assert plain["left_out"][0] == {"name": "C_1", "reason": "it has no label"}
    assert {plain["splits"][0]["test"][0], plain["splits"][1]["test"][0]} == {"A", "B"}


def test_the_tables_tell_all_of_it(clinic: DataSet) -> None:
    text = printed(check_set(clinic, [split.held_out(clinic.patients, ["B"], 0, 0)]))
    assert "clinic: 3 cases of 2 patients, task axial" in text
    assert "8 x 10 x 1" in text
    assert "0.5 x 0.5 x 4" in text
    row = next(line for line in text.splitlines() if "it has no label" in line)
    assert "C_1, C_2" in row
    fold = next(line for line in text.splitlines() if "1, 2" in line)
    assert [cell.strip() for cell in fold.split("│")][1:6] == ["0", "1, 2", "0, 0", "1, 1", "B"]


def test_an_overlay_washes_and_outlines_each_class_in_its_colour() -> None:
    classes = np.zeros((9, 9), np.uint8)
    classes[2:7, 2:7] = 1
    pixels = overlay(np.full((9, 9), 0.5, np.float32), classes, {1: (1.0, 0.0, 0.0)})
    assert pixels[0, 0].tolist() == [0.5, 0.5, 0.5]
    assert pixels[2, 4].tolist() == [1.0, 0.0, 0.0]
    assert pixels[4, 4] == pytest.approx([0.65, 0.35, 0.35])


def drawn(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"))


def extent(pixels: NDArray[np.uint8], colour: tuple[float, ...]) -> tuple[int, int]:
    """Rows and columns from the first to the last pixel of a colour, above the legend."""
    found = (np.abs(pixels[:-60].astype(int) - np.round(255 * np.array(colour))) <= 1).all(2)
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_a_sheet_draws_slices_in_the_ratio_of_their_spacing(tmp_path: Path) -> None:
    classes = np.zeros((1, 40, 40), np.uint8)
    classes[0, 10:30, 10:30] = 1
    dataset = axial(case("A_1", classes, spacing=(0.5, 1.0, 4.0)))
    (page,) = write_contact_sheet(dataset, tmp_path / "sheet.png")
    rows, columns = extent(drawn(page), class_colours(dataset)[1])
    assert rows / columns == pytest.approx(2, rel=0.05)


def test_volumes_show_three_slices_of_their_labelled_part(tmp_path: Path) -> None:
    classes = np.zeros((9, 20, 20), np.uint8)
    for number, index in enumerate((3, 4, 5), start=1):  # a class of its own in each labelled slice
        classes[index, 5:15, 5:15] = number
    dataset = axial(case("A_1", classes))
    (page,) = write_contact_sheet(dataset, tmp_path / "sheet.png")
    pixels, colours = drawn(page), class_colours(dataset)
    places = []
    for value in (1, 2, 3):
        found = (np.abs(pixels[:-60].astype(int) - np.round(255 * np.array(colours[value]))) <= 1).all(2)
        places.append(int(np.flatnonzero(found.any(0))[0]))
    assert places == sorted(places)
    assert len(set(places)) == 3


def test_many_cases_take_several_pages_and_each_is_drawn_once(tmp_path: Path) -> None:
    cases = [case(f"{patient}_1", with_classes(ivd=20)) for patient in range(17)]
    seen: list[str] = []
    pages = write_contact_sheet(axial(*cases), tmp_path / "sheet.png", lambda one: seen.append(one.name))
    assert [page.name for page in pages] == ["sheet.png", "sheet-2.png"]
    assert all(page.is_file() for page in pages)
    assert seen == [one.name for one in cases]


def test_a_sheet_that_cannot_be_written_is_an_error(tmp_path: Path, clinic: DataSet) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_contact_sheet(clinic, tmp_path / "missing/sheet.png")


def spider(folder: Path) -> Path:
    """Two patients in SPIDER's layout; the mask of the second has another size."""
    mask = np.zeros((3, 16, 12), np.uint8)
    mask[:, 2:6, 2:8], mask[:, 7:9, 2:8], mask[:, :, 9:11] = 1, 201, 100
    for number, rows in ((4, 16), (9, 15)):
        for part, array in (
            ("images", np.arange(mask.size, dtype=np.int16).reshape(mask.shape)),
            ("masks", mask[:, :rows]),
        ):
            (folder / part).mkdir(exist_ok=True)
            sitk.WriteImage(placed(array), str(folder / part / f"{number}_t2.mha"))
    return folder


def own(folder: Path) -> Path:
    for name in ("A_1", "A_2", "B_1"):
        Image.fromarray(np.arange(80, dtype=np.uint8).reshape(10, 8)).save(folder / f"{name}.png")
        Image.fromarray(with_classes(ivd=9, ts=5)[0]).save(folder / f"{name}_seg.png")
    (folder / "clinic.toml").write_text(
        'name = "clinic"\ntask = "axial"\nimages = "*.png"\nlabels = "*_seg.png"\npatient = "(.)_.*"\n'
        "classes = {background = 0, ivd = 1, ts = 3}\n"
    )
    return folder


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "140"})
    if result.exception is not None:
        raise result.exception
    return result.output


def test_the_set_is_guessed_by_what_the_folder_holds(tmp_path: Path) -> None:
    for name in ("spider", "own", "nothing"):
        (tmp_path / name).mkdir()
    assert open_guessed(spider(tmp_path / "spider")).name == "spider"
    assert open_guessed(own(tmp_path / "own")).name == "clinic"
    with pytest.raises(TrainingError, match="looks like none of spider, mendeley, aasce, radiographs"):
        open_guessed(tmp_path / "nothing")
    (tmp_path / "own/second.toml").touch()
    with pytest.raises(TrainingError, match=r"several descriptions \(clinic\.toml, second\.toml\)"):
        open_guessed(tmp_path / "own")


def test_the_command_prints_what_it_found_and_writes_sheet_and_datalist(tmp_path: Path) -> None:
    text = run("check", own(tmp_path), "--folds", 2, "--sheet", tmp_path / "s.png", "--datalist", tmp_path / "l.json")
    assert "clinic: 3 cases of 2 patients" in text
    assert "These classes occur in no case: pe, aap." in text
    assert Image.open(tmp_path / "s.png").width > 500
    assert len(json.loads((tmp_path / "l.json").read_text(encoding="utf-8"))["training"]) == 3


def test_the_command_shows_the_split_of_patients_that_are_held_out(tmp_path: Path) -> None:
    assert "1, 2" in run("check", own(tmp_path), "--held-out", "B")
    with pytest.raises(TrainingError, match="hold no patient Z"):
        run("check", tmp_path, "--held-out", "B,Z")
    with pytest.raises(TrainingError, match="either --held-out or --folds"):
        run("check", tmp_path, "--held-out", "B", "--folds", 2)


def test_the_command_tells_which_cases_cannot_be_used(tmp_path: Path) -> None:
    text = run("check", spider(tmp_path), "--set", "spider")
    assert "spider: 1 cases of 1 patients" in text
    assert "9_t2" in text


@pytest.mark.parametrize(("option", "ending"), [("--sheet", r"\.png"), ("--datalist", r"\.json")])
def test_a_file_with_another_ending_is_refused_before_anything_is_read(
    tmp_path: Path, option: str, ending: str
) -> None:
    with pytest.raises(TrainingError, match=f"would be a {ending} file"):
        run("check", tmp_path, option, tmp_path / "result.pdf")
