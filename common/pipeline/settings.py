"""Settings come from the environment, are built once at start, and fail there by name."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, AmqpDsn, Field, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import SettingsError
from pipeline.table.built_in import DIABETES, NAMES
from pipeline.table.schema_file import RESERVED, name_problem

_BEFORE_HOST = re.compile(r"^(.*?//)?.*@", re.DOTALL)  # of a URL, valid or not
_BETWEEN_URLS = re.compile(r",\s*(?=\w+://|$)")  # a comma inside a URL is a part of it
S3_URL = re.compile(r"s3://(?P<bucket>[A-Za-z0-9.-]+)(?:/(?P<prefix>[^?#]*))?")
_NOT_ONE_URL = re.compile(r"\s|[,;]$|://.*://", re.DOTALL)


def urls_of(text: str) -> list[str]:
    """Splits a text into its URLs, which are separated by commas."""
    return _BETWEEN_URLS.split(text)


def broker_url(url: str) -> str:
    """Writes out what clients read differently: a missing password, and slashes in virtual hosts.

    >>> broker_url("amqp://guest@host//")
    'amqp://guest:guest@host/%2F'
    """
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    if login and ":" not in login:
        login += ":guest"
    path = parts.path[:1] + parts.path[1:].replace("/", "%2F")
    written = parts.netloc + parts.path
    return url.replace(written, f"{login}{at}{place}{path}", 1) if written else url


def at_virtual_host(url: str, name: str) -> str:
    """Returns a broker's URL with another virtual host, unless it names one itself.

    >>> at_virtual_host("amqp://guest:guest@host/%2F", "iris")
    'amqp://guest:guest@host/iris'
    >>> at_virtual_host("amqp://guest:guest@host/mine", "iris")
    'amqp://guest:guest@host/mine'
    """
    parts = urlsplit(url)
    is_default = parts.path in {"", "/", "/%2F", "/%2f"}
    return urlunsplit(parts._replace(path=f"/{name}")) if name and is_default else url


def one_or_more(kind: Any) -> AfterValidator:
    """Returns the validator of a setting that is a URL of a broker, or several with commas."""
    adapter = TypeAdapter(kind)

    def check(text: str) -> str:
        urls = urls_of(text)
        if any(map(_NOT_ONE_URL.search, urls)):
            raise ValueError
        try:
            return ",".join(broker_url(str(adapter.validate_python(url))) for url in urls)
        except ValidationError as error:
            raise ValueError from error  # so that the value is shown whole

    return AfterValidator(check)


def _data_set_name(text: str) -> str:
    if name_problem(text):
        raise ValueError
    return text


def _without_passwords(text: str) -> str:
    return ",".join(_BEFORE_HOST.sub(r"\1***@", url) for url in urls_of(text))


class Settings(BaseSettings):
    """The settings that every service has. A service adds its own fields in a subclass.

    The description of a field says what is accepted; it is shown when a value is not.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, frozen=True, extra="ignore", allow_inf_nan=False
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    status_file: Path | None = Field(
        None, description="a file that the service may write its status to, every second"
    )
    dataset: Annotated[str, AfterValidator(_data_set_name)] = Field(
        DIABETES,
        description=f"{', '.join(NAMES)} or the name of a folder in DATASETS_DIR: 1 to 32 "
        "lower-case letters, digits and hyphens, a letter first, and not "
        f"{', '.join(sorted(RESERVED))}",
    )
    datasets_dir: Path = Field(Path("datasets"), description="a folder")

    @property
    def own_place(self) -> str:
        """The name under which a data set's state is kept apart; "" for the default data set.

        It stays where it was when there was no other.
        """
        return "" if self.dataset == DIABETES else self.dataset

    @classmethod
    def from_environment(cls) -> Self:
        """Reads the environment. Raises SettingsError naming each variable that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            lines = [cls._explain(detail) for detail in error.errors()]
            raise SettingsError("; ".join(lines)) from error

    @classmethod
    def _explain(cls, detail: Any) -> str:
        if not detail["loc"]:
            return str(detail["msg"]).removeprefix("Value error, ")
        name = str(detail["loc"][0])
        accepted = cls.model_fields[name].description
        is_secret = isinstance(cls.model_fields[name].default, SecretStr)
        value = "***" if is_secret else _without_passwords(str(detail["input"]))
        return f"{name.upper()}={value!r} is not accepted: it must be {accepted}"


class BrokerSettings(Settings):
    """The settings of a service that talks to the broker."""

    amqp_url: Annotated[str, one_or_more(AmqpDsn)] = Field(
        "amqp://guest:guest@localhost:5672/%2F",
        description="a URL like amqp://user:password@host:5672/%2F, or one for each node of a "
        "cluster, separated by commas",
    )
    queue_type: Literal["classic", "quorum"] = Field("classic", description="classic or quorum")
    queue_durable: bool = Field(True, description="true or false")

    @property
    def amqp_urls(self) -> list[str]:
        """The URLs in AMQP_URL, with the virtual host of the data set."""
        return [at_virtual_host(url, self.own_place) for url in urls_of(self.amqp_url)]

    def model_post_init(self, _context: Any) -> None:
        if self.queue_type == "quorum" and not self.queue_durable:
            raise SettingsError(
                "QUEUE_DURABLE=false is not accepted with QUEUE_TYPE=quorum: "
                "a quorum queue is always durable"
            )


class LogsSettings(Settings):
    """The settings of a service that reads or writes the files of a run."""

    logs_dir: Path = Field(Path("logs"), description="a folder")

    @property
    def logs(self) -> Path:
        """The folder of the data set's files."""
        return self.logs_dir / self.own_place


def _first_port(url: str) -> str:
    """Returns the URL with the first port of a range, which Docker assigns to the first copy."""
    return re.sub(r"(:\d+)-\d+", r"\1", url)


class PageSettings(Settings):
    """The settings of a service that shows people its address."""

    shown_url: Annotated[str, AfterValidator(_first_port)] = Field(
        "", description="a URL like http://localhost:8080/"
    )


def _folder_or_bucket(text: str) -> str:
    if "://" in text and not S3_URL.fullmatch(text):
        raise ValueError
    return text


class StoreSettings(Settings):
    """The settings of a service that uses the model store."""

    model_store: Annotated[str, AfterValidator(_folder_or_bucket)] = Field(
        "models", description="a folder, or a URL like s3://bucket/prefix"
    )
