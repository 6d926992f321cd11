"""scikit-learn's habits."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
import sklearn.exceptions
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import sbn


def threshold(X):
    """Numbers as bits, few of them ones, so that some rows are rare. What holds no numbers stays as it is."""
    if isinstance(X, sbn.Packed):
        return X
    try:
        array = np.asarray(X)
        numbers = array.astype(np.float64) if array.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        numbers = None
    if numbers is None or not np.isfinite(numbers).all():
        return X
    bits = numbers > 2.5
    if hasattr(X, "columns"):
        return type(X)(bits, columns=X.columns, index=X.index)
    return bits


class OnNumbers(sbn.BinaryVAE):
    """The checks give numbers, and BinaryVAE takes bits: what a Binarizer would do, here, so that all checks see BinaryVAE."""

    def __init__(self, network="x-4-[2] / [2]-4-x", *, epochs=2, random_state=1, contamination=0.1, nll_samples=5, n_jobs=1):
        super().__init__(
            network, epochs=epochs, random_state=random_state, contamination=contamination, nll_samples=nll_samples, n_jobs=n_jobs
        )

    def _inputs(self, X, name, reset):
        return super()._inputs(threshold(X), name, reset)


class PairsOfNumbers(sbn.BinaryRegressor):
    """The same of BinaryRegressor."""

    def __init__(self, network=None, *, epochs=2, random_state=1, nll_samples=5, n_jobs=1):
        super().__init__(network, epochs=epochs, random_state=random_state, nll_samples=nll_samples, n_jobs=n_jobs)

    def _inputs(self, X, name, reset):
        return super()._inputs(threshold(X), name, reset)

    def _targets(self, y, name):
        return super()._targets(y if y is None else threshold(y), name)


@parametrize_with_checks([OnNumbers(), PairsOfNumbers()])
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


#: Checks that give other numbers than bits, or too few rows to split, and no others.
REFUSED = "only 0 and 1 are taken"


@parametrize_with_checks([sbn.BinaryVAE("x-4-[2] / [2]-4-x", epochs=2, nll_samples=5, n_jobs=1)])
def test_nothing_but_numbers_that_are_no_bits_is_refused(estimator, check):
    try:
        check(estimator)
    except Exception as error:  # noqa: BLE001
        texts = []
        while error is not None:
            texts.append(str(error))
            error = error.__cause__ or error.__context__
        if not any(REFUSED in text for text in texts):
            raise


def test_tags_and_errors():
    tags = get_tags(sbn.BinaryVAE())
    assert tags.input_tags.categorical and not tags.input_tags.allow_nan and not tags.input_tags.sparse
    assert tags.estimator_type == "outlier_detector" and tags.transformer_tags is not None
    assert get_tags(sbn.BinaryRegressor()).target_tags.required
    with pytest.raises(sklearn.exceptions.NotFittedError):
        sbn.BinaryVAE().sample()
    with pytest.raises(sbn.NotFittedError):
        sbn.BinaryVAE().sample()
    model = sbn.BinaryVAE("x-[4] / [4]-x", epochs=3, contamination=0.2)
    assert clone(model).get_params() == model.get_params()


def digits():
    return load_digits().data[:400]


def test_a_pipeline_with_a_binarizer():
    X = digits()
    pipe = make_pipeline(Binarizer(threshold=7.5), sbn.BinaryVAE(epochs=20, random_state=1, nll_samples=20))
    pipe.fit(X)
    assert pipe[-1].network_ == "64-32-[16] / [16]-32-64"
    assert pipe.score_samples(X).shape == (400,) and (pipe.predict(X) == -1).mean() == pytest.approx(0.1, abs=0.01)
    codes = pipe.transform(X)
    assert codes.shape == (400, 16)
    with pytest.raises(ValueError, match="row 0, column 2 holds 5, and only 0 and 1 are taken"):
        pipe[-1].fit(X)


def test_codes_are_features():
    X, y = load_digits(return_X_y=True)
    pipe = make_pipeline(Binarizer(threshold=7.5), sbn.BinaryVAE(epochs=60, lr=0.01, batch=20), LogisticRegression(max_iter=2000))
    # Of ten classes.
    assert pipe.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.6


def test_models_are_chosen_by_likelihood(X):
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", epochs=30, lr=0.02, batch=10, nll_samples=10, n_jobs=1)
    scores = cross_val_score(model, X, cv=3)
    assert scores.shape == (3,) and (-7 < scores).all() and (scores < -4).all()
    search = GridSearchCV(model, {"lr": [1e-6, 0.02], "estimator": ["arm", "disarm"]}, cv=2).fit(X)
    assert search.best_params_["lr"] == 0.02
    assert search.best_estimator_.score(X) > search.cv_results_["mean_test_score"].min() + 1


def test_packed_bits_are_cut_by_cross_validation(X):
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", epochs=3, nll_samples=10, n_jobs=1)
    packed = sbn.Packed(np.packbits(X, axis=1, bitorder="little"), 12)
    assert (cross_val_score(model, packed, cv=3) == cross_val_score(model, X, cv=3)).all()


def test_names_of_columns_are_remembered(X):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"q{i}" for i in range(12)])
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", epochs=2).fit(frame)
    assert list(model.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.score_samples(frame[frame.columns[::-1]])
