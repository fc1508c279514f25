"""Lazy import of the optional dependencies."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from glevel_fast.errors import MissingExtraError


def require(module: str, extra: str) -> Any:
    """Import `module`, or raise `MissingExtraError` naming the extra that brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise MissingExtraError(
            f"this needs {package}, which is not installed: pip install 'glevel-fast[{extra}]'"
        ) from error
