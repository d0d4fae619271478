"""Who may come in: every request passes here before anything else looks at it.

Three things are asked. The Host must be one of this door's own, so that a name which somebody else points at this
machine (DNS rebinding) leads nowhere. What changes something, and each WebSocket, must come from a page of the same
origin. And where there is an access token, it must be in a cookie; it gets there once, from the address that the
command printed.
"""

import hmac
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from yarl import URL

from LumbarSegLib.browser.door.pages import page, refusal_page, wants_page
from LumbarSegLib.browser.door.refusals import Refused
from LumbarSegLib.errors import LumbarSegError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)

SHOWING = "token"
"""In the query of the address that the command prints."""

PUBLIC = "/door/"
"""Where the style of the page that asks for a token lies."""

_LOADING_SCRIPT = "'sha256-A0elOdkD+xxYQmh7rJuHsUImoOWXXoOZyWwmlHH1/HA='"
"""Of the one script that stands in trame's page itself; it shows the sign that the page is loading."""

# Vue makes functions of the page's templates in the browser, so the session's page cannot do without unsafe-eval.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' 'unsafe-eval' {_LOADING_SCRIPT}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Guard:
    """What the door knows of itself: its port, and whatever else may be asked.

    `url`: the address that users type where a reverse proxy stands before the door; its host is then the only one.
    `token`: "" where none is asked.
    """

    host: str
    port: int
    url: URL | None = None
    token: str = ""
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # Asking for the machine's full name may take seconds where no name server answers.
        others = set() if is_loopback(self.host) else {self.host, socket.gethostname(), socket.getfqdn()}
        object.__setattr__(self, "_names", frozenset(name.lower() for name in {"localhost", *others}))

    @property
    def cookie(self) -> str:
        """The name of the token's cookie. Cookies know no ports, so two doors on one machine need two names."""
        return f"lumbarseg-token-{self.port}"

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.url is not None and self.url.scheme == "https"

    def check_host(self, request: web.Request) -> None:
        """Raise Refused unless the request was sent to one of this door's own names."""
        try:
            asked = URL(f"{self._scheme}://{request.headers.get(hdrs.HOST, '')}")
            known = self._is_own(asked)
        except ValueError:
            known = False
        if not known:
            raise Refused(
                HTTPStatus.MISDIRECTED_REQUEST, "This is not the address of LumbarSeg; open the one it prints."
            )

    def check_origin(self, request: web.Request) -> None:
        """Raise Refused if a request that does something does not say that it comes from a page of this origin."""
        socket_wanted = request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
        if request.method in (hdrs.METH_GET, hdrs.METH_HEAD) and not socket_wanted:
            return
        if request.headers.get(hdrs.ORIGIN) != f"{self._scheme}://{request.headers.get(hdrs.HOST, '')}":
            raise Refused(HTTPStatus.FORBIDDEN, "Another page asked for this; open LumbarSeg by its own address.")

    def knows(self, token: str) -> bool:
        """Whether this is the token, compared in constant time."""
        return hmac.compare_digest(self.token.encode(), token.encode())

    def check_token(self, request: web.Request) -> None:
        """Raise Refused unless the token is in its cookie, or none is needed."""
        if self.token and not self.knows(request.cookies.get(self.cookie, "")):
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "This address needs its access token; open the whole address that LumbarSeg printed.",
            )

    @property
    def _scheme(self) -> str:
        return self.url.scheme if self.url else "http"

    def _is_own(self, asked: URL) -> bool:
        if self.url is not None:
            return (asked.host, asked.port) == (self.url.host, self.url.port)
        return asked.port == self.port and (
            str(asked.host).lower() in self._names or _number(str(asked.host)) is not None
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host of this name or number."""
    address = _number(host)
    return host == "localhost" if address is None else address.is_loopback


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A host that is an IP address: nobody can point one at another machine."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def guarded(guard: Guard) -> Middleware:
    """The middleware that asks, and that turns each refusal into an answer of one sentence."""

    @web.middleware
    async def ask(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            guard.check_host(request)
            guard.check_origin(request)
            if guard.token and SHOWING in request.query:
                return _taken_in(guard, request)
            if not request.path.startswith(PUBLIC):
                guard.check_token(request)
            return await handler(request)
        except Refused as refused:
            return _refusal(request, refused.status, str(refused))
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            return _refusal(request, HTTPStatus(error.status), f"{error.reason}; open LumbarSeg by its own address.")
        except LumbarSegError as error:
            log.warning("%s", error)
            return _refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        # The last one that can answer. Its message may name a file, so the log has the kind alone.
        except Exception as error:
            log.warning("unexpected failure (%s)", type(error).__name__)
            log.debug("", exc_info=error)
            return _refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, "This failed unexpectedly; try again.")

    return ask


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: what every answer carries, a stream or a WebSocket as well."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall(hdrs.SERVER, None)


def _taken_in(guard: Guard, request: web.Request) -> web.StreamResponse:
    """The token of the address goes into a cookie, and the address out of sight.

    A page that goes on by itself, not a redirect: a strict cookie is not sent along a redirect from another site.
    """
    if not guard.knows(request.query[SHOWING]):
        raise Refused(
            HTTPStatus.FORBIDDEN, "This access token is not the right one; open the address that LumbarSeg printed."
        )
    response = page("entered.html")
    response.set_cookie(guard.cookie, guard.token, path="/", httponly=True, samesite="Strict", secure=guard.secure)
    return response


def _refusal(request: web.Request, status: HTTPStatus, sentence: str) -> web.StreamResponse:
    if wants_page(request):
        return refusal_page(status, sentence)
    return web.json_response({"error": sentence}, status=status)
