"""The errors of the gateway's calls; routes/error_handlers.py maps each to an HTTP status."""

from pipeline.errors import PipelineError


class UnknownJobError(PipelineError):
    """No job has this id, or had it recently."""


class ExpiredJobError(PipelineError):
    """The job has expired."""


class ConflictError(PipelineError):
    """The request contradicts an earlier one: an id or an Idempotency-Key with other content."""


class QueueFullError(PipelineError):
    """The limit of waiting messages is reached."""


class BrokerAwayError(PipelineError):
    """The broker takes no messages now. One that was on its way may still get there."""


class JobStoreError(PipelineError):
    """Redis cannot be used; the text says why."""


class PlotAwayError(PipelineError):
    """The plot service does not answer as it should."""


class UnknownModelError(PipelineError):
    """The model does not exist."""


class RefusedError(PipelineError):
    """The models do not allow the change now; the text says why."""
