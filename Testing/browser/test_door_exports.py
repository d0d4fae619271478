"""What a session wrote for its user comes out whole, as a download, to him alone."""

from pathlib import Path

from aiohttp import hdrs

from Testing.browser.doors import Visitor, a_door, a_user, in_a_loop, sentence


async def folder_of(user: Visitor) -> Path:
    return Path((await user.state())["settings"]["folder"])


@in_a_loop
async def test_an_export_comes_out_as_a_download_under_its_own_name() -> None:
    async with a_door() as door, a_user(door) as user:
        await user.get("export")

        answer = await user.client.get(user.session.parent / "files" / "abc" / "L3 größe.csv")

        assert await answer.read() == b"a,b\n"
        assert answer.headers[hdrs.CONTENT_DISPOSITION] == "attachment"
        assert answer.content_type == "application/octet-stream"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


@in_a_loop
async def test_nothing_else_of_the_folder_comes_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("of another program", encoding="utf-8")
    async with a_door() as door, a_user(door) as user:
        await user.get("export")
        folder = await folder_of(user)
        (folder / "upload").mkdir()
        (folder / "upload" / "0001.nrrd").write_bytes(b"NRRD")
        (folder / "export" / "abc" / "link.txt").symlink_to(secret)
        (folder / "export" / "linked").symlink_to(tmp_path)
        for path in (
            "files/../upload/0001.nrrd",
            "files/..%2Fupload/0001.nrrd",
            "files/abc/..%2F..%2Fupload%2F0001.nrrd",
            f"files/abc/{str(secret).replace('/', '%2F')}",
            "files/abc/link.txt",
            "files/linked/secret.txt",
            "files/abc/.",
            "files/abc/nothing.csv",
            "files/nothing/L3.csv",
        ):
            answer = await user.get(path)
            assert answer.status in (404, 410), path


@in_a_loop
async def test_nobody_takes_another_users_export() -> None:
    async with a_door() as door, a_user(door) as one, a_user(door) as other:
        await one.get("export")
        answer = await other.client.get(one.session.parent / "files" / "abc" / "L3 größe.csv")
        assert answer.status == 410


@in_a_loop
async def test_a_file_that_is_gone_is_told_in_one_sentence() -> None:
    async with a_door() as door, a_user(door) as user:
        refused = await user.get("files/abc/L3.csv")
        assert await sentence(refused) == "This file is no longer there; export it again."
