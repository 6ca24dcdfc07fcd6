"""What plot serves over HTTP, asked as any client may."""

import http.client
import json
import resource
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd
import pytest

from half import Half
from ledger import Ledger
from pipeline.files import METRIC_STATE
from support.live_page import NOTHING_THERE, ask, connect, get, write
from support.pages import events, next_event, page_address
from support.raw_http import send
from support.service import ROOT, Service
from support.vhost import Vhost
from support.waiting import STOP_SECONDS, eventually

Start = Callable[..., Service]


@pytest.fixture
def plot(start: Start, ledger: Ledger) -> Service:  # noqa: ARG001 (metric was there first)
    plot = start("plot", plot_interval=0.1, management_url=NOTHING_THERE)
    page_address(plot)
    return plot


def wait_for_rows(plot: Service, rows: int) -> Any:
    def look() -> Any:
        summary = get(plot, "/api/summary")
        return summary if summary["rows"] == rows else None

    return eventually(look, f"a summary of {rows} rows")


def test_the_numbers_are_those_of_the_log(plot: Service, ledger: Ledger, tmp_path: Path) -> None:
    write(ledger, *[(f"r{n}", 25 + n * 37 % 321, 100 + n * 53 % 161 + n / 7) for n in range(500)])
    summary = wait_for_rows(plot, 500)
    log = pd.read_csv(tmp_path / "metric_log.csv")
    error, bias = log["absolute_error"], log["y_pred"] - log["y_true"]
    assert summary["mae"] == pytest.approx(error.mean())
    assert summary["rmse"] == pytest.approx((bias**2).mean() ** 0.5)
    assert summary["bias"] == pytest.approx(bias.mean())
    assert summary["median"] == pytest.approx(error.median(), abs=0.01)
    assert summary["p90"] == pytest.approx(error.quantile(0.9), abs=0.01)
    assert summary["pending"] == {"y_true": 0, "y_pred": 0}
    assert time.time() * 1000 - summary["last_row_in_ms"] < 60_000
    assert summary["dead_letters"] is None, "the broker is not there to be asked"


def test_before_the_first_row_there_is_nothing_to_tell(plot: Service) -> None:
    summary = get(plot, "/api/summary")
    names = ("rows", "mae", "median", "last_row_in_ms", "shadow")
    assert {name: summary[name] for name in names} == {
        "rows": 0, "mae": None, "median": None, "last_row_in_ms": None, "shadow": None,
    }  # fmt: skip
    assert ask(plot, "/error_distribution.png")[0] == 404


def test_an_absurd_row_is_in_the_means_and_squeezes_no_chart(plot: Service, ledger: Ledger) -> None:
    write(ledger, *[(f"r{n}", 100 + n, 110 + 2 * n) for n in range(20)])
    with closing(connect(plot)) as connection:
        connection.request("GET", "/events")
        pushed = (data for kind, data in events(connection.getresponse()) if kind == "rows")
        before = next(data for data in pushed if data["summary"]["rows"] == 20)
        write(ledger, ("huge", 100, 1e12 + 100))
        after = next(data for data in pushed if data["summary"]["rows"] == 21)
    assert after["summary"]["mae"] == pytest.approx((sum(range(10, 30)) + 1e12) / 21)
    assert after["summary"]["median"] == 20
    note = after["histogram"].pop("note")
    assert note == "1 row beyond 30, up to 1e12: not drawn, but in MAE and median"
    del before["histogram"]["note"]
    assert after["histogram"] == before["histogram"]
    assert after["pairs"].pop("beyond") == 1
    del before["pairs"]["beyond"]
    assert after["pairs"] == before["pairs"]
    assert after["trend"]["all"]["mae"][-1] == 1e12


def test_an_error_beyond_all_numbers_is_null(plot: Service, ledger: Ledger) -> None:
    write(ledger, ("a", 100, 110), ("absurd", 1e300, -1e300), ("worse", 1.7e308, -1.7e308))
    summary = wait_for_rows(plot, 3)
    assert (summary["mae"], summary["rmse"], summary["p90"] > 1e299) == (None, None, True)
    with closing(connect(plot)) as connection:
        connection.request("GET", "/events")
        pushed = (data for kind, data in events(connection.getresponse()) if kind == "rows")
        assert {row["id"]: row["absolute_error"] for row in next(pushed)["last_rows"]} == {
            "worse": None, "absurd": 2e300, "a": 10,
        }  # fmt: skip


def test_a_candidate_is_compared_with_the_live_model(plot: Service, tmp_path: Path) -> None:
    rows = "".join(f"r{n},100,{120 + n},{20 + n},a-1,b-2,{30 + n}\n" for n in range(40))
    header = "id,y_true,y_pred,absolute_error,model_id,live_model_id,live_absolute_error\n"
    (tmp_path / "metric_log_shadow.csv").write_text(f"{header}{rows * 10}r9,0,inf,inf,a-1,b-2,9\n")
    shadow = eventually(lambda: get(plot, "/api/summary")["shadow"], "the comparison")
    errors = pd.Series(range(20, 60))
    assert shadow == {
        "rows": 400, "rows_needed": 100, "failed": 1, "bound": 138, "beyond": 0, "unreadable": 0,
        "verdict": "failing",
        "candidate": {"model_id": "a-1", "mae": 39.5,
                      "rmse": pytest.approx((errors**2).mean() ** 0.5)},
        "live": {"model_id": "b-2", "mae": 49.5,
                 "rmse": pytest.approx(((errors + 10) ** 2).mean() ** 0.5)},
        "difference": {"mean": -10, "low": pytest.approx(-13, abs=4),
                       "high": pytest.approx(-7, abs=3)},
    }  # fmt: skip


def test_the_predictions_of_the_log_are_a_histogram(plot: Service, ledger: Ledger) -> None:
    assert get(plot, "/api/predictions") == {"edges": [], "counts": [], "rows": 0, "beyond": 0}
    rows = [(f"r{n}", 155, value) for n, value in enumerate([151.2, 152.7] * 5 + [158.5])]
    write(ledger, *rows, ("absurd", 155, 1e12))
    wait_for_rows(plot, 12)
    found = get(plot, "/api/predictions")
    assert (found["rows"], found["beyond"], sum(found["counts"])) == (12, 1, 11)
    assert found["edges"][0] <= 151.2
    assert 158.5 < found["edges"][-1] < 160


def test_the_errors_of_each_model_are_told_and_why_they_cannot_be(
    plot: Service, ledger: Ledger, tmp_path: Path
) -> None:
    assert get(plot, "/api/models") == {"live": {}, "shadow": {}}
    write(ledger, ("a", 100, 103), ("b", 0, 1e200))
    means = get(plot, "/api/models")["live"][""]
    assert means.pop("last_in_ms") == pytest.approx(time.time() * 1000, abs=600_000)
    assert means == {"rows": 2, "failed": 0, "mae": 5e199, "rmse": None}, "its square is infinite"
    (tmp_path / METRIC_STATE).rename(tmp_path / "aside")
    status, _, body = ask(plot, "/api/models")
    assert status == 503
    assert f"{METRIC_STATE}, cannot be read" in json.loads(body)["error"]


def test_a_row_is_pushed_to_who_reads(plot: Service, ledger: Ledger) -> None:
    with closing(connect(plot)) as connection:
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        pushed = events(answer)
        assert next(data for kind, data in pushed if kind == "rows")["last_rows"] == []
        for number in range(3):
            write(ledger, (f"r{number}", 100, 142))
            rows = next(data for kind, data in pushed if kind == "rows")
            newest = rows["last_rows"][0]
            assert (newest["id"], newest["absolute_error"]) == (f"r{number}", 42)
            assert newest["joined_in_ms"] == rows["summary"]["last_row_in_ms"]
        pipeline = next(data for kind, data in pushed if kind == "pipeline")
        assert pipeline["broker"] == {
            "reachable": False, "warnings": [],
            "note": "127.0.0.1 refuses the connection: RabbitMQ is stopped, or still starting",
        }  # fmt: skip


def test_a_client_without_a_name_hides_nothing(start: Start, vhost: Vhost) -> None:
    """As pika makes them, and so every client of a course; the page was blind while one was there.

    RabbitMQ has nothing to say of such a connection, and says so with an empty list.
    """
    plot = start("plot", management_url=vhost.management_url)
    page = page_address(plot)
    with vhost.channel() as channel:
        channel.queue_declare("features", durable=True)
        listed = f"vhosts/{vhost.name}/connections?columns=user_provided_name"
        eventually(lambda: vhost.manage("GET", listed) == [[]], "the connection in the list")
        pipeline = eventually(
            lambda: (found := next_event(page, "pipeline"))["queues"] and found, "the queues"
        )
        assert pipeline["broker"]["reachable"]
        assert vhost.manage("GET", listed) == [[]], "it is there still"


def test_a_trace_tells_what_is_there_and_what_is_not(plot: Service, ledger: Ledger) -> None:
    write(ledger, ("whole", 100, 142))
    now = int(time.time() * 1000)
    ledger.take([Half("half", "y_true", 75.0, now, now - 100)], now)
    assert get(plot, "/api/trace?id=whole")["found"] == "joined"
    half = get(plot, "/api/trace?id=half")
    assert {name: half[name] for name in ("found", "y_true", "y_pred", "label_in_ms")} == {
        "found": "pending", "y_true": 75, "y_pred": None, "label_in_ms": now - 100,
    }  # fmt: skip
    markup = "<img src=x onerror=alert(1)>"
    unknown = get(plot, f"/api/trace?id={quote(markup)}")
    assert (unknown["id"], unknown["found"]) == (markup, "unknown")
    for query in ("", "?id=", f"?id={'x' * 129}"):
        status, _, body = ask(plot, f"/api/trace{query}")
        assert (status, json.loads(body)["error"]) == (422, "an id has 1 to 128 characters")


def test_the_log_is_downloaded_up_to_the_rows_that_are_told(
    plot: Service, ledger: Ledger, tmp_path: Path
) -> None:
    write(ledger, ("a", 100, 110), ("b", 100, 130))
    wait_for_rows(plot, 2)
    whole = (tmp_path / "metric_log.csv").read_bytes()
    with (tmp_path / "metric_log.csv").open("ab") as log:
        log.write(b"torn,1,")
        log.flush()
        status, headers, body = ask(plot, "/metric_log.csv")
    assert (status, body) == (200, whole)
    assert headers["Content-Disposition"] == 'attachment; filename="metric_log.csv"'


def test_a_log_that_is_replaced_meanwhile_is_downloaded_whole(
    plot: Service, ledger: Ledger, tmp_path: Path
) -> None:
    write(ledger, ("a", 100, 110), ("b", 100, 130))
    wait_for_rows(plot, 2)
    log, other = tmp_path / "metric_log.csv", tmp_path / "other.csv"
    old, new = log.read_bytes(), b"id,y_true,y_pred,absolute_error\nc,1,2,1\n"
    other.write_bytes(new)
    other.replace(log)
    found = {ask(plot, "/metric_log.csv")[2]}

    def is_noticed() -> bool:
        found.add(ask(plot, "/metric_log.csv")[2])
        return new in found

    eventually(is_noticed, "the new log")
    assert found <= {old, b"", new}


def test_the_picture_is_the_one_on_disk(plot: Service, ledger: Ledger, tmp_path: Path) -> None:
    write(ledger, ("a", 100, 110))
    eventually(lambda: plot.counts().get("rows") == 1, "a picture")
    status, headers, body = ask(plot, "/error_distribution.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert body == (tmp_path / "error_distribution.png").read_bytes()


PATHS = ("/", "/events", "/api/summary", "/api/models", "/api/trace", "/error_distribution.png",
         "/metric_log.csv", "/health", "/static/page.css", "/static/plotly.min.js")  # fmt: skip


def test_all_one_can_do_is_to_look(plot: Service) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert {path: ask(plot, path, method)[0] for path in PATHS} == dict.fromkeys(PATHS, 405)


def test_the_head_of_each_answer_can_be_had_alone(plot: Service, ledger: Ledger) -> None:
    write(ledger, ("a", 100, 110))
    eventually(lambda: plot.counts().get("rows") == 1, "a picture")
    for path in (*PATHS, "/api/trace?id=a", "/api/predictions", "/nothing", "/api/trace"):
        status, headers, body = ask(plot, path, "HEAD")
        assert body == b""
        with closing(connect(plot)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert status == answer.status
            assert headers["Content-Type"] == answer.headers["Content-Type"]
    assert get(plot, "/api/summary")["rows"] == 1, "and it goes on"


def test_it_answers_to_local_names_only(plot: Service) -> None:
    for host in ("localhost:8080", "plot:8080", "10.0.0.7", "[::1]:8080", "laptop.local", ""):
        assert send(page_address(plot), "GET /health HTTP/1.1", f"Host: {host}").status == 200
    assert send(page_address(plot), "GET /health HTTP/1.0").status == 200
    for path in PATHS:
        for host in ("elsewhere.example", "127.0.0.1.elsewhere.example:8080", "a@localhost"):
            refused = send(page_address(plot), f"GET {path} HTTP/1.1", f"Host: {host}")
            assert refused.status == 421, refused.body
            assert b"as in Host: localhost" in refused.body
    names = "Host: localhost", "Host: elsewhere.example"
    assert send(page_address(plot), "GET / HTTP/1.1", *names).status in {400, 421}


def test_no_path_leads_out_of_what_is_served(plot: Service) -> None:
    assert (ROOT / "plot" / "src" / "page" / "server.py").exists(), "it is there to be asked for"
    paths = ("/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd", "/logs")
    for path in paths:
        assert ask(plot, path)[0] == 404


def test_every_answer_forbids_what_the_page_does_not_need(plot: Service) -> None:
    for path in (*PATHS[:1], *PATHS[2:], "/nothing"):
        _, headers, _ = ask(plot, path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers


def test_fifty_readers_are_let_go_at_once_when_plot_stops(plot: Service, ledger: Ledger) -> None:
    write(ledger, ("a", 100, 110))
    connections = [connect(plot) for _ in range(50)]
    for connection in connections:
        connection.request("GET", "/events")
    answers = [connection.getresponse() for connection in connections]
    for answer in answers:
        assert next(data for kind, data in events(answer) if kind == "rows")
    assert plot.stop(STOP_SECONDS) == 0
    for answer, connection in zip(answers, connections, strict=True):
        answer.read()
        connection.close()


def test_a_reader_that_does_not_read_holds_up_nobody(plot: Service, ledger: Ledger) -> None:
    with closing(connect(plot)) as deaf, closing(connect(plot)) as keen:
        deaf.request("GET", "/events")
        keen.request("GET", "/events")
        pushed = events(keen.getresponse())
        for number in range(4):
            write(ledger, *[(f"{number}-{n}", 100, 142) for n in range(100)])
            rows = next(data for kind, data in pushed if kind == "rows" if data["last_rows"])
            assert rows["last_rows"][0]["id"] == f"{number}-99"


def test_plot_is_well_while_it_looks_for_rows(plot: Service) -> None:
    assert get(plot, "/health") == {"status": "ok"}


def test_a_port_that_is_taken_is_one_clear_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        plot = start("plot", plot_port=port)
        assert plot.wait() == 1
    reason = f"ERROR plot: PLOT_HOST=127.0.0.1 PLOT_PORT={port}: cannot listen there: "
    assert sum(reason in line for line in plot.log().splitlines()) == 1


def test_the_broker_is_asked_for_its_queues(start: Start, vhost: Vhost) -> None:
    plot = start("plot", management_url=f"{NOTHING_THERE},{vhost.management_url}")
    with closing(connect(plot)) as connection:
        connection.request("GET", "/events")
        pushed = (data for kind, data in events(connection.getresponse()) if kind == "pipeline")
        first = next(pushed)
        assert first["broker"]["reachable"]
        assert first["broker"]["note"].startswith("RabbitMQ ")
        with vhost.channel() as channel:
            channel.queue_declare("features", durable=True)
            channel.queue_declare("dead_letters", durable=True)
        vhost.put("features", b'{"id": "a", "body": [0,0,0,0,0,0,0,0,0,0]}')
        vhost.put("dead_letters", b"")
        assert next(
            look
            for look in pushed
            if [look["queues"].get(name, {}).get("ready") for name in ("features", "dead_letters")]
            == [1, 1]
        )
    assert get(plot, "/api/summary")["dead_letters"] == 1


def test_a_queue_that_loses_messages_by_a_limit_is_named_at_the_start_and_on_the_page(
    start: Start, vhost: Vhost
) -> None:
    with vhost.channel() as channel:
        for name, more in (("y_true", {}), ("y_pred", {"x-dead-letter-exchange": "edge.y_pred"})):
            arguments = {"x-queue-type": "quorum", "x-delivery-limit": 3, **more}
            channel.queue_declare(name, durable=True, arguments=arguments)
    plot = start("plot", management_url=vhost.management_url)
    warning = "queue y_true loses a message after 3 deliveries without an ack"
    eventually(lambda: warning in plot.log(), "the warning")
    (said,) = next_event(page_address(plot), "pipeline")["broker"]["warnings"]
    assert said.startswith(warning)


def test_copies_of_a_service_are_counted_and_not_their_consumers(
    start: Start, vhost: Vhost
) -> None:
    for _ in range(2):
        start("model")
    plot = start("plot", management_url=vhost.management_url)
    start("features", stream_rate=0, stream_count=2000)
    eventually(lambda: vhost.depth("features") >= 0, "the queues")
    eventually(lambda: vhost.consumers("features") >= 4, "several consumers of each model")
    page, running = page_address(plot), {"state": "running", "copies": 2}
    eventually(lambda: next_event(page, "pipeline")["services"]["model"] == running, "two models")


def test_many_who_ask_at_once_all_get_their_answer(plot: Service, ledger: Ledger) -> None:
    write(ledger, *[(f"r{n}", 100, 100 + n) for n in range(50)])
    wait_for_rows(plot, 50)
    found: list[float] = []
    askers = [
        threading.Thread(target=lambda: found.append(get(plot, "/api/summary")["mae"]))
        for _ in range(40)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(20)
    assert found == [24.5] * 40


CLIENTS = 1300
BEGUN = (
    b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET",
)  # fmt: skip


def is_well(plot: Service) -> bool:
    try:
        return ask(plot, "/health")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_who_connects_and_does_not_ask_keeps_nobody_else_out(plot: Service, ledger: Ledger) -> None:
    """Some never begin, some do not end their request, some not their second one."""
    resource.prlimit(plot.process.pid, resource.RLIMIT_NOFILE, (1024, 1024))
    own, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(own, 2 * CLIENTS), hard))
    address = urlsplit(page_address(plot))
    with ExitStack() as stack:
        for number in range(CLIENTS):
            client = socket.create_connection((str(address.hostname), address.port))
            stack.enter_context(client)
            with suppress(OSError):  # it was not wanted any more
                client.sendall(BEGUN[number % len(BEGUN)])
        write(ledger, ("a", 100, 110))
        eventually(lambda: is_well(plot), "an answer")
        wait_for_rows(plot, 1)
    assert plot.process.poll() is None
    resource.setrlimit(resource.RLIMIT_NOFILE, (own, hard))
