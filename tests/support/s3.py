"""An S3 of its own: moto's server in a thread of the tests, with a bucket."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

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

    def objects(self) -> list[dict[str, Any]]:
        """What it holds."""
        found: list[dict[str, Any]] = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return found


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


@contextmanager
def losing_answers(s3: S3, loses: Callable[[str], bool], *, silently: bool) -> Iterator[str]:
    """The address of a proxy that loses the answers to those writes whose path `loses` picks.

    They are made all the same. The connection ends, or `silently` nothing more is heard.
    """
    target = urlsplit(s3.settings["aws_endpoint_url"]).netloc
    finished = threading.Event()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream = HTTPConnection(target)
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            if self.command == "PUT" and answer.status == 200 and loses(self.path):
                finished.wait(60 if silently else 0)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "connection", "server", "date"}:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        finished.set()
        server.shutdown()
