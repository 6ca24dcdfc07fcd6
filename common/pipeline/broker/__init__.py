"""The broker, as a service sees it. pika is imported in this package and nowhere else."""

import logging

from pipeline.broker import pika_patches
from pipeline.broker.batch import Batch
from pipeline.broker.client import Broker
from pipeline.broker.dead_letter_queue import DeadLetters, Letter, dropped_letters
from pipeline.broker.layout import Copy

__all__ = [
    "Batch",
    "Broker",
    "Copy",
    "DeadLetters",
    "Letter",
    "dropped_letters",
]

pika_patches.install()
logging.getLogger("pika").setLevel(logging.CRITICAL)  # we log what matters ourselves, in one line
