"""The examples run, assert what they claim, and draw."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
EXAMPLES = Path(__file__).parents[1] / "examples"


def draws(name, folder):
    result = subprocess.run([sys.executable, EXAMPLES / f"{name}.py", folder], capture_output=True, text=True, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (folder / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    return result.stdout


@pytest.mark.parametrize("name", ["survey", "own_gradient"])
def test_an_example(name, tmp_path):
    assert len(draws(name, tmp_path).splitlines()) >= 4


def test_there_and_back(tmp_path):
    if not os.environ.get("ARM_CORE"):
        pytest.skip("no repository on this machine that ARM_CORE names")
    if not shutil.which("qemu-system-arm"):
        pytest.skip("no qemu-system-arm on this machine")
    assert "the self-test gives the same bits as the desktop" in draws("learn_there", tmp_path)


def test_every_example_is_here():
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == ["learn_there", "own_gradient", "survey"]
