"""Asking a web server: JSON, and files that arrive whole or go on from where they broke off.

urllib of the standard library, since the training extra pins no HTTP library and one host and one stream at a time need
none.
"""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingError

_CHUNK = 1 << 18
_BROWSER = "Mozilla/5.0 (compatible; LumbarSeg)"  # Mendeley Data refuses urllib's own name
_IN_ADDRESSES = "%/:?#[]@!$&'()*+,;=~"  # records give addresses with spaces in file names
_BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


class Gone(Exception):
    """The server has no such page or file, or not the part that was asked for."""


@dataclass(frozen=True)
class Web:
    """How patiently servers are asked: `tries` in a row without a single byte, `pause` seconds after the first failure,
    doubled after each further one.
    """

    tries: int = 5
    pause: float = 1.0
    timeout: float = 60.0

    def json(self, url: str) -> Any:
        """The JSON at an address. Raises TrainingError if the server cannot be reached or refuses, Gone if it has no
        such page, ValueError if it answers with something else.
        """
        failed = 0
        while True:
            try:
                with self._open(url, 0) as answer:
                    return json.load(answer)
            except _BROKEN as error:
                failed += 1
                self._wait_or_give_up(url, error, failed)

    def fetch(self, url: str, part: Path, size: int, on_bytes: Callable[[int], None]) -> None:
        """Fetch a file of `size` bytes into `part`, going on after what is there; `on_bytes` gets each new length.

        Broken connections are taken up again. Raises TrainingError if the server cannot be reached or refuses, Gone if
        what it has is missing or of another size, OSError if the disk takes no more. What arrived stays in `part`.
        """
        part.touch()
        failed = 0
        while (have := part.stat().st_size) < size:
            problem: Exception = ConnectionError("the connection broke")
            try:
                self._fetch_rest(url, part, size, have, on_bytes)
            except _BROKEN as error:
                problem = error
            now = part.stat().st_size
            if now < size:
                failed = 0 if now > have else failed + 1
                self._wait_or_give_up(url, problem, failed)
        if have > size:
            raise Gone

    def _fetch_rest(self, url: str, part: Path, size: int, have: int, on_bytes: Callable[[int], None]) -> None:
        with self._open(url, have) as answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT
            if _announced(answer, resumed) not in (None, size):
                raise Gone
            length = have if resumed else 0
            with part.open("ab" if resumed else "wb") as file:
                while length < size and (chunk := answer.read(min(_CHUNK, size - length))):
                    file.write(chunk)
                    length += len(chunk)
                    on_bytes(length)

    def _open(self, url: str, start: int) -> http.client.HTTPResponse:
        headers = {"User-Agent": _BROWSER} | ({"Range": f"bytes={start}-"} if start else {})
        request = urllib.request.Request(urllib.parse.quote(url, safe=_IN_ADDRESSES), headers=headers)
        try:
            return urllib.request.urlopen(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            if error.code in (404, 410, 416):
                raise Gone from error
            raise

    def _wait_or_give_up(self, url: str, error: Exception, failed: int) -> None:
        """Wait before the next try; raise TrainingError after `tries` failures in a row, and at once for a refusal."""
        host = urllib.parse.urlsplit(url).hostname
        code = error.code if isinstance(error, urllib.error.HTTPError) else None
        if code is not None and code < 500 and code != http.client.TOO_MANY_REQUESTS:
            raise TrainingError(f"{host} refuses the download (HTTP {code}); try later or with a browser.") from error
        if failed < self.tries:
            time.sleep(self.pause * 2 ** max(0, failed - 1))
        elif code is not None:
            raise TrainingError(
                f"{host} cannot answer now (HTTP {code}); give the same command later, it goes on where it stopped."
            ) from error
        else:
            raise TrainingError(
                f"{host} cannot be reached; check the network and give the same command again, it goes on where "
                f"it stopped."
            ) from error


def _announced(answer: http.client.HTTPResponse, resumed: bool) -> int | None:
    """The size of the whole file as the server states it, if it does."""
    stated = answer.headers["Content-Range"].split("/")[-1] if resumed else answer.headers["Content-Length"]
    return int(stated) if stated and stated.isdecimal() else None
