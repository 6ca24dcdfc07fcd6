"""All services with two gateways behind the form, and what a person does with it."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, Route, expect

from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.pages import page_address
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

Open = Callable[..., Page]
Start = Callable[..., Service]

KEY = "an-api-key"


class Stack(NamedTuple):
    """All services, with a gateway that asks for no key and one that does; addresses end in /."""

    gateway: str
    guarded: str
    plot: str
    logs_dir: Path


@contextmanager
def running(
    rabbitmq: PrivateRabbitMQ, redis_server: PrivateRedis, model_path: Path, folder: Path
) -> Iterator[Stack]:
    """Starts them."""
    ours = {"logs_dir": folder, "model_path": model_path, "redis_url": redis_server.url}
    with starting(rabbitmq, folder, **ours) as start:
        plot = start("plot")
        others = [start("model"), start("metric")]
        where = {"gateway_port": 0, "plot_url": page_address(plot)}
        where["live_page_url"] = where["plot_url"]
        gateways = [start("gateway", **where), start("gateway", **where, gateway_api_key=KEY)]
        wait_for_all(plot, *others, *gateways)
        gateway, guarded = map(gateway_address, gateways)
        yield Stack(gateway, guarded, page_address(plot), folder)


@contextmanager
def starting(rabbitmq: PrivateRabbitMQ, folder: Path, **ours: Any) -> Iterator[Start]:
    """Yields what starts a service with these settings, on a virtual host for them all."""
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    ours |= {"amqp_url": vhost.amqp_url, "management_url": vhost.management_url}
    ours["training_url"] = vhost.amqp_url
    services: list[Service] = []

    def start(name: str, **settings: Any) -> Service:
        place = folder / f"{name}-{len(services)}"
        place.mkdir()
        services.append(Service(name, place, **(ours | settings)))
        return services[-1]

    try:
        yield start
    finally:
        for service in services:
            service.kill()
            print(f"--- {service.name}\n{service.log()}")
        vhost.delete()


def wait_for_all(*services: Service) -> None:
    eventually(lambda: all(service.is_up() for service in services), "all services")


def gateway_address(gateway: Service) -> str:
    found: list[str] = eventually(
        lambda: re.findall(r"gateway at (\S+)", gateway.log()), "the gateway"
    )
    return found[-1]


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
        return json.loads(answer.read())


def is_answered(address: str) -> bool:
    """Tells whether an address answers with a success."""
    try:
        get(address)
    except urllib.error.HTTPError:
        return False
    return True


def fill(page: Page) -> None:
    """Fills in a random row, all fields at once: the first tells when."""
    page.fill("#value-0", "")
    page.click("#random")
    expect(page.locator("#value-0")).not_to_have_value("")


def fill_and_send(page: Page) -> str:
    """Sends a random row; the id of the job, which has its prediction."""
    fill(page)
    page.click("#send")
    page.wait_for_selector("#job[data-status=completed]")
    return job_id(page)


def job_id(page: Page) -> str:
    return str(page.text_content("#job-names code"))


def answer(page: Page, path: str, content: object) -> None:
    """Has the browser meet this instead of what the gateway says there."""
    page.route(f"**/{path}", lambda route: route.fulfill(json=content))


def refuse(page: Page, path: str, status: int, detail: object, headers: Any = None) -> None:
    """Has the browser meet an answer that the services give only when something is amiss."""

    def fail(route: Route) -> None:
        route.fulfill(status=status, json={"detail": detail}, headers=headers or {})

    page.route(path, fail, times=1)
