"""As with the compose tests, a failed test shows what its containers said."""

from compose.conftest import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]
