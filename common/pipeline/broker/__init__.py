"""The broker, as a service sees it. pika is imported in this package and nowhere else."""

from pipeline.broker.client import Broker
from pipeline.broker.consumer import Batch

__all__ = ["Batch", "Broker"]
