"""BinaryRegressor: bits given other bits."""

import pickle

import numpy as np
import pytest

import sbn


@pytest.fixture(scope="module")
def pairs():
    """y is x0 xor x1, and a coin that comes up 1 three times of four."""
    rng = np.random.default_rng(1)
    X = rng.random((600, 5)) < 0.5
    return X, np.column_stack([X[:, 0] ^ X[:, 1], rng.random(600) < 0.75])


@pytest.fixture(scope="module")
def regressor(pairs):
    model = sbn.BinaryRegressor("x-16-[8]-16-2", epochs=80, lr=0.02, batch=20, n_jobs=1, nll_samples=50)
    return model.fit(*pairs)


def test_it_predicts_probabilities(regressor, pairs):
    X, y = pairs
    p = regressor.predict(X)
    assert p.shape == (600, 2) and p.dtype == np.float32 and 0 <= p.min() and p.max() <= 1
    assert ((p[:, 0] > 0.5) == y[:, 0]).mean() > 0.95
    assert np.abs(p[:, 1] - 0.75).mean() < 0.15
    assert regressor.network_ == "5-16-[8]-16-2" and regressor.n_outputs_ == 2 and regressor.n_features_in_ == 5
    # One coin of three quarters has 0.56 nats; two coins of a half 1.39.
    assert -1.0 < regressor.score(X, y) < -0.5
    assert regressor.score_pairs(X, y).mean() == regressor.score(X, y)


def test_a_row_has_its_prediction_wherever_it_stands(regressor, pairs):
    X, y = pairs
    p = regressor.predict(X)
    assert (regressor.predict(X[::-1]) == p[::-1]).all() and (regressor.predict(X[3:4]) == p[3]).all()
    assert (regressor.set_params(n_jobs=2).predict(X) == p).all()
    assert (regressor.score_pairs(X[5:7], y[5:7]) == regressor.score_pairs(X, y)[5:7]).all()
    regressor.set_params(n_jobs=1)


def test_one_column_of_targets_stays_one(pairs):
    X, y = pairs
    model = sbn.BinaryRegressor(epochs=2).fit(X, y[:, 0])
    assert model.predict(X).shape == (600,) and model.network_ == "5-8-[4]-8-1"
    assert sbn.BinaryRegressor(epochs=2).fit(X, y[:, :1]).predict(X).shape == (600, 1)
    packed = sbn.Packed(np.packbits(X, axis=1, bitorder="little"), 5)
    assert (sbn.BinaryRegressor(epochs=2).fit(packed, y[:, 0]).predict(packed) == model.predict(X)).all()


def test_a_stream_is_learned(pairs):
    X, y = pairs
    model = sbn.BinaryRegressor("x-16-[8]-16-2", lr=0.02, batch=20)
    before = model.partial_fit(X, y).score(X, y)
    for _ in range(30):
        model.partial_fit(X, y)
    assert model.score(X, y) > before + 0.1 and model.n_steps_ == 31 * 30


def test_it_goes_to_files_and_devices(tmp_path, regressor, pairs):
    X, y = pairs
    regressor.save(tmp_path / "run")
    for other in (sbn.load(tmp_path / "run"), sbn.from_device(regressor.device_bytes()), pickle.loads(pickle.dumps(regressor))):
        assert isinstance(other, sbn.BinaryRegressor)
        assert (other.set_params(nll_samples=50).predict(X) == regressor.predict(X)).all()
        assert (other.score_pairs(X, y) == regressor.score_pairs(X, y)).all()
    assert (tmp_path / "run" / "predictions.png").exists()
    with pytest.raises(ValueError, match="is conditional; give BinaryRegressor"):
        sbn.BinaryVAE.load(tmp_path / "run")


@pytest.mark.parametrize(
    "X, y, sentence",
    [
        (np.zeros((9, 2)), np.zeros((8, 1)), "X has 9 rows, y has 8: inconsistent numbers of samples; give a row of y for each of X"),
        (np.zeros((9, 2)), np.full(9, 0.5), "y: row 0, column 0 holds 0.5, and only 0 and 1 are taken"),
        (np.zeros((9, 2)), np.full(9, np.nan), "y: row 0, column 0 holds NaN"),
        (np.zeros((9, 2)), None, "requires y to be passed"),
        (np.zeros((9, 2)), np.array(["a"] * 9), "y: an array of type"),
        (np.zeros((9, 2)), [[0], [0, 1]], "y: is no table (rows of different lengths"),
        (np.zeros((9, 2)), {"a": 1}, "y={'a': 1}: is no table"),
        (np.zeros((3, 2)), np.zeros(3), "6 are needed"),
    ],
)
def test_bad_pairs(X, y, sentence):
    with pytest.raises(ValueError) as error:
        sbn.BinaryRegressor(epochs=1).fit(X, y)
    assert sentence in str(error.value)


def test_widths_that_do_not_fit(regressor, pairs):
    X, y = pairs
    with pytest.raises(ValueError, match="X: has 4 units, but the model takes 5"):
        regressor.predict(X[:, :4])
    with pytest.raises(ValueError, match="y: has 1 units, but the model takes 2"):
        regressor.score_pairs(X, y[:, 0])
    with pytest.raises(ValueError, match="not conditional; give BinaryVAE"):
        sbn.BinaryRegressor("x-[4] / [4]-x", epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"network=3-\[4\]-4: has 4 outputs, but y has 2 columns"):
        sbn.BinaryRegressor("x-[4]-4", epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="has 4 outputs, but y has 2 columns"):
        sbn.BinaryRegressor("x-[4]-4").partial_fit(X, y)
    with pytest.raises(sbn.NotFittedError, match="This BinaryRegressor instance is not fitted yet"):
        sbn.BinaryRegressor().predict(X)
    with pytest.raises(ValueError, match="estimator=rebar"):
        sbn.BinaryRegressor("x-[4]-2", estimator="rebar", epochs=1).fit(X, y)
