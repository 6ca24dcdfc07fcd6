"""The settings of the gateway."""

import re
from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, HttpUrl, SecretStr, TypeAdapter

from pipeline.settings import BrokerSettings, PageSettings, StoreSettings, one_or_more, urls_of
from pipeline.training import TrainingSettings


def _url(kind: type) -> AfterValidator:
    adapter = TypeAdapter[object](kind)
    return AfterValidator(lambda text: str(adapter.validate_python(text)))


def _printable(key: SecretStr) -> SecretStr:
    """Refuses a key that is not printable ASCII: clients send other signs in different ways."""
    if not re.fullmatch("[!-~]*", key.get_secret_value()):
        raise ValueError
    return key


def _origins(text: str) -> str:
    """Returns origins as browsers write them: in lower case, without a path or the usual port."""
    urls = urls_of(text)
    if not all(re.fullmatch(r"https?://[^/?#@*]+/", url) for url in urls):
        raise ValueError
    return ",".join(url.rstrip("/") for url in urls)


class GatewaySettings(BrokerSettings, TrainingSettings, StoreSettings, PageSettings):
    """The gateway's address, its limits, and the stores of jobs, trainings and models."""

    gateway_host: str = Field("127.0.0.1", description="an address of this machine")
    gateway_port: int = Field(
        8000, ge=0, le=65535, description="a port from 1 to 65535, or 0 for any that is free"
    )
    gateway_api_key: Annotated[SecretStr, AfterValidator(_printable)] = Field(
        SecretStr(""), description="letters, digits and signs of ASCII, or empty to ask for none"
    )
    cors_origins: Annotated[str, one_or_more(AnyHttpUrl), AfterValidator(_origins)] = Field(
        "",
        validate_default=False,  # so that empty means no origins
        description="an origin like https://course.example:3000, without a path, or several, "
        "separated by commas",
    )
    job_ttl: int = Field(
        3600, ge=1, le=31_536_000, description="a number of seconds from 1 to 31536000, a year"
    )
    max_queue: int = Field(10_000, ge=1, description="a number of messages from 1")
    max_rmse_rise: float = Field(
        0.05, ge=0, description="a number from 0: 0.05 is 5 % of the present model's RMSE"
    )
    plot_url: Annotated[str, _url(HttpUrl)] = Field(
        "http://127.0.0.1:8080/", description="a URL like http://127.0.0.1:8080/"
    )
    live_page_url: Annotated[str, _url(HttpUrl)] = Field(
        "http://localhost:8080/", description="a URL like http://localhost:8080/"
    )
