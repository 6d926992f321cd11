"""What docs/python.md says runs, block after block."""

import importlib.util
import os
import pathlib
import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(os.environ.get("ARM_CORE", Path(__file__).parents[3])) / "docs" / "python.md"


def test_the_page_runs(tmp_path, monkeypatch):
    if not PAGE.exists():
        pytest.skip("no repository on this machine that ARM_CORE names")
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    rows = rng.random((120, 24)) < 0.3
    np.save("survey.npy", rows)
    given = {"pathlib": pathlib, "X": rows, "y": rows[:, :8], "pixels": 16 * rng.random((120, 24)), "field": rows, "measure": lambda choice: choice.sum()}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len(blocks) >= 7
    for block in blocks:
        if "import torch" in block:
            if not importlib.util.find_spec("torch"):
                continue
            import torch

            given |= {"x": torch.zeros(5, 64), "decoder": torch.nn.Linear(16, 64), "error_of": lambda z: z.pow(2).sum(-1)}
        if "device-gadget" in block:
            Path("device-gadget.sbn").write_bytes(Path("gadget.sbn").read_bytes())
        if "model.save" in block:
            given["model"] = given["survey"]
        # Quickly: the page trains for longer.
        exec(block.replace("epochs=60", "epochs=2").replace("epochs=50", "epochs=2").replace("steps=400", "steps=3"), given)
        if "BinaryVAE" in block and "survey" not in given:
            given["survey"] = given["model"]

