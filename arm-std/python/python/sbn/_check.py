"""Arguments are checked before anything is done with them. An error names the argument, what it was, and what to give."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ._errors import WrongType

#: The largest whole number of a settings file, and so of a seed.
MOST = 2**63 - 1

#: Bytes of a model at most: far more than a device has.
LARGEST = 2**32


def shown(value: Any) -> str:
    """A value as it is told in a sentence: on one line, and not endless."""
    try:
        text = " ".join(repr(value)[:1000].split())
    except Exception:  # noqa: BLE001: what a class of somebody's raises.
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."


def whole(name: str, value: Any, least: int = 1, most: int = MOST) -> int:
    """A whole number within its range."""
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if is_whole and least <= value <= most:
        return int(value)
    to = f"a whole number from {least} to {most}"
    if least > 0 and most > 2**32:
        to = f"at most {most}" if is_whole and value > most else f"at least {least}"
    raise (ValueError if is_whole else WrongType)(f"{name}={shown(value)}: give {to}")


def number(name: str, value: Any, least: float, most: float, what: str) -> float:
    """A number within its range, which ``what`` says in words."""
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    try:
        found = float(value) if is_number else float("nan")
    except OverflowError:
        found = float("nan")
    if least <= found <= most:
        return found
    raise (ValueError if is_number else WrongType)(f"{name}={shown(value)}: give {what}")


def file_name(name: str, path: Any) -> str:
    """The name of a file or folder."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise WrongType(f"{name}={shown(path)}: give the name of a file or folder") from None
    if not text:
        raise ValueError(f"{name}='': give the name of a file or folder")
    return text


def bytes_of(name: str, value: Any) -> bytes:
    """Bytes, of whatever holds them."""
    try:
        view = memoryview(value)
    except TypeError:
        what = "give the bytes that a device saved, as pathlib.Path(..).read_bytes() reads them"
        raise WrongType(f"{name}={shown(value)}: {what}") from None
    if view.nbytes > LARGEST:
        raise ValueError(f"{name}: {view.nbytes} bytes are no model")
    return view.tobytes()


def function(name: str, value: Any, of: str) -> Any:
    """Something that can be called."""
    if not callable(value):
        raise WrongType(f"{name}={shown(value)}: give a function of {of}")
    return value


def truth(name: str, value: Any) -> bool:
    """Whether something is true."""
    try:
        return bool(value)
    except Exception:  # noqa: BLE001: what a class of somebody's raises.
        raise WrongType(f"{name}={shown(value)}: give True or False") from None


def seed_of(state: Any) -> Any:
    """``random_state`` where it is a number, else one that it gives."""
    if state is None or state is np.random:
        return int(np.random.randint(2**31 - 1))
    if isinstance(state, np.random.RandomState):
        return int(state.randint(2**31 - 1))
    if isinstance(state, np.random.Generator):
        return int(state.integers(2**31 - 1))
    return state
