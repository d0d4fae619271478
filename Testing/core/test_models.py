"""Model files: what they say is read and checked, and what cannot be trusted is refused with one clear
sentence.
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from LumbarSegLib.core import models
from LumbarSegLib.errors import ModelError

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
    with pytest.raises(ModelError, match="No model for xray"):
        models.choose("xray")


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


@pytest.mark.skipif(torch.cuda.is_available(), reason="the message is for computers without CUDA")
def test_cuda_is_refused_where_there_is_none() -> None:
    with pytest.raises(ModelError, match="CUDA"):
        models.open_model(models.choose("sagittal"), "cuda")


def test_the_index_holds_each_file_once() -> None:
    entries = json.loads((models.choose("sagittal").path.parent / "index.json").read_text())["models"]
    assert len({entry["file"] for entry in entries}) == len(entries)
