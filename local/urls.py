"""The places of a run: pages and their ports, files, and ways into the broker."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from display import Place, short
from options import is_free, port_for
from pipeline.settings import at_virtual_host
from rabbitmq import PrivateRabbitMQ
from servers import PrivateServer


def choose_ports(env: dict[str, str], *, serving: bool) -> None:
    """Chooses the ports of the pages, and sets them in `env`."""
    env["PLOT_PORT"] = port_for("PLOT_PORT", 8080, env, is_free)
    if serving:
        env["GATEWAY_PORT"] = port_for("GATEWAY_PORT", 8000, env, is_free)
        env.setdefault("PLOT_URL", f"http://127.0.0.1:{env['PLOT_PORT']}")
        env.setdefault("LIVE_PAGE_URL", f"http://localhost:{env['PLOT_PORT']}/")


def pages(env: Mapping[str, str], *, serving: bool) -> list[Place]:
    """Returns the pages for a browser, and the command to train a model from a terminal."""
    found = [("page", f"http://localhost:{env['PLOT_PORT']}/")]
    if serving:
        gateway = f"http://localhost:{env['GATEWAY_PORT']}/"
        found.append(("ask the model", gateway))
        train = f"GATEWAY_URL={gateway} {_python()} -m pipeline train"
        found.append(("train another", train))
    return found


def files(logs_dir: Path, local: Path) -> list[Place]:
    """Returns the files that a run leaves."""
    return [
        ("errors", short(logs_dir / "metric_log.csv")),
        ("picture", short(logs_dir / "error_distribution.png")),
        ("service logs", short(local / "log")),
    ]


def broker_urls(stores: Sequence[PrivateServer], own_place: str) -> list[Place]:
    """Returns the ways into our own broker, if there is one, and the data set's virtual host."""
    brokers = [store for store in stores if isinstance(store, PrivateRabbitMQ)]
    return [place for broker in brokers for place in _urls_of(broker, own_place)]


def _urls_of(broker: PrivateRabbitMQ, own_place: str) -> list[Place]:
    amqp_url = at_virtual_host(broker.amqp_url, own_place)
    return [
        ("RabbitMQ", f"{broker.management_url} (guest, guest)"),
        ("AMQP_URL", amqp_url),
        (
            "dead letters",
            f"AMQP_URL={amqp_url} BROKER_METRICS_URL={broker.metrics_url} "
            f"{_python()} -m pipeline dead-letters list",
        ),
    ]


def _python() -> str:
    """Returns the command for this Python."""
    return shlex.quote(short(Path(sys.executable)))
