"""Asks the broker about its queues and their consumers, while somebody wants to know."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Sequence

from page.broker_status.management_api import BrokerApi
from page.broker_status.snapshot import BrokerSnapshot, take_snapshot, unreachable

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
STALE_SECONDS = 5.0  # an older snapshot says nothing


class BrokerMonitor:
    """One virtual host, seen through any of the `urls`, each http://user:password@host:port/vhost.

    It is asked in a thread of its own: at the start, for the warnings, and while somebody wants to
    know. Whatever the server does, nobody waits longer than their patience, and nothing is raised.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._apis = deque(map(BrokerApi, urls))  # the first is the one to ask
        self._changed = threading.Condition()
        self._is_wanted = True
        self._latest = SILENT
        self._taken_at = -math.inf
        threading.Thread(target=self._poll, name="broker-monitor", daemon=True).start()

    def snapshot(self, patience_seconds: float = 1.0) -> BrokerSnapshot:
        """Returns the current snapshot, or the last one if the answer takes too long."""
        with self._changed:
            self._is_wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._age() < POLL_SECONDS, patience_seconds)
            return self._latest if self._age() < STALE_SECONDS else SILENT

    def _age(self) -> float:
        return time.monotonic() - self._taken_at

    def _poll(self) -> None:
        reachable, warned = True, list[str]()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_wanted)
                self._is_wanted = False
            snapshot = self._take()
            if snapshot.reachable != reachable:
                state = "reachable again" if snapshot.reachable else "not reachable"
                log.warning("the broker's management API is %s: %s", state, snapshot.note)
            for text in snapshot.warnings:
                if text not in warned:
                    log.warning("%s", text)
            reachable = snapshot.reachable
            warned = snapshot.warnings if reachable else warned
            with self._changed:
                self._latest, self._taken_at = snapshot, time.monotonic()
                self._changed.notify_all()
            time.sleep(POLL_SECONDS)

    def _take(self) -> BrokerSnapshot:
        notes = []
        for _ in range(len(self._apis)):
            try:
                return take_snapshot(self._apis[0])
            except Exception as error:  # the server is not ours, and may answer anything
                notes.append(self._apis[0].why(error))
                self._apis.rotate(-1)
        return unreachable("; ".join(notes))


SILENT = unreachable("it does not answer")
