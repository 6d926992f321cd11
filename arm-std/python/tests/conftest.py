"""Small tables, a small model, and the command `arm`, where it was built; tests that are skipped are told of."""

import os
import re
import shutil

import numpy as np
import pytest

import sbn

# Read when SciPy is imported; without it scikit-learn skips a check.
os.environ["SCIPY_ARRAY_API"] = "1"

# What only `scripts/python.sh full` installs.
LAYERS = {"torch", "jax"}


def told(report):
    """A test that is skipped is in the summary of `ci.sh`; where CI is set it fails, unless MAY_SKIP names what is missing."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return report
    reason = report.longrepr[2].removeprefix("Skipped: ")
    names = re.match(r"no (\S+) on this machine|could not import '(\w+)'|(\w+) is not installed", reason)
    name = names[names.lastindex] if names else reason
    may_skip = [name.strip() for name in os.environ.get("MAY_SKIP", "").split(",")]
    if name in LAYERS:
        return report
    if os.environ.get("CI", "") not in ("", "0", "false") and name not in may_skip:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} needs {name}, and CI is set: provide it, or say MAY_SKIP={name}"
    elif path := os.environ.get("SKIPPED"):
        with open(path, "a") as file:
            file.write(f"skipped: {report.nodeid}: no {name} on this machine\n")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return told((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return told((yield))


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
        pytest.skip("no arm on this machine that ARM names")
    return path
