"""An S3 of its own: moto's server in a thread of the tests, with a bucket."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "bucket"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class S3:
    """`settings` are what a service has to find in its environment to reach it."""

    def __init__(self, address: str) -> None:
        self.settings = KEYS | {"aws_region": "us-east-1", "aws_endpoint_url": address}
        self.client: Any = boto3.client("s3", endpoint_url=address, region_name="us-east-1", **KEYS)
        self.client.create_bucket(Bucket=BUCKET)


@contextmanager
def moto_server() -> Iterator[S3]:
    """Serves until the end of the block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # or each request is a line
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
