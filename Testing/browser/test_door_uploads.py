"""An upload is taken whole, under a name of our own, or refused with one sentence; and it never leaves its folder."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError

from LumbarSegLib.browser.door.uploads import shown_name
from LumbarSegLib.core.images import read_image
from LumbarSegLib.resources import samples_dir
from Testing.browser.doors import a_door, a_user, in_a_loop, sentence, until
from Testing.browser.made_files import as_file, volume, zipped
from Testing.dicom_series import write_series

SAMPLE = (samples_dir() / "axial-t1.nrrd").read_bytes()


@in_a_loop
async def test_each_format_arrives_unchanged_under_a_name_of_our_own(tmp_path: Path, held: Path) -> None:
    async with a_door() as door, a_user(door) as user:
        for number, name in enumerate(("knee.nrrd", "Größe ü.nii.gz", "a.nii", "volume.mha"), 1):
            sent = as_file(volume(), "image" + name[name.index(".") :], tmp_path)

            answer = await user.upload(**{name: sent})

            assert await answer.json() == {"images": 1}
            message = (await user.told(number))[-1]
            assert message["names"] == [name]
            path = Path(message["uploaded"][0])
            assert path.name == "0001" + name[name.index(".") :]
            assert path.is_relative_to((await user.state())["settings"]["folder"])
            assert path.read_bytes() == sent
            assert read_image(path).GetSize() == (30, 20, 4)


@in_a_loop
async def test_an_upload_replaces_the_last_one_and_a_refused_one_leaves_it() -> None:
    async with a_door() as door, a_user(door) as user:
        await user.upload(**{"a.nrrd": SAMPLE})
        await user.upload(**{"b.nrrd": SAMPLE})
        first, second = (Path(message["uploaded"][0]) for message in await user.told(2))
        assert not first.exists()

        assert (await user.upload(**{"c.nrrd": b"no image"})).status == 415

        assert second.exists()
        assert len(list(second.parent.parent.iterdir())) == 1
        await user.upload(**{"d.nrrd": SAMPLE})
        assert [message["names"] for message in await user.told(3)] == [["a.nrrd"], ["b.nrrd"], ["d.nrrd"]]


@in_a_loop
async def test_names_that_look_like_paths_lead_nowhere(held: Path) -> None:
    async with a_door() as door, a_user(door) as user:
        before = {path for path in held.rglob("*") if path.is_file()}
        for name in ("../../../evil.nrrd", "..\\..\\evil.nrrd", "x" * 5000 + ".nrrd"):
            answer = await user.upload(**{name: SAMPLE})
            assert answer.ok, name
        inside = Path((await user.state())["settings"]["folder"])
        written = {path for path in held.rglob("*") if path.is_file()} - before
        assert [path.name for path in written] == ["0001.nrrd"]
        assert all(path.is_relative_to(inside) for path in written)


def test_a_page_shows_of_a_name_only_what_prints_and_no_folder() -> None:
    assert shown_name("C:\\Users\\me\\knee.nrrd") == "knee.nrrd"
    assert shown_name("../../a\x1b[2J\n.nii") == "a[2J.nii"
    assert shown_name("..//") == "file"


@in_a_loop
async def test_dicom_files_come_together_and_read_as_one_series(tmp_path: Path) -> None:
    write_series(tmp_path / "series")
    files = {path.name.replace(".dcm", ""): path.read_bytes() for path in (tmp_path / "series").iterdir()}
    async with a_door() as door, a_user(door) as user:
        answer = await user.upload(**files)

        assert (await answer.json())["images"] == len(files)
        places = {Path(path).parent for path in (await user.told(1))[-1]["uploaded"]}
        assert len(places) == 1
        assert read_image(places.pop()).GetSize()[2] == len(files)


@in_a_loop
async def test_a_zip_of_dicom_series_is_unpacked_flat_and_what_is_no_image_left_out(tmp_path: Path) -> None:
    for number in (1, 2):
        write_series(tmp_path / f"series{number}")
    images = {
        f"study/../../{path.parent.name}/{path.name}": path.read_bytes() for path in sorted(tmp_path.rglob("*.dcm"))
    }
    others = {
        "README.txt": b"read me",
        "../../evil.sh": b"#!/bin/sh",
        "/etc/cron.d/evil": b"* * * * *",
        "empty.dcm": b"",
    }
    async with a_door() as door, a_user(door) as user:
        answer = await user.upload(**{"study.zip": zipped(others | images)})

        assert (await answer.json())["images"] == len(images)
        paths = [Path(path) for path in (await user.told(1))[-1]["uploaded"]]
        assert {path.parent for path in paths} == {paths[0].parent}
        assert sorted(path for path in paths[0].parent.iterdir()) == sorted(paths)
        assert sorted(path.read_bytes() for path in paths) == sorted(images.values())


@in_a_loop
async def test_a_bad_upload_gets_one_sentence_and_leaves_nothing() -> None:
    bad = {
        "notes.txt": (b"words", "notes.txt: this is no image that can be opened"),
        "notes.nrrd": (b"words", "notes.nrrd: there is no image in it that can be opened"),
        "bomb.zip": (zipped({"a.nrrd": bytes(30_000_000)}), "bomb.zip: the archive unpacks to more than 20 MB"),
    }
    async with a_door(unpacked_bytes=20_000_000) as door, a_user(door) as user:
        for name, (sent, expected) in bad.items():
            answer = await user.upload(**{name: sent})

            assert answer.status == 415
            assert (await sentence(answer)).startswith(expected)
        folder = Path((await user.state())["settings"]["folder"])
        assert not [path for path in folder.rglob("*") if path.is_file()]
        await user.upload(**{"a.nrrd": SAMPLE})
        assert [message["names"] for message in await user.told(1)] == [["a.nrrd"]]


@in_a_loop
async def test_two_gigabytes_are_refused_before_they_come() -> None:
    async with a_door() as door, a_user(door) as user:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        cookies = user.client.cookie_jar.filter_cookies(user.session)
        head = {
            "Host": f"127.0.0.1:{door.port}",
            "Origin": user.origin["Origin"],
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": "2000000000",
            "Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items()),
        }
        lines = [f"POST {user.at('upload').raw_path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())

        answer = (await reader.read(4000)).decode()

        assert answer.startswith("HTTP/1.1 413")
        assert "larger than 1 GB; upload one series at a time." in answer
        writer.close()


@in_a_loop
async def test_an_upload_that_does_not_say_its_length_is_stopped_where_it_is_too_much(held: Path) -> None:
    async def endless() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.nrrd"\r\n\r\n'
        for _ in range(40):
            yield bytes(100_000)

    async with a_door(upload_bytes=1_000_000) as door, a_user(door) as user:
        headers = user.origin | {"Content-Type": "multipart/form-data; boundary=x"}

        answer = await user.client.post(user.at("upload"), data=endless(), headers=headers)

        assert answer.status == 413
        assert not list(held.rglob("*.nrrd"))


@in_a_loop
async def test_an_upload_that_breaks_off_leaves_nothing_and_the_session_goes_on(held: Path) -> None:
    async def broken() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.nrrd"\r\n\r\n' + SAMPLE[:100_000]
        await until(lambda: bool(list(held.rglob("0001.nrrd"))))
        raise ConnectionResetError

    async with a_door() as door, a_user(door) as user:
        headers = user.origin | {"Content-Type": "multipart/form-data; boundary=x"}
        with pytest.raises(ClientError):
            await user.client.post(user.at("upload"), data=broken(), headers=headers)

        await until(lambda: not list(held.rglob("0001.nrrd")))

        assert (await user.upload(**{"a.nrrd": SAMPLE})).ok


@in_a_loop
async def test_more_files_than_allowed_are_refused() -> None:
    async with a_door(upload_files=3) as door, a_user(door) as user:
        answer = await user.upload(**{f"{number}.nrrd": SAMPLE for number in range(4)})
        assert answer.status == 413
        assert await sentence(answer) == "These are more than 3 files; upload one series at a time."


@in_a_loop
async def test_nobody_uploads_into_a_session_that_is_not_his(held: Path) -> None:
    async with a_door() as door, a_user(door) as one, a_user(door) as other:
        one.session = other.session
        assert (await one.upload(**{"a.nrrd": SAMPLE})).status == 410
        assert not list(held.rglob("*.nrrd"))
