"""Same engine, same bits: run folders, models and devices, beside the command `arm`."""

import copy
import json
import pickle
import subprocess

import numpy as np
import pytest

import sbn


def run(*command, cwd):
    result = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def same(a, b):
    assert a.network_ == b.network_
    for name, array in a.params_.items():
        assert (array == b.params_[name]).all(), name


def without_times(text):
    lines = [json.loads(line) for line in text.splitlines()]
    return [{key: value for key, value in line.items() if key not in ("seconds", "steps_per_second")} for line in lines]


CASES = [
    (sbn.BinaryVAE, dict(epochs=3)),
    (sbn.BinaryVAE, dict(network="x-8-[4] / [4]-8-x", epochs=7, lr=0.02, batch=20, random_state=9, estimator="disarm")),
    (sbn.BinaryVAE, dict(network="x-[6]-[4] / [4]-[6]-x", steps=55, estimator="rloo", samples=4, prior="learned", prior_lr=0.01)),
    (sbn.BinaryVAE, dict(fit_ram="8K", epochs=2, inputs="centred", signed_units=True, output_bias=True, patience=1, valid=20)),
    (sbn.BinaryVAE, dict(preset="linear", steps=12, estimator="rebar", nll_samples=5, nll_images=10)),
    (sbn.BinaryVAE, dict(estimator="reinforce", baseline="moving", epochs=2, independent_uniforms=False, slope=0.25)),
    (sbn.BinaryVAE, dict(network="x-8-[4] / [4]-8-x", epochs=2, numbers="i16", lr=0.01)),
    (sbn.BinaryRegressor, dict(network="x-8-[4]-3", epochs=3, lr=0.01, batch=20)),
]


@pytest.mark.parametrize("kind, settings", CASES, ids=[str(i) for i in range(len(CASES))])
def test_fit_is_arm_train_byte_for_byte(tmp_path, arm, X, kind, settings):
    file = tmp_path / "x.npy"
    np.save(file, X)
    flags = [
        f"--{'seed' if name == 'random_state' else name.replace('_', '-')}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in settings.items()
    ]
    run(arm, "train", "--data", file, *flags, "--out", "arm", "--threads", 1, cwd=tmp_path)
    rows = np.load(file, mmap_mode="r")
    if kind is sbn.BinaryRegressor:
        model = kind(**settings, n_jobs=2).fit(rows[:, :9], rows[:, 9:])
        same(model, sbn.load(tmp_path / "arm"))
        return
    model = kind(**settings, n_jobs=2).fit(rows)
    model.save(tmp_path / "python")
    ours, theirs = tmp_path / "python", tmp_path / "arm"
    for name in ("model.safetensors", "config.toml", *sorted(p.name for p in theirs.glob("checkpoint-*"))[-1:]):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name
    assert without_times((ours / "metrics.jsonl").read_text()) == without_times((theirs / "metrics.jsonl").read_text())
    for name in ("report.html", "curves.svg", "samples.png", "reconstructions.png"):
        assert (ours / name).stat().st_size > 500
    assert (ours / "samples.png").read_bytes() == (theirs / "samples.png").read_bytes()


def test_arm_goes_on_with_what_python_saved(tmp_path, arm, X, settings):
    np.save(tmp_path / "x.npy", X)
    rows = np.load(tmp_path / "x.npy", mmap_mode="r")
    sbn.BinaryVAE(**{**settings, "epochs": 3}).fit(rows).save(tmp_path / "run")
    run(arm, "train", "--resume", "run", "--epochs", 40, cwd=tmp_path)
    same(sbn.load(tmp_path / "run"), sbn.BinaryVAE(**settings).fit(rows))
    assert "test NLL" in run(arm, "eval", "run", cwd=tmp_path)


def test_export_is_that_of_arm(tmp_path, arm, model):
    model.save(tmp_path / "model.safetensors")
    (tmp_path / "arm").mkdir()
    run(arm, "export", "model.safetensors", "--out", "arm/gadget", cwd=tmp_path)
    model.to_device(tmp_path / "gadget")
    for end in ("sbn", "rs", "h"):
        assert (tmp_path / f"gadget.{end}").read_bytes() == (tmp_path / "arm" / f"gadget.{end}").read_bytes()
    assert (tmp_path / "gadget.sbn").read_bytes() == model.device_bytes()


def test_a_device_gives_the_model_back(tmp_path, model, X):
    back = sbn.BinaryVAE.from_device(model.device_bytes())
    same(back, model)
    same(sbn.from_device(bytearray(model.device_bytes())), model)
    assert back.network == "12-8-[4] / [4]-8-12" and back.n_features_in_ == 12
    back.set_params(nll_samples=20)
    assert (back.score_samples(X) == model.score_samples(X)).all()
    # Its rows are not known, and it can learn others.
    with pytest.raises(sbn.NotFittedError, match="set offset_"):
        back.predict(X)
    back.offset_ = model.offset_
    assert (back.predict(X) == model.predict(X)).all()
    before = back.params_
    back.set_params(lr=0.01).partial_fit(X)
    assert back.n_steps_ == 6 and any((back.params_[name] != array).any() for name, array in before.items())
    with pytest.raises(ValueError, match="has no run"):
        sbn.BinaryVAE.from_device(model.device_bytes()).save(tmp_path / "run")


@pytest.mark.parametrize("settings_of", [
    dict(prior="learned", inputs="signed", signed_units=True, slope=0.3), dict(inputs="centred"), dict(network="x-[4]-[3] / [3]-[4]-x"),
])  # fmt: skip
def test_settings_come_back_from_a_device(settings_of, X):
    model = sbn.BinaryVAE(**{"network": "x-8-[4] / [4]-8-x", "epochs": 2, **settings_of}).fit(X)
    back = sbn.from_device(model.device_bytes())
    again = sbn.BinaryVAE(**{**back.get_params(), "epochs": 2}).fit(X)
    assert json.loads(again._run.model.description) == json.loads(model._run.model.description)


def test_a_run_is_loaded_with_what_is_known_of_it(tmp_path, model, X):
    model.save(tmp_path / "run")
    back = sbn.load(tmp_path / "run")
    same(back, model)
    assert back.history_ == model.history_ and back.figures_ == model.figures_ and back.n_steps_ == model.n_steps_
    assert (back.network, back.lr, back.batch, back.steps, back.random_state) == ("x-8-[4] / [4]-8-x", 0.02, 20, 400, 1)
    assert (back.score_samples(X) == model.score_samples(X)).all()
    same(back.fit(X), model)
    with pytest.raises(ValueError, match="exists already"):
        model.save(tmp_path / "run")
    model.save(tmp_path / "run", overwrite=True)
    model.save(tmp_path / "m.safetensors")
    one = sbn.BinaryVAE.load(tmp_path / "m.safetensors")
    same(one, model)
    assert (one.network, one.lr) == ("x-8-[4] / [4]-8-x", 0.02)
    with pytest.raises(ValueError, match="not conditional; give BinaryVAE"):
        sbn.BinaryRegressor.load(tmp_path / "run")


def test_a_stream_is_saved_and_goes_on(tmp_path, settings, X):
    model = sbn.BinaryVAE(**settings).partial_fit(X[:100])
    model.save(tmp_path / "run")
    back = sbn.load(tmp_path / "run")
    same(back, model)
    same(back.partial_fit(X[100:]), model.partial_fit(X[100:]))


def test_pickles_and_copies_are_whole(model, settings, X):
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        same(other, model)
        assert other.history_ == model.history_ and other.figures_ == model.figures_
        assert other.offset_ == model.offset_
        assert (other.predict(X) == model.predict(X)).all()
    stream = sbn.BinaryVAE(**settings).partial_fit(X)
    same(pickle.loads(pickle.dumps(stream)).partial_fit(X), stream.partial_fit(X))
    assert pickle.loads(pickle.dumps(sbn.BinaryVAE())).get_params() == sbn.BinaryVAE().get_params()


def test_integers_go_to_a_device_and_back(tmp_path, X):
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", epochs=2, numbers="i16").fit(X)
    back = sbn.from_device(model.device_bytes())
    same(model, back)
    assert back.numbers == "i16"
    assert (back.score_samples(X) == model.score_samples(X)).all()
    before = {name: array.copy() for name, array in back.params_.items()}
    back.partial_fit(X)
    assert back.numbers == "i16" and any((array != before[name]).any() for name, array in back.params_.items())
    model.to_device(tmp_path / "short")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["short.h", "short.rs", "short.sbn"]
