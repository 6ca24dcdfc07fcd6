"""What Flower is to know, which has no app of ours: the queue, also before it hears of workers."""

from functools import partialmethod

from tornado.httpserver import HTTPServer

# pipeline.training's
task_default_queue = "train"
task_default_queue_type = "quorum"

# Who connects and asks for nothing is let go: after an hour, by default, and Flower has no setting.
HTTPServer.initialize = partialmethod(HTTPServer.initialize, idle_connection_timeout=10.0)
