"""Bad input is an error that says what is wrong, as `arm` does, and changes nothing."""

import warnings

import numpy as np
import pytest

import sbn


def holding(value, dtype=float):
    X = (np.arange(120).reshape(10, 12) % 3 == 0).astype(dtype)
    X[3, 2] = value
    return X


@pytest.mark.parametrize(
    "X, sentence",
    [
        (holding(np.nan), "X: row 3, column 2 holds NaN; give 0 and 1, whole grey levels 0..255, or intensities from 0 to 1"),
        (holding(np.inf), "X: row 3, column 2 holds inf; give 0 and 1"),
        (holding(-np.inf, np.float32), "X: row 3, column 2 holds -inf; give 0 and 1"),
        (holding(0.5), "X: row 3, column 2 holds 0.5, and only 0 and 1 are taken"),
        (holding(7, int), "X: row 3, column 2 holds 7, and only 0 and 1 are taken"),
        (holding(-1, np.int8), "X: row 3, column 2 holds -1, and only 0 and 1 are taken"),
        (np.array([["a", "b"]] * 9), 'X: an array of type "<U1" cannot be read; save it as uint8, bool, integers or floats of up to 64'),
        (np.array([[b"a"]] * 9), 'X: an array of type "|S1" cannot be read'),
        (np.zeros((9, 2), "M8[s]"), "cannot be read"),
        (np.zeros((9, 2), complex), "Complex data not supported"),
        (np.zeros((0, 3)), "X: holds no rows; give at least one example"),
        (np.zeros((3, 0)), "0 feature(s)"),
        (np.zeros(5), "X: has shape [5]; give a table of rows x columns (one example a row)"),
        (np.zeros((5, 2, 2)), "X: has shape [5, 2, 2]; give a table"),
        (7, "X: has shape []"),
        (np.zeros((5, 3)), "X: holds 5 rows, and 6 are needed to split off valid and test rows"),
    ],
)
def test_rows_that_are_no_bits(X, sentence):
    model = sbn.BinaryVAE("x-[4] / [4]-x", epochs=1)
    with pytest.raises(ValueError) as error:
        model.fit(X)
    assert sentence in str(error.value)
    with pytest.raises(sbn.NotFittedError):
        model.network_


def test_words_that_are_objects():
    X = holding(0).astype(object)
    X[1, 1] = "yes"
    with pytest.raises(ValueError, match="yes"):
        sbn.BinaryVAE().fit(X)
    X[1, 1] = {"a": 1}
    with pytest.raises(TypeError):
        sbn.BinaryVAE().fit(X)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        (dict(lr=-1), "--lr -1: give a number from 0 to"),
        (dict(lr=float("nan")), "--lr NaN: give a number from 0 to"),
        (dict(lr="fast"), "invalid value 'fast' for '--lr <LR>': invalid float literal"),
        (dict(epochs=0), "--epochs 0: give at least 1"),
        (dict(epochs=-3), "invalid value '-3' for '--epochs <EPOCHS>'"),
        (dict(epochs=2.5), "invalid value '2.5' for '--epochs <EPOCHS>'"),
        (dict(epochs=2, steps=3), "the argument '--epochs <EPOCHS>' cannot be used with '--steps <STEPS>'"),
        (dict(network="x-[4] / [4]-x", fit_ram="8K"), "cannot be used with"),
        (dict(estimator="disram"), "a similar value exists: 'disarm'"),
        (dict(network="x-[4] / [5]-x"), "x-[4] / [5]-x"),
        (dict(network=""), "--network"),
        (dict(network="13-[4] / [4]-13"), "12 columns"),
        (dict(network="x-[4]-3"), "--network 9-[4]-3: is conditional; give BinaryRegressor"),
        (dict(batch=1000), "--batch 1000: X has only 20 train rows"),
        (dict(estimator="rebar", network="x-[4]-[4] / [4]-[4]-x"), "serves one stochastic layer"),
        (dict(random_state=-1), "'--seed <SEED>': give a whole number from 0 to"),
        (dict(random_state="one"), "'--seed <SEED>': give a whole number from 0 to"),
        (dict(contamination=0.0), "contamination=0.0: give a share above 0 and at most 0.5"),
        (dict(n_jobs=0), "n_jobs=0: give the number of threads"),
        (dict(nll_samples=0), "--nll-samples 0: give 1 to"),
        (dict(network="x-[65000] / [65000]-x"), "a layer has at most 16384 units"),
    ],
)
def test_settings_that_make_no_sense(settings, sentence):
    X = np.tile(holding(0).astype(bool), (3, 1))
    model = sbn.BinaryVAE(**{"epochs": 1, **settings} if "steps" not in settings else settings)
    with pytest.raises(ValueError) as error:
        model.fit(X)
    assert sentence in str(error.value)
    assert not hasattr(model, "network_")


def test_a_model_that_was_not_fitted():
    model, X = sbn.BinaryVAE(), holding(0)
    for use in (
        lambda: model.score_samples(X), lambda: model.score(X), lambda: model.predict(X), lambda: model.transform(X),
        lambda: model.inverse_transform(X), lambda: model.sample(), lambda: model.save("x"), lambda: model.to_device("x"),
        lambda: model.history_, lambda: model.offset_, lambda: model.params_, lambda: model.device_bytes(),
    ):  # fmt: skip
        with pytest.raises(sbn.NotFittedError, match="This BinaryVAE instance is not fitted yet"):
            use()
    assert issubclass(sbn.NotFittedError, ValueError) and not hasattr(model, "network_")


def test_rows_of_another_width(model, X):
    for use in (model.score_samples, model.predict, model.transform, model.partial_fit):
        with pytest.raises(ValueError) as error:
            use(X[:, :9])
        assert "X: has 9 units, but the model takes 12" in str(error.value)
        assert "X has 9 features, but BinaryVAE is expecting 12 features as input" in str(error.value)
    with pytest.raises(ValueError, match="codes: has 5 units, but the model takes 4"):
        model.inverse_transform(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="X_valid: has 4 units, but the model takes 12"):
        sbn.BinaryVAE(epochs=1).fit(X, X_valid=X[:, :4])


def test_files_that_cannot_be_read(tmp_path, model):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        sbn.BinaryVAE.load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        sbn.load(tmp_path / "nowhere")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="bad.safetensors: is no safetensors model"):
        sbn.load(bad)
    with pytest.raises(ValueError, match="cut off|checksum|ends"):
        sbn.BinaryVAE.from_device(model.device_bytes()[:-5])
    with pytest.raises(ValueError):
        sbn.from_device(b"")
    with pytest.raises(ValueError, match="a prefix in C: lower-case letters"):
        model.to_device(tmp_path / "Gadget 1")
    with pytest.raises(ValueError, match="cannot be written"):
        model.to_device(tmp_path / "no" / "folder")
    with pytest.raises(ValueError, match="exists already"):
        model.save(tmp_path)
    with pytest.raises(ValueError, match="cannot be"):
        model.save("/dev/null/run")


def test_a_damaged_pickle_is_refused(model):
    from sbn import _sbn

    _, (state,) = model._run.__reduce__()
    for key in state:
        with pytest.raises((ValueError, KeyError)):
            _sbn.Run.from_state({name: value for name, value in state.items() if name != key} if key in ("model", "lines", "rows")
                                else {**state, key: b"nothing" if isinstance(state[key], bytes) else "nothing"})


def test_packed_bits_that_are_none():
    for data, columns in ((np.zeros((3, 2)), 9), (np.zeros((3, 1), np.uint8), 9), (np.zeros(3, np.uint8), 8), (np.zeros((3, 1), np.uint8), 0)):
        with pytest.raises(ValueError, match="packed bits are|do not hold"):
            sbn.Packed(data, columns)
    with pytest.raises(ValueError, match="bitorder"):
        sbn.Packed(np.zeros((3, 1), np.uint8), 8, "middle")


def test_steps_that_were_refused_are_told(X):
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", lr=3e38, epochs=3, batch=20)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="step .*try a smaller --lr|--lr"):
            model.fit(X)
