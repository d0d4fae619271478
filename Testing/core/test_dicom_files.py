"""DICOM files beside their source: no error for dciodvfy, what is missing stays empty, and all files or none."""

from dataclasses import replace
from pathlib import Path

import pytest
from highdicom.seg import segread
from highdicom.sr import srread
from pydicom import dcmread
from pydicom.sr._concepts_dict import concepts

from LumbarSegLib.core import images
from LumbarSegLib.core.anatomy import STRUCTURES, Code
from LumbarSegLib.core.confirmation import confirmation
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.dicom import codes
from LumbarSegLib.core.dicom.source import read_source
from LumbarSegLib.core.dicom.writing import write_dicom
from LumbarSegLib.errors import InputError, OutputError
from Testing.dicom_series import dataset
from Testing.dicom_studies import Made, axial, complaints, radiograph, sagittal

ACCEPTED = (
    "Unrecognized defined term <99LUMBARSEG>",  # no private coding scheme can be known to it
    "Missing attribute or value that would be needed to build DICOMDIR",  # what the source lacks is not invented
)
"""The warnings of dciodvfy that are accepted; there is no other, and no error."""

MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName",
    "StudyID", "AccessionNumber",
)  # fmt: skip


@pytest.fixture(scope="module")
def spine(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return sagittal(tmp_path_factory.mktemp("spine"))


def few(made: Made) -> Made:
    """The same with the measures of one level only, which is quicker to write."""
    rows = [one for one in made.study.findings.measurements if one.level == "L4"]
    return replace(made, study=replace(made.study, findings=replace(made.study.findings, measurements=tuple(rows))))


def new_folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(("make", "place"), [(sagittal, "study"), (axial, "study"), (radiograph, "film.dcm")])
def test_dciodvfy_finds_no_error(tmp_path: Path, make, place: str) -> None:  # type: ignore[no-untyped-def]
    made = make(tmp_path / place)
    for file in write_dicom(made.study, [made.folder], new_folder(tmp_path / "out")):
        errors, warnings = complaints(file)
        assert errors == []
        assert [one for one in warnings if not any(words in one for words in ACCEPTED)] == []


def test_seg_and_sr_lie_beside_each_other_and_the_sr_names_the_seg(tmp_path: Path, spine: Made) -> None:
    out = new_folder(tmp_path / "out")
    files = write_dicom(few(spine).study, [spine.folder], out)
    assert [file.name for file in files] == ["phantom-SEG.dcm", "phantom-SR.dcm"]
    assert sorted(out.iterdir()) == files
    seg, document = segread(files[0]), srread(files[1])
    assert seg.SOPInstanceUID in {instance for _, _, instance, _ in document.get_evidence()}
    assert seg.StudyInstanceUID == document.StudyInstanceUID


def test_the_single_file_of_an_image_stands_for_its_series(tmp_path: Path, spine: Made) -> None:
    one = sorted(spine.folder.iterdir())[4]
    files = write_dicom(few(spine).study, [one], new_folder(tmp_path / "out"))
    assert len(segread(files[0]).ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 9


def test_what_may_be_empty_and_is_missing_stays_empty(tmp_path: Path) -> None:
    missing = dict.fromkeys((*MAY_BE_EMPTY, "SpecificCharacterSet", "InstanceNumber", "SeriesNumber", "SliceThickness"))
    made = few(sagittal(tmp_path / "study", **missing))
    for file in write_dicom(made.study, [made.folder], new_folder(tmp_path / "out")):
        written = dcmread(file)
        assert [written[keyword].value for keyword in MAY_BE_EMPTY if written[keyword].value] == []
        assert complaints(file)[0] == []
    # Slices are 4 mm apart by their places, so that the voxels of the segments are as thick.
    measures = dcmread(tmp_path / "out" / "phantom-SEG.dcm").SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SliceThickness == pytest.approx(4.0)


def test_a_date_or_a_sex_that_no_reader_understands_is_left_empty(tmp_path: Path) -> None:
    made = few(sagittal(tmp_path / "study", PatientBirthDate="1950", PatientSex="male", StudyTime="noon"))
    for file in write_dicom(made.study, [made.folder], new_folder(tmp_path / "out")):
        written = dcmread(file)
        assert not any((written.PatientBirthDate, written.PatientSex, written.StudyTime))
        assert complaints(file)[0] == []


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"])
def test_without_what_nothing_can_refer_to_nothing_is_written(tmp_path: Path, keyword: str) -> None:
    made = sagittal(tmp_path / "study")
    for file in made.folder.iterdir():
        header = dcmread(file)
        setattr(header, keyword, "")
        header.save_as(file)
    out = new_folder(tmp_path / "out")
    with pytest.raises(InputError, match=rf"the DICOM header lacks {keyword}, .*export the series again\."):
        write_dicom(made.study, [made.folder], out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Jürgen"),
        ("ISO_IR 192", "王^小東"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
        ("ISO_IR 144", "Иванова^Мария"),
    ],
    ids=["latin", "unicode", "japanese", "cyrillic"],
)
def test_names_in_any_script_are_kept_and_written_in_unicode(
    tmp_path: Path, charset: str | list[str], name: str
) -> None:
    made = few(
        sagittal(tmp_path / "study", SpecificCharacterSet=charset, PatientName=name, ReferringPhysicianName=name)
    )
    for file in write_dicom(made.study, [made.folder], new_folder(tmp_path / "out")):
        written = dcmread(file)
        assert (str(written.PatientName), str(written.ReferringPhysicianName)) == (name, name)
        assert written.SpecificCharacterSet == "ISO_IR 192"
        assert name.encode() in file.read_bytes()


def test_text_within_sequences_is_unicode_as_well(tmp_path: Path) -> None:
    other = dataset(PatientID="Größe 4711", TypeOfPatientID="TEXT")
    made = few(sagittal(tmp_path / "study", OtherPatientIDsSequence=[other]))
    for file in write_dicom(made.study, [made.folder], new_folder(tmp_path / "out")):
        assert dcmread(file).OtherPatientIDsSequence[0].PatientID == "Größe 4711"
        assert "Größe 4711".encode() in file.read_bytes()


def test_nothing_of_the_patient_is_said_on_the_way(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    made = few(sagittal(tmp_path / "study", PatientName="Geheim", PatientBirthDate="Geheim"))
    recwarn.clear()
    caplog.clear()
    write_dicom(made.study, [made.folder], new_folder(tmp_path / "out"))
    told = [*capfd.readouterr(), caplog.text, *(str(one.message) for one in recwarn)]
    assert not any("Geheim" in one for one in told)


def test_a_source_that_is_no_dicom_is_refused_in_one_sentence(tmp_path: Path, spine: Made) -> None:
    picture = tmp_path / "image.nrrd"
    assert spine.study.image is not None
    images.write_whole(picture, lambda part: part.write_bytes(b"NRRD0004"))
    with pytest.raises(InputError, match=r"give the DICOM series as the image\.$"):
        write_dicom(spine.study, [picture], tmp_path)


def test_the_images_of_another_series_are_refused(tmp_path: Path, spine: Made) -> None:
    other = sagittal(tmp_path / "other")
    with pytest.raises(InputError, match=r"other: the series that was measured is not there; give its DICOM images\."):
        write_dicom(spine.study, [other.folder], tmp_path)
    assert list(tmp_path.glob("*.dcm")) == []


def test_the_right_series_is_found_among_others(tmp_path: Path) -> None:
    made, _ = sagittal(tmp_path / "one"), sagittal(tmp_path / "other")
    found = read_source([tmp_path], made.study.provenance["image_series_instance_uid"])
    assert {path.parent.name for path in found.paths} == {"one"} and len(found.headers) == 9


def test_images_that_name_several_studies_are_refused(tmp_path: Path) -> None:
    made = sagittal(tmp_path / "study")
    file = sorted(made.folder.iterdir())[2]
    header = dcmread(file)
    header.StudyInstanceUID = "1.2.3"
    header.save_as(file)
    with pytest.raises(InputError, match="several studies"):
        write_dicom(made.study, [made.folder], tmp_path)


def test_a_folder_that_is_not_there_is_refused_and_nothing_lies_about(tmp_path: Path, spine: Made) -> None:
    with pytest.raises(OutputError, match="make it first"):
        write_dicom(few(spine).study, [spine.folder], tmp_path / "missing")


def test_a_radiograph_of_unknown_sides_and_spacing_can_be_written(tmp_path: Path) -> None:
    made = radiograph(tmp_path / "film.dcm")
    header = dcmread(made.folder)
    del header.ImagerPixelSpacing, header.PatientOrientation, header.FrameOfReferenceUID
    header.save_as(made.folder)
    for file in write_dicom(made.study, [made.folder], new_folder(tmp_path / "out")):
        assert complaints(file)[0] == []


def test_every_public_code_is_one_that_the_standard_knows_by_this_meaning() -> None:
    """pydicom carries the context groups of the standard. Words for the same concept differ from group to group."""
    levels = [row.name for row in STRUCTURES if row.kind != "canal"]
    told = [codes.CATEGORY, codes.REGION, codes.item("comment"), codes.item("method")]
    told += [codes.quantity_of(key).name for key in MEASURES] + [codes.finding_of(key, "") for key in MEASURES]
    told += [codes.site_of(level, task) for level in levels for task in ("sagittal", "xray")]
    told += [codes.procedure_of("xray"), codes.procedure_of("sagittal"), *(row.code for row in STRUCTURES)]
    unknown = {one for one in told if one.scheme != codes.SCHEME and not is_known(one)}
    # SNOMED CT has it; the context groups only have the discs by level.
    assert unknown == {Code("SCT", "360499006", "Intervertebral disc")}


def is_known(code: Code) -> bool:
    return any(code.value in known for known in concepts[code.scheme].values())


def test_every_measure_has_a_code_of_its_own_that_dicom_can_hold() -> None:
    own = [codes.quantity_of(key).method for key in MEASURES]
    assert len({code.value for code in own}) == len(MEASURES)
    assert all(len(code.value) <= 16 and len(code.meaning) <= 64 and code.scheme == "99LUMBARSEG" for code in own)


def test_only_what_has_no_public_code_has_a_private_one_as_its_finding() -> None:
    private = {MEASURES[key].family for key in MEASURES if codes.finding_of(key, "").scheme == "99LUMBARSEG"}
    assert private == {"ts", "aap", "slice"}


@pytest.mark.parametrize("person", ["Weiß^Eva", "Dr. Eva Weiß", "山田 太郎"])
def test_who_confirmed_the_result_stands_for_the_report(tmp_path: Path, spine: Made, person: str) -> None:
    made = few(spine)
    by = confirmation(person, "Klinik Süd").told()
    study = replace(made.study, provenance={**made.study.provenance, **by})
    document = srread(write_dicom(study, [spine.folder], new_folder(tmp_path / "out"))[1])
    assert document.VerificationFlag == "VERIFIED"
    assert str(document.VerifyingObserverSequence[0].VerifyingObserverName) == person
    assert complaints(tmp_path / "out" / "phantom-SR.dcm")[0] == []


def test_one_of_several_radiographs_of_a_series_is_told_by_its_file(tmp_path: Path) -> None:
    made = radiograph(tmp_path / "film.dcm")
    other = dcmread(made.folder)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    other.save_as(tmp_path / "other.dcm")
    assert read_source([made.folder], str(other.SeriesInstanceUID)).paths == (made.folder,)
    with pytest.raises(InputError, match="several radiographs in this series; give the file of one"):
        read_source([tmp_path], str(other.SeriesInstanceUID))
