"""What a PNG says of its making, in text chunks that viewers and libraries show as its properties."""

import json
from collections.abc import Mapping
from typing import Any

from LumbarSegLib import RESEARCH_USE, __version__


def origin_in_png(provenance: Mapping[str, Any]) -> dict[str, str]:
    """The software, the use, and a provenance as JSON (Software, Disclaimer, Comment), as `savefig` takes them."""
    return {
        "Software": f"LumbarSeg {provenance.get('lumbarseg_version', __version__)}",
        "Disclaimer": RESEARCH_USE,
        "Comment": json.dumps(dict(provenance), ensure_ascii=False),
    }
