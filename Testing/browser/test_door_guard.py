"""Nobody comes in by another name, from another page or without the token; and no page may ask another host."""

import re
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError
from yarl import URL

from LumbarSegLib.browser.door.server import NoPlace
from Testing.browser.doors import a_door, a_user, a_visitor, free_port, in_a_loop, sentence

TOKEN = "a-token-for-the-tests-0123456789"


@in_a_loop
async def test_a_host_that_is_not_this_machine_is_refused_whoever_points_it_here() -> None:
    async with a_door() as door, a_visitor(door) as visitor:
        for host in ("evil.example", f"evil.example:{door.port}", "127.0.0.1:1", "", "127.0.0.1.evil.example"):
            refused = await visitor.client.get(door, headers={"Host": host})
            assert refused.status == 421, host
        for host in ("localhost", "127.0.0.1", "[::1]"):
            assert (await visitor.client.get(door, headers={"Host": f"{host}:{door.port}"})).ok, host


@in_a_loop
async def test_a_page_of_another_origin_begins_nothing_and_uploads_nothing() -> None:
    async with a_door() as door, a_user(door) as user:
        others = (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {},
            {"Origin": f"http://127.0.0.1:{door.port}0"},
        )
        for headers in others:
            assert (await user.client.post(door / "sessions", headers=headers)).status == 403
            assert (await user.client.post(user.at("upload"), data={}, headers=headers)).status == 403


@in_a_loop
async def test_a_page_of_another_origin_cannot_connect_to_a_session() -> None:
    async with a_door() as door, a_user(door) as user:
        for headers in ({"Origin": "http://evil.example"}, {}):
            with pytest.raises(WSServerHandshakeError) as refused:
                await user.client.ws_connect(user.at("ws"), headers=headers)
            assert refused.value.status == 403


@in_a_loop
async def test_no_answer_lets_another_origin_read_it() -> None:
    async with a_door() as door, a_user(door) as user:
        asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
        for answer in (
            await user.client.options(door / "sessions", headers=asked),
            await user.client.get(user.at("state"), headers=asked),
        ):
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@in_a_loop
async def test_where_there_is_a_token_nothing_is_given_without_it() -> None:
    async with a_door(token=TOKEN) as door, a_visitor(door.with_query(None)) as visitor:
        for path in ("/", "/s/anything/index.html"):
            refused = await visitor.client.get(visitor.door.with_path(path))
            assert refused.status == 403
            assert "needs its access token" in await sentence(refused)
        assert (await visitor.enter()).status == 403
        for wrong in ("", "x", TOKEN[:-1], TOKEN + "1", "größe"):
            assert (await visitor.client.get(visitor.door.with_query(token=wrong))).status == 403


@in_a_loop
async def test_the_token_moves_from_the_address_into_a_cookie_that_no_script_and_no_other_site_can_use() -> None:
    async with a_door(token=TOKEN) as door, a_visitor(door.with_query(None)) as visitor:
        assert door.query["token"] == TOKEN
        entered = await visitor.client.get(door)
        assert TOKEN not in await entered.text()
        cookie = entered.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert (await visitor.client.get(visitor.door)).ok
        assert (await visitor.enter()).ok
        assert (await visitor.state())["count"] == 0


@in_a_loop
async def test_behind_a_proxy_only_its_own_name_counts_and_cookies_go_by_tls_alone() -> None:
    port = free_port()
    here, host = URL(f"http://127.0.0.1:{port}/"), {"Host": "spine.example.org"}
    async with a_door(url=URL("https://spine.example.org"), token=TOKEN, port=port) as door, a_visitor(here) as visitor:
        assert str(door) == f"https://spine.example.org/?token={TOKEN}"
        entered = await visitor.client.get(here.with_query(token=TOKEN), headers=host)
        assert "Secure" in entered.headers["Set-Cookie"]
        sent = host | {"Cookie": entered.headers["Set-Cookie"].split(";")[0]}

        assert (await visitor.client.get(here, headers=sent)).ok
        assert (await visitor.client.get(here, headers={"Cookie": sent["Cookie"]})).status == 421
        begin = here / "sessions"
        assert (await visitor.client.post(begin, headers=sent | {"Origin": "http://spine.example.org"})).status == 403
        begun = await visitor.client.post(begin, headers=sent | {"Origin": "https://spine.example.org"})
        assert begun.ok
        assert "Secure" in begun.headers["Set-Cookie"]


@in_a_loop
async def test_every_answer_forbids_other_hosts_frames_and_guessing() -> None:
    async with a_door() as door, a_user(door) as user:
        for url in (door, door / "door/start.js", user.at("index.html"), user.at("nothing"), door / "nothing"):
            headers = (await user.client.get(url)).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert not re.search(r"https?:|\*", policy)
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store"
            assert "Server" not in headers


@in_a_loop
async def test_the_pages_of_the_door_name_no_other_host() -> None:
    async with a_door() as door, a_visitor(door) as visitor:
        for path in ("", "door/start.js", "door/door.css"):
            text = await (await visitor.client.get(door / path if path else door)).text()
            assert not re.search(r"(https?:)?//[\w.]+", re.sub(r"^ *//.*$", "", text, flags=re.MULTILINE)), path


@in_a_loop
async def test_a_session_takes_nothing_but_get_besides_uploads() -> None:
    async with a_door() as door, a_user(door) as user:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = await user.client.request(method, user.at("state"), headers=user.origin)
            assert answer.status == 405, method
            assert answer.content_type == "text/plain"  # trame's page takes JSON for the answer of a launcher


@in_a_loop
async def test_no_path_leads_out_of_the_door() -> None:
    async with a_door() as door, a_user(door) as user:
        for path in ("door/..%2F..%2Fbrowser.json", "door/%2Fetc%2Fpasswd", "s/../../etc/passwd"):
            answer = await user.client.get(URL(f"{door}{path}", encoded=True))
            assert answer.status in (404, 410), path


@in_a_loop
async def test_a_person_is_shown_a_page_and_a_script_a_sentence() -> None:
    async with a_door() as door, a_visitor(door) as visitor:
        page = await visitor.client.get(door / "s/gone/index.html", headers={"Accept": "text/html"})
        assert page.status == 410
        assert "Start a new session" in await page.text()
        told = await visitor.client.get(door / "s/gone/index.html")
        assert (await told.json()) == {"error": "This session has ended and its images are deleted; start a new one."}


@in_a_loop
async def test_a_port_that_is_taken_is_told_in_one_sentence(held: Path) -> None:
    async with a_door() as door:
        with pytest.raises(NoPlace, match=f"port {door.port} is taken"):
            async with a_door(port=door.port):
                pass
    assert not list(held.iterdir())


@in_a_loop
async def test_a_host_of_another_machine_is_told_in_one_sentence() -> None:
    for host in ("192.0.2.1", "no-such-host.invalid"):
        with pytest.raises(NoPlace, match="no address of this machine"):
            async with a_door(host=host):
                pass
