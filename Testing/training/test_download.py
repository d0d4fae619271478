"""Public data: fetched from a server on this machine that speaks the records' interfaces, cuts and lies."""

import errno
import hashlib
import io
import json
import shutil
import stat
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from training.cli.data import app
from training.data.download import RECEIPT, Downloaded, download
from training.data.records import Record
from training.data.unpack import unpack
from training.data.web import Web
from training.errors import TrainingError

IMPATIENT = Web(tries=1, pause=0, timeout=5)
PATIENT = Web(tries=2, pause=0, timeout=5)
TABLE = b"name,age\n" + b"7,51\n" * 4000


class RecordServer(ThreadingHTTPServer):
    """Holds pages by path; `cuts` lists for a path how many bytes each of the next answers sends before it breaks."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pages: dict[str, bytes] = {}
        self.cuts: dict[str, list[int]] = {}
        self.ranges: list[str | None] = []
        self.knows_ranges = True
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def serve_zenodo(self, files: dict[str, bytes]) -> None:
        self.pages |= {f"/files/{name}": content for name, content in files.items()}
        rows = [
            {
                "key": name,
                "size": len(content),
                "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
                "links": {"self": f"{self.url}/files/{name}"},
            }
            for name, content in files.items()
        ]
        self.pages["/zenodo"] = json.dumps({"id": 1, "files": rows}).encode()

    def serve_mendeley(self, folders: list[dict[str, Any]], files: dict[str, dict[str, bytes]]) -> None:
        """`files` by the identity of their folder."""
        self.pages["/mendeley/folders/2"] = json.dumps(folders).encode()
        for folder in ("root", *(row["id"] for row in folders)):
            rows = []
            for name, content in files.get(folder, {}).items():
                self.pages[quote(f"/{folder}/{name}")] = content
                details = {
                    "size": len(content),
                    "sha256_hash": hashlib.sha256(content).hexdigest(),
                    "download_url": f"{self.url}/{folder}/{name}",
                }
                rows.append({"filename": name, "size": len(content), "content_details": details})
            self.pages[f"/mendeley/files?folder_id={folder}&version=2"] = json.dumps(rows).encode()


class _Answer(BaseHTTPRequestHandler):
    server: RecordServer

    def do_GET(self) -> None:
        content = self.server.pages.get(self.path)
        if content is None or self.server.status != 200:
            self.send_error(404 if content is None else self.server.status)
            return
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        cuts = self.server.cuts.get(self.path)
        self.wfile.write(content[start : start + cuts.pop(0)] if cuts else content[start:])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[RecordServer]:
    with RecordServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def known(server: RecordServer) -> dict[str, Record]:
    page = "https://example.org/record"
    return {
        "spider": Record("Small SPIDER", page, "CC BY 4.0", "zenodo", f"{server.url}/zenodo"),
        "mendeley": Record("Small Mendeley", page, "CC BY 4.0", "mendeley", f"{server.url}/mendeley", "2"),
    }


def fetch(server: RecordServer, folder: Path, name: str = "spider", web: Web = PATIENT) -> Downloaded:
    return download(name, folder, known(server), web, show=False)


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {RECEIPT}


def test_a_zenodo_record_arrives_whole_and_its_archives_are_unpacked(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"images.zip": zipped({"images/1_t2.mha": b"pixels"}), "overview.csv": TABLE})
    done = fetch(server, tmp_path / "data")
    assert done.fetched == ("images.zip", "overview.csv")
    assert files_in(tmp_path / "data") == {"images/1_t2.mha", "overview.csv"}
    assert (tmp_path / "data/images/1_t2.mha").read_bytes() == b"pixels"


def test_a_mendeley_record_keeps_its_folders(server: RecordServer, tmp_path: Path) -> None:
    folders = [{"id": "a", "name": "Labels"}, {"id": "b", "name": "Axial", "parent_id": "a"}]
    server.serve_mendeley(folders, {"root": {"read me.txt": b"hello"}, "b": {"L1_0001_D3.png": b"label"}})
    fetch(server, tmp_path, "mendeley")
    assert files_in(tmp_path) == {"read me.txt", "Labels/Axial/L1_0001_D3.png"}


def test_a_broken_connection_is_taken_up_where_it_broke(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    server.cuts["/files/overview.csv"] = [5000, 3000]
    fetch(server, tmp_path)
    assert (tmp_path / "overview.csv").read_bytes() == TABLE
    assert server.ranges[1:] == [None, "bytes=5000-", "bytes=8000-"]


def test_a_server_that_knows_no_ranges_sends_all_of_it_again(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    server.cuts["/files/overview.csv"] = [5000]
    server.knows_ranges = False
    fetch(server, tmp_path)
    assert (tmp_path / "overview.csv").read_bytes() == TABLE


def test_a_second_call_goes_on_where_the_first_was_cut_off(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    server.cuts["/files/overview.csv"] = [5000, 0]
    with pytest.raises(TrainingError, match="check the network and give the same command again"):
        fetch(server, tmp_path, web=IMPATIENT)
    assert not (tmp_path / "overview.csv").exists()
    fetch(server, tmp_path)
    assert server.ranges[-1] == "bytes=5000-"
    assert (tmp_path / "overview.csv").read_bytes() == TABLE


def test_what_is_there_is_not_fetched_again(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"images.zip": zipped({"images/1.mha": b"pixels"}), "overview.csv": TABLE})
    fetch(server, tmp_path)
    asked = len(server.ranges)
    assert fetch(server, tmp_path).there == ("images.zip", "overview.csv")
    assert len(server.ranges) == asked + 1  # the record alone
    (tmp_path / "overview.csv").unlink()
    assert fetch(server, tmp_path).fetched == ("overview.csv",)


def test_a_file_with_a_wrong_checksum_is_removed(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    server.pages["/files/overview.csv"] = TABLE[::-1]
    with pytest.raises(TrainingError, match=r"overview\.csv arrived damaged: its md5 checksum"):
        fetch(server, tmp_path)
    assert files_in(tmp_path) == set()


def test_a_record_that_changed_after_the_folder_was_filled_is_refused(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    fetch(server, tmp_path)
    server.serve_zenodo({"overview.csv": TABLE + b"8,60\n"})
    with pytest.raises(TrainingError, match=r"has changed: overview\.csv is not the one"):
        fetch(server, tmp_path)
    assert (tmp_path / "overview.csv").read_bytes() == TABLE


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (None, "no longer there"),
        (b"<html>Sign in</html>", "another form"),
        (b'{"entries": []}', "another form"),
        (b'{"files": []}', "names no files"),
    ],
)
def test_a_record_that_answers_otherwise_is_said_to_have_changed(
    server: RecordServer, tmp_path: Path, page: bytes | None, sentence: str
) -> None:
    if page is not None:
        server.pages["/zenodo"] = page
    with pytest.raises(TrainingError, match=rf"https://example.org/record has changed: .*{sentence}"):
        fetch(server, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_file_of_another_size_than_the_record_says_is_not_kept(server: RecordServer, tmp_path: Path) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    server.pages["/files/overview.csv"] = TABLE + b"more"
    with pytest.raises(TrainingError, match=r"overview\.csv is no longer there as it was"):
        fetch(server, tmp_path)
    assert files_in(tmp_path) == set()


@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "C:\\evil.csv"])
def test_a_record_that_names_a_file_outside_the_folder_is_refused(
    server: RecordServer, tmp_path: Path, name: str
) -> None:
    server.serve_zenodo({name: TABLE})
    with pytest.raises(TrainingError, match="outside the folder"):
        fetch(server, tmp_path / "data")
    assert files_in(tmp_path) == set()


def test_no_network_is_said_with_the_host(server: RecordServer, tmp_path: Path) -> None:
    nowhere = {"spider": replace(known(server)["spider"], api="http://127.0.0.1:9/zenodo")}
    with pytest.raises(TrainingError, match=r"127\.0\.0\.1 cannot be reached; check the network"):
        download("spider", tmp_path, nowhere, PATIENT, show=False)


@pytest.mark.parametrize(("status", "sentence"), [(503, "cannot answer now"), (403, "refuses the download")])
def test_a_server_that_refuses_is_quoted(server: RecordServer, tmp_path: Path, status: int, sentence: str) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    server.status = status
    with pytest.raises(TrainingError, match=rf"{sentence} \(HTTP {status}\)"):
        fetch(server, tmp_path)


def test_too_little_space_is_said_before_anything_is_fetched(
    server: RecordServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve_zenodo({"overview.csv": TABLE})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=len(TABLE) - 1))
    with pytest.raises(TrainingError, match="free some space"):
        fetch(server, tmp_path)
    assert files_in(tmp_path) == set()


def test_a_disk_that_fills_up_keeps_what_arrived(
    server: RecordServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve_zenodo({"overview.csv": TABLE})

    def fill(web: Web, url: str, part: Path, *others: object) -> None:
        part.write_bytes(TABLE[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(TrainingError, match="is full; free some space"):
        patched.setattr(Web, "fetch", fill)
        fetch(server, tmp_path)
    fetch(server, tmp_path)
    assert server.ranges[-1] == "bytes=100-"
    assert files_in(tmp_path) == {"overview.csv"}


def test_an_archive_without_a_folder_gets_one_of_its_name_and_finder_files_are_left_out(tmp_path: Path) -> None:
    archive = tmp_path / "arrived.part"
    archive.write_bytes(zipped({"1_t2.mha": b"pixels", "__MACOSX/._1_t2.mha": b"icon", ".DS_Store": b"icon"}))
    unpack(archive, tmp_path / "data", "images.zip")
    assert files_in(tmp_path / "data") == {"images/1_t2.mha"}


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil", "C:/evil"])
def test_an_archive_that_would_write_outside_the_folder_writes_nothing(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "arrived.part"
    archive.write_bytes(zipped({"images/1.mha": b"pixels", name: b"evil"}))
    with pytest.raises(TrainingError, match="outside the folder"):
        unpack(archive, tmp_path / "data", "images.zip")
    assert files_in(tmp_path) == {"arrived.part"}


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "arrived.part"
    with zipfile.ZipFile(archive, "w") as opened:
        link = zipfile.ZipInfo("images")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc")
    with pytest.raises(TrainingError, match="outside the folder"):
        unpack(archive, tmp_path / "data", "images.zip")


def test_a_damaged_archive_is_said_to_be_damaged(tmp_path: Path) -> None:
    archive = tmp_path / "arrived.part"
    archive.write_bytes(zipped({"images/1.mha": b"pixels"})[:-30])
    with pytest.raises(TrainingError, match=r"images\.zip is damaged"):
        unpack(archive, tmp_path / "data", "images.zip")


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["download", "spidre", "--to", str(tmp_path)])
    assert isinstance(result.exception, TrainingError)
    assert "'spider'" in str(result.exception)


def test_radiographs_that_need_a_registration_say_where(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"register by hand.*http://spineweb\.digitalimaginggroup\.ca"):
        download("aasce", tmp_path)
