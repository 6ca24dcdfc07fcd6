import pytest
from pika import PlainCredentials

from features import FeaturesSettings
from gateway_settings import GatewaySettings
from metric import MetricSettings
from pipeline.broker.nodes import connection_parameters
from pipeline.errors import SettingsError
from pipeline.settings import BrokerSettings
from pipeline.training import TrainingSettings, celery_app


def test_a_wrong_setting_is_named_with_its_value_and_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREAM_RATE", "fast")
    with pytest.raises(SettingsError) as caught:
        FeaturesSettings.from_environment()
    assert str(caught.value) == (
        "STREAM_RATE='fast' is not accepted: it must be "
        "a number of rows per second, 0 for as fast as the broker confirms"
    )


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMATCHED_TTL", "0")
    monkeypatch.setenv("MAX_PENDING", "-1")
    with pytest.raises(SettingsError, match=r"UNMATCHED_TTL='0' .*; MAX_PENDING='-1' "):
        MetricSettings.from_environment()


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for url, shown in (
        ("http://me:sec:ret@secret@host", "http://***@host"),
        ("amqp://me:sec/ret@host/%2F", "amqp://***@host/%2F"),
        ("me:secret@host", "***@host"),
        ("http://me:sec,ret@host", "http://***@host"),
        ("http://me:sec\nret@host", "http://***@host"),
        ("amqp://me:secret@a,http://me:sec:ret@b", "amqp://***@a,http://***@b"),
        ("http://me:secret@a, me:sec@ret@b", "http://***@b"),
        ("amqp://me:secret@a,amqp://me:secret@b,", "amqp://***@a,amqp://***@b,"),
    ):
        monkeypatch.setenv("AMQP_URL", url)
        with pytest.raises(SettingsError) as caught:
            BrokerSettings.from_environment()
        assert "sec" not in str(caught.value)
        assert f"AMQP_URL='{shown}'" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ("amqp://host", ["amqp://host"]),
        (
            "amqp://me:a@b,amqps://me:c@d:1/e, amqp://f",
            ["amqp://me:a@b", "amqps://me:c@d:1/e", "amqp://f"],
        ),
        ("amqp://me:a,b@c/?heartbeat=5,amqp://d", ["amqp://me:a,b@c/?heartbeat=5", "amqp://d"]),
        ("amqp://", ["amqp://"]),
        ("amqp://guest@host", ["amqp://guest:guest@host"]),
        ("amqp://guest@host/", ["amqp://guest:guest@host/"]),
        ("amqp://guest@host//", ["amqp://guest:guest@host/%2F"]),
        ("amqp://host//?heartbeat=5", ["amqp://host/%2F?heartbeat=5"]),
        (
            "amqps://me:a%2Fb@host:1//name,amqp://h/a",
            ["amqps://me:a%2Fb@host:1/%2Fname", "amqp://h/a"],
        ),
        ("amqp://host/a/b", ["amqp://host/a%2Fb"]),
    ],
)
def test_a_broker_has_one_url_or_more(
    monkeypatch: pytest.MonkeyPatch, value: str, urls: list[str]
) -> None:
    monkeypatch.setenv("AMQP_URL", value)
    assert BrokerSettings.from_environment().amqp_urls == urls


@pytest.mark.parametrize(
    "value",
    [
        "amqp://a,", ",amqp://a", "amqp://a,http://b", "amqp://a,amqp://b:x", ",",
        "amqp://a,,amqp://b", "amqp://a;amqp://b", "amqp://a/v amqp://b/v",
    ],
)  # fmt: skip
def test_each_url_must_be_right(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AMQP_URL", value)
    with pytest.raises(SettingsError, match=f"^AMQP_URL='{value}' is not accepted: .*, or one for"):
        BrokerSettings.from_environment()


def test_no_password_of_what_is_no_list_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URL", '["amqp://u:one@h1","amqp://u:two@h2"]')
    with pytest.raises(SettingsError) as refused:
        BrokerSettings.from_environment()
    assert not any(password in str(refused.value) for password in ("one@", "two"))


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_RATE", "")
    assert FeaturesSettings.from_environment().stream_rate == 5


def test_a_transient_quorum_queue_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_TYPE", "quorum")
    monkeypatch.setenv("QUEUE_DURABLE", "false")
    with pytest.raises(SettingsError, match="QUEUE_DURABLE=false is not accepted with QUEUE_TYPE"):
        BrokerSettings.from_environment()


@pytest.mark.parametrize("value", ["nan", "inf", "-1"])
def test_a_rate_is_a_finite_number(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("STREAM_RATE", value)
    with pytest.raises(SettingsError, match="STREAM_RATE"):
        FeaturesSettings.from_environment()


@pytest.mark.parametrize(
    ("value", "user", "password", "vhost"),
    [
        ("amqp://guest@localhost/", "guest", "guest", "/"),
        ("amqp://guest@localhost//", "guest", "guest", "/"),
        ("amqp://me:secret@localhost//", "me", "secret", "/"),
        ("amqp://localhost//courses", "guest", "guest", "/courses"),
        ("amqp://localhost/courses/a", "guest", "guest", "courses/a"),
    ],
)
def test_what_celery_takes_for_a_broker_is_read_alike_by_all(
    value: str, user: str, password: str, vhost: str
) -> None:
    (node,) = connection_parameters(BrokerSettings(amqp_url=value), "test")
    assert node.credentials == PlainCredentials(user, password)
    assert node.virtual_host == vhost
    celerys = celery_app(TrainingSettings(training_url=value)).connection().info()
    assert (celerys["userid"], celerys["password"]) == (user, password)
    assert celerys["virtual_host"] == vhost


def test_an_origin_is_written_as_browsers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "HTTPS://Course.example:443/, http://10.0.0.9:3000")
    found = GatewaySettings.from_environment().cors_origins
    assert found == "https://course.example,http://10.0.0.9:3000"


@pytest.mark.parametrize(
    "origins", ["*", "null", "course.example", "https://a/path", "https://a,*", "https://*.example",
                "https://me@a", "file:///", "https://a?b", "https://a;https://b", "https://a,"],
)  # fmt: skip
def test_what_no_page_has_as_its_origin_is_refused(
    monkeypatch: pytest.MonkeyPatch, origins: str
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", origins)
    with pytest.raises(SettingsError, match=r"^CORS_ORIGINS='.*an origin like https://course\."):
        GatewaySettings.from_environment()
