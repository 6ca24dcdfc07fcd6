"""Pages at the path of a call: a browser that navigates there gets the page, a program the call."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match

from routes.pages import STATIC

VARY = {"Vary": "Accept"}  # of both answers, so that no cache mixes them up


class ForBrowsers(APIRoute):
    """A route that only a browser's navigation takes; for others the next one counts."""

    def matches(self, scope: Any) -> tuple[Match, Any]:
        accept = ",".join(Headers(scope=scope).getlist("accept"))
        return super().matches(scope) if wants_page(accept) else (Match.NONE, {})


router = APIRouter(route_class=ForBrowsers)


@router.get("/models", include_in_schema=False)
async def models() -> FileResponse:
    return FileResponse(STATIC / "models.html", headers=VARY)


def wants_page(accept: str) -> bool:
    """Returns True if a header Accept prefers HTML to JSON.

    Java's own client does, too, and takes anything: one that takes JSON has to prefer XHTML as
    well, which browsers name and libraries do not.

    >>> wants_page("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    True
    >>> wants_page("*/*"), wants_page(""), wants_page("application/json, text/html;q=0.5")
    (False, False, False)
    >>> wants_page("text/html"), wants_page("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2")
    (True, False)
    """
    html, xhtml, json = (
        _quality(accept, kind)
        for kind in ("text/html", "application/xhtml+xml", "application/json")
    )
    return html > json and (json == 0 or xhtml > json)


def _quality(accept: str, kind: str) -> float:
    """Returns how much a media type is wanted, from 0 to 1: the most specific range decides."""
    qualities: dict[str, float] = {}
    for each in accept.lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        found = [part[2:] for part in parameters if part.startswith("q=")]
        qualities[name] = _number(found[0]) if found else 1.0
    ranges = kind, f"{kind.split('/', maxsplit=1)[0]}/*", "*/*"
    return next((qualities[name] for name in ranges if name in qualities), 0.0)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
