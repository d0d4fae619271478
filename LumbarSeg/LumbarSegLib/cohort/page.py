"""A page of small pictures to look through all results of a batch: one HTML file that needs no other."""

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cohort.cases import Case
from LumbarSegLib.cohort.folder import Batch
from LumbarSegLib.cohort.key_numbers import apart_from_others, doubt_of, doubts_of
from LumbarSegLib.cohort.records import Record, write_text_whole
from LumbarSegLib.cohort.tables import options_in_words
from LumbarSegLib.resources import resource

PAGE = "index.html"
_SHOWN = 3  # flags on a card before the rest
_WIDE = 1.5  # of the height
_EMBEDDED = 500  # cases; a page of more would have hundreds of MB, and takes its pictures from the folders beside it


def write_page(batch: Batch, records: Sequence[Record]) -> None:
    """Write the page into the folder of the batch, whole or not at all; it links to the report of each case there.

    Of very many cases it links to the pictures as well. Raises OutputError.
    """
    from jinja2 import Environment

    told = {record.name: record for record in records}
    apart = apart_from_others(records)
    counts = Counter(record.status for record in records)
    cards = [_card(batch, case, told.get(case.name), apart.get(case.name, ())) for case in batch.cases]
    asked = batch.asked
    models = {one.outcome.provenance.get("model", ""): one.outcome.provenance for one in records if one.outcome}
    source = resource("Cohort", "page.html").read_text(encoding="utf-8")
    text = (
        Environment(autoescape=True)
        .from_string(source)
        .render(
            cases=cards,
            counts={**counts, "all": len(batch.cases), "done": counts["done"], "left": len(batch.cases) - len(records)},
            source=asked["source"],
            begun=asked["begun"][:10],
            date=datetime.now(UTC).isoformat(sep=" ", timespec="minutes").replace("+00:00", " UTC"),
            version=asked["made_with"]["lumbarseg_version"],
            models=", ".join(_model_in_words(name, models[name]) for name in sorted(models)) or "none",
            options=options_in_words(asked["options"]),
            identity=f"{asked['begun']} {asked['source']}",
            shown=_SHOWN,
            use=RESEARCH_USE,
        )
    )
    write_text_whole(batch.root / PAGE, text)


def _model_in_words(name: str, provenance: Mapping[str, str]) -> str:
    words = f"{name} {provenance['model_version']} (SHA-256 {provenance['model_sha256'][:12]}…)"
    if "corner_model" in provenance:
        words += f" with {provenance['corner_model']} (SHA-256 {provenance['corner_model_sha256'][:12]}…)"
    return words


def _card(batch: Batch, case: Case, record: Record | None, apart: Sequence[str]) -> dict[str, Any]:
    """What the template shows of a case; one that has no result shows the reason."""
    card: dict[str, Any] = {"name": case.name, "doubt": 0, "numbers": (), "doubts": [], "routine": []}
    if record is None:
        return {**card, "status": "left", "badge": "not done", "reason": "Not done yet; go on with --resume."}
    if record.outcome is None:
        return {**card, "status": record.status, "badge": record.status, "reason": record.reason}
    outcome, folder = record.outcome, batch.folder_of(case)
    doubts = doubts_of(record)
    doubt = doubt_of(record, apart)
    plain, overlay = (folder / outcome.files[key] for key in ("plain", "overlay"))
    shown = outcome.files.get("report") or outcome.files["picture"]
    return {
        **card,
        "status": record.status,
        "badge": f"doubt {doubt}",
        "doubt": doubt,
        "wide": _is_wide(plain),
        "plain": _source(batch, plain),
        "overlay": _source(batch, overlay),
        "report": _link(batch, folder / shown),
        "seen": outcome.seen,
        "numbers": outcome.numbers,
        "doubts": [*apart, *_in_words(doubts)],
        "routine": [*_in_words([flag for flag in outcome.flags if flag not in doubts]), *outcome.notes],
    }


def _in_words(flags: Sequence[Mapping[str, Any]]) -> list[str]:
    """Flags in words; what is said of several levels alike is said of the first, which then names the others."""
    alike: dict[str, list[Mapping[str, Any]]] = {}
    for flag in flags:
        alike.setdefault(flag["key"], []).append(flag)
    return [_together(first["text"], [flag["level"] for flag in more]) for first, *more in alike.values()]


def _together(text: str, others: Sequence[str]) -> str:
    return f"{text} Likewise {', '.join(others)}." if others else text


def _source(batch: Batch, picture: Path) -> str:
    if len(batch.cases) > _EMBEDDED:
        return _link(batch, picture)
    return f"data:image/jpeg;base64,{b64encode(picture.read_bytes()).decode()}"


def _link(batch: Batch, path: Path) -> str:
    return quote(path.relative_to(batch.root).as_posix())


def _is_wide(jpeg: Path) -> bool:
    from PIL import Image

    with Image.open(jpeg) as picture:
        return picture.width > _WIDE * picture.height
