"""The settings classes of all services, found as `make run` finds the services."""

from importlib import import_module
from typing import get_type_hints

from pipeline.settings import Settings
from services import entry_of, services_of
from support.service import ROOT


def settings_class(service: str) -> type[Settings]:
    """Returns the class of the settings that the service's main() takes."""
    found: type[Settings] = get_type_hints(import_module(entry_of(service).stem).main)["settings"]
    assert issubclass(found, Settings)
    return found


SETTINGS = {service: settings_class(service) for service in services_of(ROOT)}
