"""Nonsense in every argument of every public function: an error with a sentence, in a moment, or a result; nothing else."""

import copy
import datetime
import decimal
import inspect
import signal
import warnings

import numpy as np
import pytest

import sbn


class Evil:
    """Raises whatever it is asked."""

    def _raise(self, *_, **__):
        raise RuntimeError("evil")

    __array__ = __bool__ = __float__ = __index__ = __repr__ = __str__ = _raise


class Table:
    """Like a table of pandas, with other names than columns."""

    shape, columns = (9, 12), 3

    def __array__(self, dtype=None, copy=None):
        return np.zeros((9, 12), dtype)


VALUES = [
    None, np.nan, np.inf, -np.inf, -1, 0, 1, 2**31, 2**63, 2**64, 2**70, -(2**70), 10**400, 1e308, 0.5, 5e-324, 1j, True, np.True_, "", "x", "3",
    "a\0b", "\ud800", "é\n", "--lr", "'--lr <LR>'", "x" * 9999, b"ab", bytearray(b"SBNP"), [], [1], (), {}, {"a": 1}, {1, 2}, object(), Evil(), Table(),
    ..., slice(3), range(3), int, len, iter([1]), np.int64(3), np.uint64(2**64 - 1), np.float32(0.5), np.array(1), decimal.Decimal("1.5"),
    datetime.datetime(2020, 1, 1),
]  # fmt: skip

BITS = np.arange(9 * 12).reshape(9, 12) % 5 % 2

ARRAYS = [
    BITS, BITS.astype(bool)[::-1, ::-1], BITS * 2, -BITS, BITS * 0.5, BITS * np.nan, BITS.astype(np.float16), BITS.astype(np.longdouble), BITS + 0j,
    BITS.astype(str), BITS.astype("S"), BITS.astype("M8[s]"), BITS.astype("m8[s]"), BITS.astype(object), np.where(BITS, None, 0),
    np.full((9, 12), {"a": 1}), np.full((9, 12), 2**64 - 1, np.uint64), BITS[:, :7], BITS[:0], BITS[:, :0], BITS[0], BITS.reshape(3, 3, 12), BITS[:1],
    [[0, 1], [1]], [[0, 1], [[1], 0]], BITS.tolist(), np.ma.masked_array(BITS, BITS > 0), np.zeros(9, dtype=[("a", "i1")]), np.asfortranarray(BITS),
    np.broadcast_to(BITS[:1, :1], (7, 20_000)), np.broadcast_to(BITS[:1], (2**56, 12)), sbn.Packed(np.zeros((9, 2), np.uint8), 12),
    sbn.Packed(np.zeros((9, 2), np.uint8), 9), sbn.Packed(np.zeros((0, 2), np.uint8), 12),
]  # fmt: skip

X = np.random.default_rng(1).random((40, 12)) < 0.4
QUICK = dict(n_jobs=1, nll_samples=3, batch=20)


def vae(**settings):
    return sbn.BinaryVAE(**{"network": "x-[4] / [4]-x", "epochs": 1, **QUICK, **settings})


def regressor(**settings):
    return sbn.BinaryRegressor(**{"network": "x-[4]-3", "epochs": 1, **QUICK, **settings})


def f(b):
    return b.sum(axis=1)


@pytest.fixture(scope="module")
def fitted():
    return vae().fit(X), regressor().fit(X, X[:, :3])


def refused_or_done(call, values, also=()):
    """Calls with every value; an error is one with a sentence."""
    # Within a time that no answer takes here.
    def late(*_):
        raise AssertionError("takes too long")

    before = signal.signal(signal.SIGALRM, late)
    try:
        for value in values:
            signal.alarm(20)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    call(value)
            except (ValueError, MemoryError, *also) as error:
                assert not isinstance(error, sbn.NotFittedError) and len(str(error)) >= 15, (error, type(value))
            except BaseException as error:
                shown = type(value) if isinstance(value, (Evil, Table)) else value
                pytest.fail(f"{type(error).__name__} for {shown!r}: {error}")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", sbn.BinaryVAE().get_params())
def test_settings(name, fitted):
    # What asks for a long run takes one.
    values = [v for v in VALUES if not (name in ("epochs", "steps") and v in (2**31,))]
    model = fitted[0]
    of = lambda value: vae(**({"epochs": None} if name == "steps" else {}), **{name: value})
    refused_or_done(lambda value: of(value).fit(X), values)
    refused_or_done(lambda value: copy.copy(model).set_params(**{name: value}).predict(X[:2]), values)


def test_rows(fitted):
    model, pairs = fitted
    values = [*VALUES, *ARRAYS]
    for call in (
        lambda v: vae().fit(v), lambda v: vae(network=None).fit(v), lambda v: vae().partial_fit(v), lambda v: copy.copy(model).partial_fit(v),
        lambda v: vae().fit(X, v), lambda v: vae().fit(X, X_valid=v), lambda v: vae().fit(X, X_test=v), lambda v: vae().fit_predict(v),
        lambda v: vae().fit_transform(v), model.score_samples, model.score, model.predict, model.decision_function, model.transform,
        model.inverse_transform, model.get_feature_names_out, lambda v: regressor().fit(v, X[:9, :3]), lambda v: regressor().fit(X[:9], v),
        lambda v: regressor(network=None).fit(X[:9], v), lambda v: regressor().partial_fit(X[:9], v), lambda v: regressor().fit(X, X[:, :3], X_valid=v),
        lambda v: regressor().fit(X, X[:, :3], X_test=X, y_test=v), pairs.predict, lambda v: pairs.score_pairs(v, X[:9, :3]),
        lambda v: pairs.score(X[:9], v), lambda v: vae().fit(sbn.Packed(v, 12)), lambda v: vae().fit(sbn.Packed(np.zeros((9, 2), np.uint8), v)),
        lambda v: vae().fit(sbn.Packed(np.zeros((9, 2), np.uint8), 12, v)),
    ):  # fmt: skip
        refused_or_done(call, values)


def test_the_rest(fitted):
    model, _ = fitted
    for call in (
        lambda v: vae().fit(X, callback=v), model.sample, lambda v: model.sample(2, random_state=v), lambda v: setattr(copy.copy(model), "offset_", v),
        sbn.from_device, sbn.BinaryRegressor.from_device, model.get_params,
    ):  # fmt: skip
        # What a callback raises comes through.
        refused_or_done(call, [*VALUES, *ARRAYS], (TypeError, RuntimeError) if "callback" in inspect.getsource(call) else ())
    for call in (model.save, lambda v: model.save("run", v), model.to_device, sbn.load, sbn.BinaryVAE.load):
        refused_or_done(call, VALUES, (FileNotFoundError,))


@pytest.mark.parametrize("function, name", [
    *((sbn.gradient, name) for name in inspect.signature(sbn.gradient).parameters),
    *((sbn.minimise, name) for name in inspect.signature(sbn.minimise).parameters),
    *((sbn.uniforms, name) for name in inspect.signature(sbn.uniforms).parameters),
])  # fmt: skip
def test_functions(function, name):
    given = dict(seed=1, step=0, rows=2, width=3) if function is sbn.uniforms else dict(f=f, logits=np.zeros(3))
    if function is sbn.minimise:
        given["steps"] = 2
    values = [v for v in [*VALUES, *ARRAYS] if not (name in ("steps", "samples", "rows") and v is VALUES[7])]
    # A function that is given is called, and what it raises comes through.
    also = (TypeError, RuntimeError) if name == "f" else ()
    refused_or_done(lambda value: function(**{**given, name: value}), values, also)


def test_what_f_gives():
    for function in (sbn.gradient, lambda f, logits: sbn.minimise(f, logits, steps=2)):
        refused_or_done(lambda value: function(lambda b: value, np.zeros(3)), [*VALUES, *ARRAYS])
        refused_or_done(lambda value: function(lambda b: [value] * len(b), np.zeros(3)), VALUES)


def test_an_estimator_that_was_not_fitted():
    for value in [*VALUES, *ARRAYS]:
        for use in (vae().score_samples, vae().predict, vae().transform, vae().inverse_transform, vae().sample, vae().save, vae().to_device,
                    regressor().predict, lambda v: regressor().score_pairs(v, v)):  # fmt: skip
            with pytest.raises(sbn.NotFittedError):
                use(value)
