"""What a PNG says of its making, in text chunks that viewers and libraries show as its properties."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from LumbarSegLib import RESEARCH_USE, __version__

_END = b"IEND"
_FRAME = 4  # bytes of the length before the name of a chunk


def tell_in_png(path: Path, provenance: Mapping[str, Any]) -> None:
    """Let a PNG tell its software, its use, and a provenance as JSON (Software, Disclaimer, Comment)."""
    told = {
        "Software": f"LumbarSeg {provenance.get('lumbarseg_version', __version__)}",
        "Disclaimer": RESEARCH_USE,
        "Comment": json.dumps(dict(provenance), ensure_ascii=False),
    }
    drawn = path.read_bytes()
    end = drawn.rindex(_END) - _FRAME
    chunks = b"".join(_text_chunk(keyword, text) for keyword, text in told.items())
    path.write_bytes(drawn[:end] + chunks + drawn[end:])


def _text_chunk(keyword: str, text: str) -> bytes:
    """An iTXt chunk, which holds Unicode: not compressed, of no language."""
    content = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    return (len(content) - _FRAME).to_bytes(4) + content + zlib.crc32(content).to_bytes(4)
