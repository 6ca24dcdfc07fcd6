"""The gateway's calls, over HTTP."""

import json
import urllib.error
import urllib.request
from typing import Any

from pipeline.messages import FEATURE_NAMES

PATIENT = dict.fromkeys(FEATURE_NAMES, 0.01)


def ask(url: str, body: Any = None, *, method: str | None = None, wait: int = 0) -> tuple[int, Any]:
    """Status and body of an answer; with a body, one to a POST."""
    headers = {"Content-Type": "application/json"} | ({"Prefer": f"wait={wait}"} if wait else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, headers, method=method), timeout=40
        ) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
