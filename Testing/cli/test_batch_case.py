"""One case of a batch, on a real slice: what is written of it, what a list says of it, and what it costs."""

from pathlib import Path

import pytest
import SimpleITK as sitk
from PIL import Image

from LumbarSegLib.cli import case
from LumbarSegLib.cli.batch_case import make_case
from LumbarSegLib.cli.case import CaseWishes
from LumbarSegLib.cohort.cases import Case
from LumbarSegLib.core import models
from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import samples_dir


@pytest.fixture(scope="module")
def axial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "slice.nrrd"
    sitk.WriteImage(sitk.ReadImage(str(samples_dir() / "axial-t1.nrrd"))[:, :, :1], str(path))
    return path


def test_a_process_loads_a_model_once_and_says_of_each_case_what_was_found(
    axial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    really = models.open_model

    def counted(info: models.ModelInfo, *arguments: object) -> models.Model:
        loaded.append(info.name)
        return really(info, *arguments)  # type: ignore[arg-type]

    case._opened.cache_clear()
    monkeypatch.setattr(models, "open_model", counted)
    outcomes = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        outcomes.append(make_case(CaseWishes(), Case(name, axial, "axial"), tmp_path / name))

    assert loaded == ["axial-mr"]
    first, second = outcomes
    assert first.seen == second.seen == "1 slice: IVD, PE, TS, AAP"
    assert next((one.column, one.level) for one in first.numbers) == ("smallest_sac_area_mm2", "slice 1")
    assert {"model", "model_sha256", "image_sha256", "date", "lumbarseg_version"} <= first.provenance.keys()
    sizes = {Image.open(tmp_path / "first" / first.files[key]).size for key in ("plain", "overlay")}
    assert len(sizes) == 1
    assert all((tmp_path / "second" / file).is_file() for file in second.files.values())
    assert {"report", "findings", "picture", "segmentation"} <= second.files.keys()


def test_an_option_that_an_image_does_not_have_refuses_it_alone(axial: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--lowest-disc names levels, and axial images have none"):
        make_case(CaseWishes(lowest_disc="L4/5"), Case("a", axial), tmp_path)
    assert list(tmp_path.iterdir()) == []
