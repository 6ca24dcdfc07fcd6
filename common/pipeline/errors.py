"""The errors that a service may end with, or handle."""


class PipelineError(Exception):
    """Anything that went wrong in a way that can be explained; its text says what to do."""


class StopError(Exception):
    """The service was asked to stop in the middle of its work; that is no failure."""


class SettingsError(PipelineError):
    """A setting has a value that is not accepted."""


class DecodeError(PipelineError):
    """A message that does not follow the wire contract.

    `raw` holds the bytes as they came, so that they can be dead-lettered unchanged.
    """

    def __init__(self, reason: str, raw: bytes) -> None:
        super().__init__(reason)
        self.raw = raw


class BrokerError(PipelineError):
    """The broker cannot be used: something is missing that we may not declare, or we failed."""


class ThreadError(PipelineError):
    """A thread of the service has died, and the service cannot continue without it."""


class ModelError(PipelineError):
    """A model file is missing, foreign, or not one that this pipeline can use."""


class LogError(PipelineError):
    """A file in LOGS_DIR is not as this pipeline left it."""


class WebError(PipelineError):
    """HTTP cannot be served."""
