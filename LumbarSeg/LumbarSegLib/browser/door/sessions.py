"""The sessions behind the door: made up to a limit, ended when their user left, was lost or sits idle.

A session is known by a random id in its address, and belongs to the browser that holds its key in a cookie. All that
it writes lies in one folder, which is gone when it ends.
"""

import asyncio
import hmac
import itertools
import logging
import math
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from LumbarSegLib.browser.door.child import Child
from LumbarSegLib.browser.door.refusals import Refused, ended
from LumbarSegLib.browser.limits import Limits

log = logging.getLogger(__name__)

_LOOK_S = 1.0  # between two looks at who has left
_PARTING_S = 5.0  # from a page's goodbye to the end of its connection, at most


@dataclass
class Session:
    """One user's process and folder, and when he was last heard of (monotonic seconds)."""

    number: int
    """Counted from 1; all that a log may say of a session."""
    id: str
    key: str
    folder: Path
    child: Child
    connections: int = 0
    last_active: float = field(default_factory=time.monotonic)
    gone_since: float = field(default_factory=time.monotonic)
    """When its page was last connected."""
    came: bool = False
    """Whether a page has ever connected."""
    left: bool = False
    """Whether the page said goodbye then, or the connection broke."""
    goodbye_at: float = -math.inf
    """When a page said, beside its connection, that it is being closed."""
    noticed: bool = False
    """Whether the user has been told that the session ends for idleness."""
    uploading: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        """The user did something."""
        self.last_active = time.monotonic()
        if self.noticed:
            self.noticed = False
            self.child.tell({"idle": False})

    def connected(self) -> None:
        """A page of the session has connected."""
        self.connections += 1
        self.came, self.left, self.goodbye_at = True, False, -math.inf
        self.touch()

    def goodbye(self) -> None:
        """A page is being closed; its connection may break before it can say so by itself."""
        self.goodbye_at = time.monotonic()
        self.left = self.left or not self.connections

    def disconnected(self, left: bool) -> None:
        """A page has closed (`left`), or the connection to it broke."""
        self.connections -= 1
        self.gone_since = time.monotonic()
        self.left = left or self.gone_since - self.goodbye_at < _PARTING_S

    def why_over(self, limits: Limits) -> str:
        """Why the session is to end now; "" where it is not."""
        now = time.monotonic()
        gone = 0.0 if self.connections else now - self.gone_since
        if not self.came and gone > limits.arriving_s:
            return "its user never came"
        if self.left and gone > limits.left_s:
            return "its user left"
        if gone > limits.lost_s:
            return "the connection was lost"
        if now - self.last_active > 60 * limits.idle_minutes:
            return "it was idle"
        return ""

    def give_notice(self, limits: Limits) -> None:
        """Tell the page once that the session will end for idleness."""
        remaining = self.last_active + 60 * limits.idle_minutes - time.monotonic()
        if not self.noticed and remaining < limits.idle_notice_s:
            self.noticed = True
            self.child.tell({"idle": True})


class Sessions:
    """All sessions of one door, below `folder`."""

    def __init__(
        self, folder: Path, limits: Limits, command: Sequence[str], wishes: Mapping[str, Any], debug: bool = False
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._command = command
        self._wishes = wishes
        self._debug = debug
        self._numbers = itertools.count(1)
        self._sessions: dict[str, Session] = {}
        self._starting = 0
        self._spare: asyncio.Task[Session] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def warm(self) -> None:
        """Start the first session before anybody asks for it."""
        self._spare = asyncio.create_task(self._start())

    async def new(self) -> Session:
        """A session for one more user. Raises Refused where all places are taken, ChildFailed where it cannot start."""
        if len(self._sessions) + self._starting >= self._limits.sessions:
            places = "the one place is" if self._limits.sessions == 1 else f"all {self._limits.sessions} places are"
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"There are too many users: {places} taken; wait here until one is free.",
            )
        self._starting += 1
        try:
            spare, self._spare = self._spare, None
            session = await (spare or self._start())
        finally:
            self._starting -= 1
        session.touch()
        session.gone_since = time.monotonic()
        self._sessions[session.id] = session
        self._watch(self._end_with_child(session))
        log.info("session %d begins; %d of %d", session.number, len(self._sessions), self._limits.sessions)
        return session

    def of(self, session_id: str, key: str) -> Session:
        """The session with this id, to whoever holds its key. Raises Refused to all others."""
        session = self._sessions.get(session_id)
        if session is None or not hmac.compare_digest(session.key.encode(), key.encode()):
            raise ended()
        session.gone_since = time.monotonic()  # a page that is being loaded is not gone
        return session

    async def drop(self, session: Session) -> None:
        """End a session whose user did not wait for it."""
        await self._end(session, "its user did not wait")

    async def keep_watch(self) -> None:
        """End what is to end, for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for session in list(self._sessions.values()):
                if why := session.why_over(self._limits):
                    self._watch(self._end(session, why))
                else:
                    session.give_notice(self._limits)

    async def close(self) -> None:
        """End all sessions."""
        if self._spare:
            self._spare.cancel()
            done = await asyncio.gather(self._spare, return_exceptions=True)
            await asyncio.gather(*(self._dispose(one) for one in done if isinstance(one, Session)))
        await asyncio.gather(*(self._end(session, "the server ends") for session in list(self._sessions.values())))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _start(self) -> Session:
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        try:
            child = await Child.start(self._command, folder, self._wishes, self._limits.starting_s, self._debug)
        except BaseException:
            await _removed(folder)
            raise
        return Session(next(self._numbers), secrets.token_urlsafe(16), secrets.token_urlsafe(32), folder, child)

    async def _end_with_child(self, session: Session) -> None:
        await session.child.wait()
        await self._end(session, "its process ended")

    async def _end(self, session: Session, why: str) -> None:
        if self._sessions.pop(session.id, None) is None:
            return
        log.info("session %d ends: %s", session.number, why)
        await self._dispose(session)

    async def _dispose(self, session: Session) -> None:
        session.over.set()
        await session.child.end()
        await _removed(session.folder)

    def _watch(self, work: Any) -> None:
        """Run beside everything else, and keep hold of the task: the loop alone would let it be collected."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _removed(folder: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
