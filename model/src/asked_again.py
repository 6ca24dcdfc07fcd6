"""Holds back messages that come again, as one of them may be what ended the process before."""

import random
import time
from collections.abc import Callable, Iterator

from pipeline.broker import Batch

CALM_SECONDS = 0.5  # without a message, until those held back have their turn
MAX_HELD_SECONDS = 5.0  # until they have it among others


class AskedAgain:
    """Lets new messages pass first.

    A message that ends each process that takes it is the first of its queue at every start. Without
    this nothing behind it would be answered until its time is up.
    """

    def __init__(self) -> None:
        self._held: list[Batch] = []
        self._due = 0.0

    def pass_on(self, batch: Batch, settle: Callable[[], None]) -> Iterator[Batch]:
        """Yields the new messages of a batch, and each of those held back once it is their turn.

        Before each of these calls `settle`, so that what is answered stays so if it is the one. An
        empty batch means that nothing has come for CALM_SECONDS.
        """
        again = [each for each in batch.deliveries if each.redelivered]
        if again and not self._held:
            self._due = time.monotonic() + MAX_HELD_SECONDS
        self._held += [batch.part([each]) for each in again]
        yield batch.part([each for each in batch.deliveries if not each.redelivered])
        if batch.deliveries and time.monotonic() < self._due:
            return
        held, self._held = self._held, []
        random.shuffle(held)  # else the same one would be the first at every start
        for each in held:
            settle()
            yield each
