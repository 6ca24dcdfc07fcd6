"""A service that a test starts gets no setting that happens to be set where the tests run."""

import pytest

from support.service import environment
from support.service_settings import SETTINGS

OF_LIBRARIES = ("CELERY_BROKER_URL", "AWS_ENDPOINT_URL", "SSL_CERT_FILE", "OMP_NUM_THREADS")


def test_a_service_gets_its_own_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {name.upper() for settings in SETTINGS.values() for name in settings.model_fields}
    for name in (*ours, *OF_LIBRARIES):
        monkeypatch.setenv(name, "of somebody else")
    found = environment(stream_rate=7)
    assert "of somebody else" not in found.values()
    assert found["STREAM_RATE"] == "7"
    assert "PATH" in found
