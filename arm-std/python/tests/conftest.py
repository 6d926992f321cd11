"""Small tables, a small model, and the command `arm`, where it was built."""

import os
import shutil

import numpy as np
import pytest

import sbn


def rows_of_two_kinds(count, columns=12, seed=3):
    """Rows of a pattern or its opposite, a bit in ten wrong."""
    rng = np.random.default_rng(seed)
    pattern = np.arange(columns) % 3 == 0
    kind = rng.integers(0, 2, count, dtype=bool)
    return (pattern ^ kind[:, None]) ^ (rng.random((count, columns)) < 0.1)


@pytest.fixture(scope="session")
def X():
    return rows_of_two_kinds(300)


@pytest.fixture(scope="session")
def settings():
    """A model that learns `X` in a moment."""
    return dict(network="x-8-[4] / [4]-8-x", epochs=40, lr=0.02, batch=20, random_state=1, n_jobs=1, nll_samples=20)


@pytest.fixture(scope="session")
def model(X, settings):
    return sbn.BinaryVAE(**settings).fit(X)


@pytest.fixture(scope="session")
def arm():
    """The command of the same version."""
    path = os.environ.get("ARM") or shutil.which("arm")
    if not path:
        pytest.skip("ARM does not name the command `arm`")
    return path
