"""Each user has a session of his own, as long as he is there, and nobody sees another's."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import pytest
from aiohttp import ClientError, WSCloseCode

from LumbarSegLib.browser.contract import SECRET_HEADER
from Testing.browser.doors import STAND_IN, a_door, a_user, a_visitor, in_a_loop, sentence, until
from Testing.workers import is_running

SLOW = (sys.executable, "-c", f"import runpy, time; time.sleep(2); runpy.run_path({STAND_IN[-1]!r})")


def sessions_in(held: Path) -> list[Path]:
    return list(held.glob("lumbarseg-*/*"))


@in_a_loop
async def test_two_users_have_two_processes_and_see_only_their_own_work() -> None:
    async with a_door() as door, a_user(door) as one, a_user(door) as other:
        page = await one.connect()
        await page.send_str("5")
        assert [await page.receive_str(), await page.receive_str()] == ["0", "5"]

        first, second = await one.state(), await other.state()

        assert first["pid"] != second["pid"]
        assert (first["count"], second["count"]) == (5, 0)
        assert first["settings"]["folder"] != second["settings"]["folder"]
        assert first["settings"]["secret"] != second["settings"]["secret"]


@in_a_loop
async def test_the_address_of_a_session_opens_nothing_without_its_cookie() -> None:
    async with a_door() as door, a_user(door) as one, a_user(door) as other:
        other.session = one.session

        refused = await other.get("state")

        assert refused.status == 410
        assert "ended" in await sentence(refused)


@in_a_loop
async def test_a_child_answers_nobody_but_the_door_and_learns_no_cookie() -> None:
    async with a_door() as door, a_user(door) as user, a_visitor(door) as stranger:
        state = await user.state()
        user.client.cookie_jar.update_cookies({"other": "of another program"}, user.session)

        told = (await user.state())["headers"]

        assert "Cookie" not in told
        assert "Origin" not in told
        direct = await stranger.client.get(door.with_port(int(told["Host"].split(":")[1])) / "state")
        assert direct.status == 403
        assert SECRET_HEADER not in state["headers"]


@in_a_loop
async def test_what_the_command_was_told_each_session_begins_with() -> None:
    wishes = {"open": {"sample": "lumbar-t2"}, "served_folder": "/data"}
    async with a_door(wishes=wishes) as door, a_user(door) as one, a_user(door) as other:
        for user in (one, other):
            settings = (await user.state())["settings"]
            assert {name: settings[name] for name in wishes} == wishes


@in_a_loop
async def test_one_user_too_many_is_told_so_and_comes_in_when_another_has_left(held: Path) -> None:
    async with a_door(sessions=1, left_s=0) as door, a_visitor(door) as late:
        async with a_user(door) as early:
            page = await early.connect()
            refused = await late.enter()
            assert refused.status == 503
            assert (
                await sentence(refused)
                == "There are too many users: the one place is taken; wait here until one is free."
            )
            await page.close()
        await until(lambda: not sessions_in(held))
        assert (await late.enter()).ok


@in_a_loop
async def test_closing_the_tab_ends_the_process_and_deletes_its_folder(held: Path) -> None:
    async with a_door(left_s=0.5) as door, a_user(door) as user:
        pid = (await user.state())["pid"]
        page = await user.connect()
        await page.close(code=WSCloseCode.GOING_AWAY)

        await until(lambda: not is_running(pid) and not sessions_in(held))

        assert (await user.get("state")).status == 410


@in_a_loop
async def test_a_page_that_said_goodbye_has_left_though_its_connection_breaks(held: Path) -> None:
    async with a_door(left_s=0.5, lost_s=60) as door, a_user(door) as user:
        page = await user.connect()
        assert (await user.client.post(user.at("goodbye"), headers=user.origin)).ok
        await asyncio.sleep(2)
        assert (await user.get("state")).ok
        transport = page._response.connection.transport  # type: ignore[union-attr]
        transport.abort()

        await until(lambda: not sessions_in(held))


@in_a_loop
async def test_a_reload_finds_the_session_as_it_was() -> None:
    async with a_door(left_s=3) as door, a_user(door) as user:
        page = await user.connect()
        await page.send_str("7")
        await page.close(code=WSCloseCode.GOING_AWAY)
        await asyncio.sleep(2)
        await user.get("index.html")
        await asyncio.sleep(2)

        again = await user.connect()

        assert await again.receive_str() == "7"
        await asyncio.sleep(4)
        assert (await user.get("state")).ok


@in_a_loop
async def test_a_connection_that_breaks_leaves_the_work_for_a_while() -> None:
    async with a_door(left_s=0, lost_s=3) as door, a_user(door) as user:
        page = await user.connect()
        await page.send_str("7")
        assert [await page.receive_str(), await page.receive_str()] == ["0", "7"]
        transport = page._response.connection.transport  # type: ignore[union-attr]
        transport.abort()
        await asyncio.sleep(2)

        again = await user.connect()

        assert await again.receive_str() == "7"
        again._response.connection.transport.abort()  # type: ignore[union-attr]
        await asyncio.sleep(5)
        assert (await user.get("state")).status == 410


@in_a_loop
async def test_an_idle_session_is_told_so_and_ends_unless_its_user_does_something(held: Path) -> None:
    async with a_door(idle_minutes=4 / 60, idle_notice_s=2) as door, a_user(door) as user:
        page = await user.connect()
        assert await user.told(1) == [{"idle": True}]

        await page.send_str("1")
        assert await user.told(2) == [{"idle": True}, {"idle": False}]

        await until(lambda: not sessions_in(held))
        assert [await page.receive_str() for _ in range(2)] == ["0", "1"]
        await page.receive()
        assert page.closed


@in_a_loop
async def test_a_session_whose_page_never_comes_ends() -> None:
    async with a_door(arriving_s=2) as door, a_user(door) as user:
        await asyncio.sleep(4.5)
        assert (await user.get("state")).status == 410


@in_a_loop
async def test_whoever_does_not_wait_for_his_session_takes_no_place(held: Path) -> None:
    async with a_door(sessions=1, command=SLOW) as door, a_visitor(door) as hasty:
        entering = asyncio.create_task(hasty.enter())
        await asyncio.sleep(1)
        entering.cancel()
        assert sessions_in(held)
        await until(lambda: not sessions_in(held), seconds=20)

        assert (await hasty.enter()).ok


@in_a_loop
async def test_a_process_that_dies_closes_its_page_and_frees_its_place(held: Path) -> None:
    async with a_door(sessions=1) as door, a_user(door) as user, a_visitor(door) as next_one:
        page = await user.connect()
        os.kill((await user.state())["pid"], signal.SIGKILL)
        assert await page.receive_str() == "0"

        await page.receive()

        assert page.closed
        await until(lambda: not sessions_in(held))
        assert (await next_one.enter()).ok


@in_a_loop
async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    async with a_door() as door, a_user(door) as user:
        with pytest.raises(ClientError):
            await (await user.get("broken")).read()


@in_a_loop
async def test_closing_the_door_ends_every_process_and_deletes_all(held: Path) -> None:
    async with a_door() as door, a_user(door) as one, a_user(door) as other:
        pids = [(await user.state())["pid"] for user in (one, other)]
        await one.connect()

    assert not any(is_running(pid) for pid in pids)
    assert not list(held.iterdir())


@in_a_loop
async def test_a_child_that_cannot_start_is_told_in_one_sentence(held: Path) -> None:
    async with a_door(command=(sys.executable, "-c", "raise SystemExit(5)")) as door, a_visitor(door) as visitor:
        refused = await visitor.enter()

        assert refused.status == 500
        assert "ended at its start with status 5" in await sentence(refused)
        assert not sessions_in(held)


@in_a_loop
async def test_large_messages_pass_both_ways_unchanged() -> None:
    async with a_door() as door, a_user(door) as user:
        page = await user.connect()
        await page.receive_str()
        sent = os.urandom(3_000_000)

        await page.send_bytes(sent)

        assert await page.receive_bytes() == sent[::-1]


@in_a_loop
async def test_the_log_knows_users_by_number_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wishes = {"open": {"path": "/data/Doe_Jane.nrrd"}, "served_folder": None}
    async with a_door(wishes=wishes) as door, a_user(door) as user:
        await user.upload(**{"Doe_Jane.nrrd": b"no image"})
        await user.get("files/abc/Doe_Jane.csv")
        await user.get("Doe_Jane")
        session_id = user.session.parts[2]
    messages = [record.getMessage() for record in caplog.records if record.name.startswith(("LumbarSegLib", "aiohttp"))]
    assert any("session 1 begins" in message for message in messages)
    assert not [message for message in messages if "Doe" in message or session_id in message]
