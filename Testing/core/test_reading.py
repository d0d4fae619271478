"""Findings that were written as JSON are read again as they were, or refused in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.radiograph import radiograph_of
from LumbarSegLib.core.report.reading import findings_from_json, read_findings
from LumbarSegLib.core.report.tables import rows_of, to_json
from LumbarSegLib.errors import InputError
from Testing.findings_by_hand import findings_by_hand
from Testing.radiograph_phantoms import Spine, arcs

PROVENANCE = {"task": "sagittal", "model": "sagittal-mr", "image": "Würbel 脊椎.nrrd", "edited": "L4"}


def radiograph() -> Findings:
    spine = Spine(arcs((0, 4, 25.0), (4, 10, -55.0), (10, 15, 40.0)), spacing_mm=0.5)
    return measure(radiograph_of(spine.semantic), spine.image(spacing=True, age="14 years")).findings


@pytest.mark.parametrize("findings", [findings_by_hand(), radiograph()], ids=["sagittal", "radiograph"])
def test_what_was_written_is_read_with_the_same_numbers_reasons_and_flags(findings: Findings) -> None:
    read, provenance = findings_from_json(to_json(findings, PROVENANCE))
    assert rows_of(read) == rows_of(findings)
    assert [one.value for one in read.measurements] == pytest.approx([one.value for one in findings.measurements])
    assert (read.flags, read.lowest_disc, read.view) == (findings.flags, findings.lowest_disc, findings.view)
    assert read.landmarks.keys() == findings.landmarks.keys()
    assert len(read.sections) == len(findings.sections)
    assert PROVENANCE.items() <= provenance.items()


def test_what_was_read_is_written_as_it_was() -> None:
    text = to_json(radiograph(), PROVENANCE)
    assert json.loads(to_json(*findings_from_json(text))) == json.loads(text)


def changed(**keys: Any) -> str:
    return json.dumps({**json.loads(to_json(findings_by_hand(), PROVENANCE)), **keys})


def with_measurement(**keys: Any) -> str:
    told = json.loads(changed())
    told["measurements"][0] |= keys
    return json.dumps(told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON that can be read"),
        ("[" * 100_000, "no JSON that can be read"),
        ("[1, 2]", "holds no findings"),
        ('{"structures": []}', "holds no findings"),
        (changed(schema_version=2), "have the version 2, not 1"),
        (changed(measurements=[7]), "measurement 1"),
        (
            changed(landmarks={"L4.superior_anterior": {"place": [1, 2], "status": "automatic"}}),
            "damaged or were altered",
        ),
        (with_measurement(measure="canal.colour"), "there is no measure 'canal.colour'"),
        (with_measurement(unit="furlong"), "the unit of canal.area is mm2, not 'furlong'"),
        (with_measurement(value="210"), "'210' is no number"),
        (with_measurement(value=None), "a number or a reason"),
        (with_measurement(reason="It is cut."), "a number or a reason"),
        (with_measurement(status="signed"), "'signed' is none of automatic, edited, confirmed"),
    ],
)
def test_a_text_that_is_no_such_json_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        findings_from_json(text)
    assert str(raised.value).endswith(".") and "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"{}"], ids=["missing", "not a text", "empty"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "findings.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"findings\.json: "):
        read_findings(path)
    with pytest.raises(InputError, match=r"^größe\.json: "):
        read_findings(path, "größe.json")
