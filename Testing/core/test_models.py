"""Model files: what they say is read and checked, and what cannot be trusted is refused with one clear
sentence.
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from LumbarSegLib.core import models
from LumbarSegLib.errors import ModelError
from Testing.small_model import write_reading_model

ModelWriter = Callable[..., Path]


def test_every_shipped_model_is_what_the_index_says() -> None:
    for info in models.shipped():
        assert info.listed
        assert info.path.stat().st_size < 12e6


def test_the_sagittal_model_is_chosen_for_its_task_and_knows_its_labels() -> None:
    info = models.choose("sagittal")
    assert (info.modality, info.plane) == ("MR", "sagittal")
    assert info.labels == {1: "vertebra", 2: "disc", 3: "canal"}


def test_a_shipped_model_says_what_it_was_trained_on_its_scores_and_its_limits() -> None:
    for info in models.shipped():
        assert all("licence" in data for data in info.training_data)
        assert info.training_data and info.scores and info.limits
        assert "not for diagnosis" in info.intended_use


def test_a_task_without_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match="No model for ct"):
        models.choose("ct")


def test_an_unknown_name_lists_the_shipped_models() -> None:
    with pytest.raises(ModelError, match=r"sagittal-mr"):
        models.find("no-such-model")


def test_a_model_of_ones_own_is_loaded_after_the_user_agreed(model_file: ModelWriter) -> None:
    info = models.find(str(model_file()))
    assert not info.listed
    with pytest.raises(ModelError, match="trust"):
        models.open_model(info, "cpu")
    model = models.open_model(info, "cpu", accept_unlisted=True)
    answer = model.network(torch.zeros(1, 3, info.stride, info.stride, dtype=model.dtype))
    assert answer.shape == (1, 4, info.stride, info.stride)


def test_a_truncated_file_is_refused(model_file: ModelWriter) -> None:
    path = model_file()
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ModelError, match="damaged or cut off"):
        models.find(str(path))


def test_a_file_with_one_changed_byte_is_refused(model_file: ModelWriter) -> None:
    path = model_file()
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = max(archive.infolist(), key=lambda info: info.file_size)
    content[member.header_offset + 400] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        models.find(str(path))


def test_an_altered_shipped_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = models.choose("sagittal").path
    altered = tmp_path / "Models" / source.name
    altered.parent.mkdir()
    altered.write_bytes(source.read_bytes() + b"\0")
    (altered.parent / "index.json").write_bytes((source.parent / "index.json").read_bytes())
    monkeypatch.setattr(models, "resource", tmp_path.joinpath)
    with pytest.raises(ModelError, match="was altered"):
        models.choose("sagittal")


def test_the_radiograph_model_brings_the_file_that_reads_corners_after_it() -> None:
    info = models.choose("xray")
    assert info.corners is not None
    assert (info.corners.name, info.corners.path.stat().st_size < 12e6) == ("xray-corners", True)
    with pytest.raises(ModelError, match="choose that one"):
        models.read_info(info.corners.path)


def test_an_altered_file_for_corners_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = models.choose("xray")
    assert info.corners is not None
    library = tmp_path / "Models"
    library.mkdir()
    for path in (info.path, info.path.with_name("index.json")):
        (library / path.name).write_bytes(path.read_bytes())
    altered = library / info.corners.path.name
    altered.write_bytes(info.corners.path.read_bytes() + b"\0")
    monkeypatch.setattr(models, "resource", tmp_path.joinpath)
    with pytest.raises(ModelError, match=f"{altered.name} is damaged or was altered"):
        models.choose("xray")


def test_a_picture_is_not_a_model(tmp_path: Path) -> None:
    path = tmp_path / "picture.ts"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ModelError, match="not a model file"):
        models.find(str(path))


def test_torchscript_without_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.ts"
    torch.jit.trace(torch.nn.Identity(), torch.zeros(1)).save(str(path))
    with pytest.raises(ModelError, match="no metadata"):
        models.find(str(path))


def test_an_unknown_schema_is_refused(model_file: ModelWriter) -> None:
    with pytest.raises(ModelError, match="schema 99"):
        models.find(str(model_file(schema_version=99)))


def test_incomplete_metadata_are_refused(model_file: ModelWriter) -> None:
    with pytest.raises(ModelError, match="incomplete"):
        models.find(str(model_file(labels=None)))


def test_a_preprocessing_that_is_not_ours_is_refused(model_file: ModelWriter) -> None:
    with pytest.raises(ModelError, match="preprocessing"):
        models.find(str(model_file(normalisation="histogram")))


def test_a_model_of_the_first_schema_is_read_as_it_was(model_file: ModelWriter) -> None:
    normalisation = "percentile 0.5-99.5, then zero mean and unit deviation"
    path = model_file(schema_version=1, normalisation=normalisation, input=None, size=None, crop=None)
    first, present = models.find(str(path)), models.find(str(model_file()))
    same = ("input", "orientation", "crop", "normalisation", "spacing_mm", "size", "slices", "stride", "labels")
    assert [getattr(first, name) for name in same] == [getattr(present, name) for name in same]
    assert (first.input, first.normalisation, first.crop) == ("slices", "percentile", False)
    with pytest.raises(ModelError, match="preprocessing"):
        models.find(str(model_file(schema_version=1)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": "movie"},
        {"orientation": "LPS"},
        {"spacing_mm": None},
        {"size": (64, 64)},
        {"input": "volume"},
        {"spacing_mm": None, "size": (32, 64, 64)},
        {"spacing_mm": None, "size": (64, 64), "input": "volume"},
    ],
    ids=str,
)
def test_what_inference_cannot_do_is_refused_when_a_model_is_read(
    model_file: ModelWriter, wrong: dict[str, Any]
) -> None:
    path = model_file()
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    told = next(name for name in parts if name.endswith("metadata.json"))
    parts[told] = json.dumps(json.loads(parts[told]) | wrong).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match="asks for a preprocessing that this version does not know"):
        models.find(str(path))


@pytest.mark.parametrize(("task", "kind"), [("axial", "vertebra"), ("sagittal", "ts"), ("knee", "vertebra")])
def test_labels_that_are_no_kinds_of_the_task_are_refused(model_file: ModelWriter, task: str, kind: str) -> None:
    with pytest.raises(ModelError, match="incomplete or wrong"):
        models.find(str(model_file(task=task, labels={"1": kind})))


def test_models_of_every_task_say_how_they_see_an_image(tmp_path: Path) -> None:
    axial = models.find(str(write_reading_model(tmp_path / "a.ts", "axial", size=(6, 56, 64), crop=True)))
    assert (axial.input, axial.size, axial.spacing_mm, axial.orientation) == ("volume", (6, 56, 64), None, "LPS")
    assert (axial.crop, axial.normalisation, axial.slices) == (True, "min-max", 1)
    assert axial.labels == {1: "ivd", 2: "pe", 3: "ts", 4: "aap"}
    xray = models.find(str(write_reading_model(tmp_path / "x.ts", "xray", spacing_mm=0.5)))
    assert (xray.input, xray.size, xray.spacing_mm, xray.orientation) == ("slices", None, 0.5, "")


@pytest.mark.skipif(torch.cuda.is_available(), reason="the message is for computers without CUDA")
def test_cuda_is_refused_where_there_is_none() -> None:
    with pytest.raises(ModelError, match="CUDA"):
        models.open_model(models.choose("sagittal"), "cuda")


def test_the_index_holds_each_file_once() -> None:
    entries = json.loads((models.choose("sagittal").path.parent / "index.json").read_text(encoding="utf-8"))["models"]
    assert len({entry["file"] for entry in entries}) == len(entries)
