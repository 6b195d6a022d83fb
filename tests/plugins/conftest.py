"""Fixtures of the plugins' tests."""

from tests.plugins.strangers import site

__all__ = ["site"]
