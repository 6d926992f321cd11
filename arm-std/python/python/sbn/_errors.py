"""Errors that scikit-learn's users expect, without scikit-learn."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


def scikit_learn(module: str) -> ModuleType | None:
    """A module of scikit-learn, where the program uses that already: it takes a second to import, and nothing here needs it."""
    return importlib.import_module(f"sklearn.{module}") if "sklearn" in sys.modules else None


class WrongType(ValueError, TypeError):
    """An argument that cannot be used, often of another type: both errors, since scikit-learn's users wait for the one or the other."""


class NotFittedError(ValueError, AttributeError):
    """An estimator was asked for what only fit can tell. In a program that uses scikit-learn it is a
    ``sklearn.exceptions.NotFittedError`` too."""


def not_fitted(estimator: Any) -> NotFittedError:
    """The error, for this estimator."""
    name = type(estimator).__name__
    message = f"This {name} instance is not fitted yet. Call 'fit', 'partial_fit', 'load' or 'from_device' before using it."
    exceptions = scikit_learn("exceptions")
    if exceptions is None:
        return NotFittedError(message)
    both = type("NotFittedError", (NotFittedError, exceptions.NotFittedError), {"__module__": __name__})
    return both(message)
