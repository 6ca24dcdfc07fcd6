"""Settings for Flower, which has no app of ours: names the queue before any worker is heard of."""

from functools import partialmethod

from tornado.httpserver import HTTPServer

# pipeline.training's
task_default_queue = "train"
task_default_queue_type = "quorum"

# Idle clients are disconnected: after an hour by default, and Flower has no setting for it.
HTTPServer.initialize = partialmethod(HTTPServer.initialize, idle_connection_timeout=10.0)
