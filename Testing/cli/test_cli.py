"""The command line keeps its contract: what it writes, what it prints, how it ends."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.cli.options import RESULT_SUFFIXES
from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.models import shipped
from LumbarSegLib.resources import resource as shipped_file
from LumbarSegLib.resources import samples_dir
from Testing import dicom_series
from Testing.bad_images import BAD_IMAGES, volume

RESEARCH_USE = "Research use; not for diagnosis."
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
COMMAND = [sys.executable, "-c", "from LumbarSegLib.cli import main; main()"]


def in_process_of_its_own(
    *arguments: str | Path, terminal: str = "utf-8", **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run the command; `terminal` is the encoding that Python is told. Click prints UTF-8 where that is ASCII, so it is
    read as UTF-8, whatever locale a library has set in this process.
    """
    environment = ENVIRONMENT | {"PYTHONIOENCODING": terminal}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=environment,
        **options,
    )


@pytest.fixture(scope="module")
def image_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The middle slices of the shipped sample: a real image that is quickly done."""
    path = tmp_path_factory.mktemp("input") / "real.nrrd"
    sitk.WriteImage(sitk.ReadImage(str(samples_dir() / "lumbar-t2.nrrd"))[:, :, 7:14], str(path))
    return path


def one_line_of_error(capsys: pytest.CaptureFixture[str]) -> str:
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("lumbarseg: ")
    assert output.err.count("\n") == 1
    assert "Traceback" not in output.err
    return output.err


@pytest.mark.parametrize("suffix", RESULT_SUFFIXES)
def test_segment_writes_each_kind_of_result_whole(image_file: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"result{suffix}"
    assert run(["segment", str(image_file), "-o", str(out)]) == 0
    assert list(tmp_path.iterdir()) == [out]


def test_a_label_map_has_the_grid_of_the_image_and_spiders_values(image_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.nii.gz"
    run(["segment", str(image_file), "-o", str(out)])

    image, labels = sitk.ReadImage(str(image_file)), sitk.ReadImage(str(out))

    assert labels.GetSize() == image.GetSize()
    assert np.allclose(labels.GetOrigin(), image.GetOrigin(), atol=1e-3)
    assert np.allclose(labels.GetDirection(), image.GetDirection(), atol=1e-4)
    assert {1, 2, 3, 4, 5, 100, 201, 202, 203, 204, 205} <= set(np.unique(sitk.GetArrayFromImage(labels)).tolist())


def test_json_is_one_line_that_says_what_was_found_by_what_and_how_fast(
    image_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "result.seg.nrrd"
    assert run(["segment", str(image_file), "-o", str(out), "--json"]) == 0

    printed = capsys.readouterr().out
    summary = json.loads(printed)

    assert printed.count("\n") == 1
    assert (summary["input"], summary["output"], summary["task"]) == (str(image_file), str(out), "sagittal")
    model = next(model for model in shipped() if model.task == "sagittal")
    assert (summary["model"], summary["model_version"]) == (model.name, model.version)
    assert summary["model_sha256"] == model.sha256
    assert {"read", "load", "segment", "levels", "save", "total"} <= summary["seconds"].keys()
    found = {row["name"]: row for row in summary["structures"]}
    assert found["L4"]["label"] == 2
    assert found["L4/5"]["label"] == 202
    assert found["L4"]["volume_mm3"] > 1000
    assert found["L4"]["partly_visible"] is False
    assert summary["use"] == RESEARCH_USE


def test_the_summary_in_words_says_what_was_found_and_that_it_is_for_research(
    image_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "result.png"
    assert run(["segment", str(image_file), "-o", str(tmp_path / "r.nrrd"), "--picture", str(picture)]) == 0
    words = capsys.readouterr().out
    assert "L5 " in words
    assert "L5/S1 " in words
    assert "Canal:" in words
    assert words.endswith(RESEARCH_USE + "\n")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_lowest_disc_shifts_all_names(image_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {}
    for lowest in ("L5/S1", "L4/5"):
        arguments = ["segment", str(image_file), "-o", str(tmp_path / "r.nrrd"), "--json", "--lowest-disc", lowest]
        assert run(arguments) == 0
        structures = json.loads(capsys.readouterr().out)["structures"]
        names[lowest] = [row["name"] for row in structures if row["kind"] == "vertebra"]
    assert names["L5/S1"][1:] == names["L4/5"][: len(names["L5/S1"]) - 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["segment"], "Missing argument"),
        (["segment", "image.nrrd"], "Missing option '-o'"),
        (["segment", "image.nrrd", "-o", "out.stl"], "must end in .seg.nrrd, .nii.gz, .nrrd, .mha, .mrb"),
        (["segment", "image.nrrd", "-o", "out.nrrd", "--picture", "out.jpg"], "must end in .png"),
        (["segment", "image.nrrd", "-o", "out.nrrd", "--task", "knee"], "'knee' is not one of 'auto', 'sagittal'"),
        (["segment", "image.nrrd", "-o", "out.nrrd", "--device", "tpu"], "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        (["segment", "image.nrrd", "-o", "out.nrrd", "--lowest-disc", "S1"], "S1 is not one of L6/S1, L5/L6, L5/S1"),
        (["segment", "image.nrrd", "-o", "image.nrrd"], "image.nrrd is the input image"),
        (["segment", "image.nrrd", "-o", "out.nrrd", "--sharpen"], "No such option: --sharpen"),
        (["segment", "image.nrrd", "-o", "out.nrrd", "--csv"], "--csv gives measures; add --measure"),
        (["sample", "knee", "-o", "out.nrrd"], "there is no sample knee; choose one of: lumbar-t2"),
        (["sample", "lumbar-t2"], "say where to write the sample with -o FILE"),
        (["sample", "lumbar-t2", "-o", "out.png"], "must end in .nrrd, .nii.gz, .mha"),
        ([], "Missing command"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line_that_names_the_help_of_the_command(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = one_line_of_error(capsys)
    assert words in said
    assert said.rstrip().endswith(f". See {' '.join(['lumbarseg', *arguments[:1]])} --help.")


@pytest.mark.parametrize("wrong", BAD_IMAGES)
def test_a_bad_image_ends_with_1_and_one_line_and_no_output(
    wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, words = BAD_IMAGES[wrong]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    image = write(tmp_path / "in")

    assert run(["segment", str(image), "-o", str(tmp_path / "out" / "out.nrrd")]) == 1

    assert words in one_line_of_error(capsys)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("wrong", ["NIfTI with a negative pixdim", "a MetaImage file that was cut short"])
def test_what_the_libraries_print_does_not_reach_the_user(wrong: str, tmp_path: Path) -> None:
    image = BAD_IMAGES[wrong][0](tmp_path)
    done = in_process_of_its_own("segment", image, "-o", tmp_path / "out.nrrd")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = in_process_of_its_own("segment", tmp_path / "none.nrrd", "-o", tmp_path / "out.nrrd", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "InputError" in done.stderr


def test_an_axial_stack_is_refused_for_the_sagittal_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = volume()
    image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, 1))
    sitk.WriteImage(image, str(tmp_path / "axial.nrrd"))
    arguments = ["segment", str(tmp_path / "axial.nrrd"), "-o", str(tmp_path / "out.nrrd"), "--task", "sagittal"]
    assert run(arguments) == 1
    assert "the image has axial slices, but the model needs sagittal ones" in one_line_of_error(capsys)


def test_a_ct_series_is_refused_for_the_sagittal_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dicom_series.write_series(tmp_path / "study", Modality="CT")
    assert run(["segment", str(tmp_path / "study"), "-o", str(tmp_path / "out.nrrd")]) == 1
    assert "this is a CT image, but the model is for MR" in one_line_of_error(capsys)


def test_a_dicom_folder_with_several_series_is_asked_for_one(
    image_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dicom_series.write_series(tmp_path / "study", number=3)
    dicom_series.write_volume(tmp_path / "study", sitk.ReadImage(str(image_file)), number=4)
    arguments = ["segment", str(tmp_path / "study"), "-o", str(tmp_path / "out.nrrd")]
    assert run(arguments) == 1
    assert "--series" in one_line_of_error(capsys)
    assert run([*arguments, "--series", "4"]) == 0
    assert "L4/5 " in capsys.readouterr().out


def test_a_model_file_of_unknown_origin_is_loaded_only_when_it_is_trusted(
    image_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import zipfile

    copy = tmp_path / "mine.ts"
    copy.write_bytes(shipped()[0].path.read_bytes())
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("mine/extra/note.txt", "changed")
    arguments = ["segment", str(image_file), "-o", str(tmp_path / "out.nrrd"), "--model", str(copy)]

    assert run(arguments) == 1
    assert "--trust-model" in one_line_of_error(capsys)
    assert run([*arguments, "--trust-model"]) == 0


@pytest.mark.parametrize(
    ("place", "words"),
    [("", "must end in"), ("missing/out.nrrd", "there is no folder"), ("file/out.nrrd", "there is no folder")],
)
def test_a_place_that_cannot_take_the_result_is_refused_before_the_image_is_read(
    tmp_path: Path, place: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(["segment", "no-such-image.nrrd", "-o", str(tmp_path / place)]) != 0
    assert words in one_line_of_error(capsys)


def test_a_folder_that_may_not_be_entered_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The administrator, as whom tests may run, may enter all folders."""

    def refuse(path: Path, *_more: object, **_named: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    assert run(["segment", str(tmp_path / "a.nrrd"), "-o", str(tmp_path / "b.nrrd")]) == 1
    assert "a.nrrd: access is not permitted; ask for it" in one_line_of_error(capsys)


@pytest.mark.parametrize("suffix", RESULT_SUFFIXES)
def test_a_full_disk_leaves_the_old_result_and_nothing_else(image_file: Path, tmp_path: Path, suffix: str) -> None:
    """A limit on file size stands for the full disk."""
    out = tmp_path / f"result{suffix}"
    out.write_text("old")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    done = in_process_of_its_own("segment", image_file, "-o", out, preexec_fn=limit)

    assert done.returncode == 1, done.stderr
    assert "the result cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_by_the_user_ends_with_130_and_leaves_the_old_result(tmp_path: Path, ending: signal.Signals) -> None:
    """The input is a pipe that gives nothing, so the command is surely at work when the signal comes."""
    pipe, out = tmp_path / "image.nrrd", tmp_path / "out.nrrd"
    out.write_text("old")
    os.mkfifo(pipe)
    arguments = [*COMMAND, "segment", str(pipe), "-o", str(out)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        writer = _opened_by_reader(pipe)
        # A signal between opening and reading is seen only after the read, and this one never ends by itself.
        time.sleep(1)
        process.send_signal(ending)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            os.close(writer)

    assert process.returncode == 130
    assert said == "lumbarseg: stopped.\n"
    assert out.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"image.nrrd", "out.nrrd"}


def _opened_by_reader(pipe: Path) -> int:
    for _ in range(600):
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the command never opened its input")


def test_help_and_usage_errors_need_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from LumbarSegLib.cli import run\n"
        "run(['segment', '--help']), run(['segment', 'image', '-o', 'out.stl'])\n"
        "heavy = {'torch', 'slicer', 'vtkmodules', 'SimpleITK', 'numpy', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr


def test_models_are_listed_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models"]) == 0
    assert shipped()[0].name in capsys.readouterr().out
    assert run(["models", "check"]) == 0
    assert shipped()[0].sha256 in capsys.readouterr().out


def test_samples_are_listed_with_source_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sample"]) == 0
    listed = capsys.readouterr().out
    for name, source in (("lumbar-t2", "10.1038/s41597-024-03090-w"), ("axial-t1", "10.17632/zbf6b4pttk.2")):
        (line,) = (line for line in listed.splitlines() if line.startswith(name))
        assert source in line
        assert "CC BY 4.0" in line


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_a_sample_is_written_in_the_form_that_its_name_says(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"sample{suffix}"
    assert run(["sample", "lumbar-t2", "-o", str(out)]) == 0
    original = sitk.ReadImage(str(samples_dir() / "lumbar-t2.nrrd"))
    assert np.array_equal(sitk.GetArrayFromImage(read_image(out)), sitk.GetArrayFromImage(original))


def test_an_altered_model_is_refused_in_one_line(
    tmp_path: Path, image_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "Models"
    models.mkdir()
    for file in shipped_file("Models").iterdir():
        (models / file.name).write_bytes(file.read_bytes())
    altered = models / shipped()[0].path.name
    altered.write_bytes(altered.read_bytes()[:-1000])
    monkeypatch.setattr("LumbarSegLib.core.models.resource", tmp_path.joinpath)

    assert run(["segment", str(image_file), "-o", str(tmp_path / "out.nrrd")]) == 1

    assert altered.name in one_line_of_error(capsys)
    assert not (tmp_path / "out.nrrd").exists()
