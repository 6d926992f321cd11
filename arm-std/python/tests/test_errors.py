"""Bad input is an error that says what is wrong, as `arm` does, and changes nothing."""

import copy
import re
import subprocess
import sys
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
        (holding(np.nan), "X: row 3, column 2 holds NaN, and only 0 and 1 are taken; leave out its row or its column"),
        (holding(np.inf), "X: row 3, column 2 holds inf, and only 0 and 1 are taken"),
        (holding(-np.inf, np.float32), "X: row 3, column 2 holds -inf, and only 0 and 1 are taken"),
        (holding(0.5), "X: row 3, column 2 holds 0.5, and only 0 and 1 are taken"),
        (holding(7, int), "X: row 3, column 2 holds 7, and only 0 and 1 are taken"),
        (holding(-1, np.int8), "X: row 3, column 2 holds -1, and only 0 and 1 are taken"),
        (np.array([["a", "b"]] * 9), 'X: an array of type "<U1" cannot be read; give it as uint8, bool, integers or floats of up to 64'),
        (np.array([[b"a"]] * 9), 'X: an array of type "|S1" cannot be read'),
        (np.zeros((9, 2), "M8[s]"), "cannot be read"),
        (np.zeros((9, 2), complex), "Complex data not supported"),
        (np.zeros((0, 3)), "X: holds no rows; give at least one example"),
        (np.zeros((3, 0)), "0 feature(s)"),
        (np.zeros(5), "X: has shape [5]; give a table of rows x columns (one example a row)"),
        (np.zeros((5, 2, 2)), "X: has shape [5, 2, 2]; give a table"),
        (7, "X=7: is no table; give a table of rows x columns"),
        (None, "X=None: is no table; give a table"),
        ({"a": 1}, "X={'a': 1}: is no table; give a table"),
        ("01", 'X: an array of type "<U2" cannot be read'),
        ([[0, 1], [1]], "X: is no table (rows of different lengths, or cells that are no numbers)"),
        ((row for row in ([0, 1], [1, 0])), "X=<generator object"),
        (np.array([[0, "yes"]] * 9, dtype=object), "X: row 0, column 1 holds 'yes', which is no number"),
        (np.array([[0, {"a": 1}]] * 9, dtype=object), "X: row 0, column 1 holds {'a': 1}, which is no number"),
        (np.array([[0, 10**400]] * 9, dtype=object), "which is no number"),
        (np.ma.masked_array(np.zeros((9, 2)), np.eye(9, 2)), "X: has masked values"),
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
    # Both, since scikit-learn waits for the one, and who catches bad input for the other.
    X[1, 1] = {"a": 1}
    for kind in (ValueError, TypeError):
        with pytest.raises(kind, match="row 1, column 1 holds"):
            sbn.BinaryVAE().fit(X)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        (dict(lr=-1), "lr=-1: give a number from 0 to"),
        (dict(lr=float("nan")), "lr=NaN: give a number from 0 to"),
        (dict(lr=1e300), "invalid value '1e+300' for lr: is beyond 3.4e38"),
        (dict(lr="fast"), "invalid value 'fast' for lr: invalid float literal"),
        (dict(epochs=0), "epochs=0: give at least 1"),
        (dict(epochs=-3), "epochs=-3: give a whole number from 0"),
        (dict(epochs=2.5), "epochs=2.5: give a whole number from 0"),
        (dict(epochs=2, steps=3), "the argument epochs cannot be used with steps"),
        (dict(network="x-[4] / [4]-x", fit_ram="8K"), "cannot be used with"),
        (dict(estimator="disram"), "a similar value exists: 'disarm'"),
        (dict(network="x-[4] / [5]-x"), "x-[4] / [5]-x"),
        (dict(network=""), "invalid value '' for network: "),
        (dict(network="13-[4] / [4]-13"), "12 columns"),
        (dict(network="x-[4]-3"), "network=9-[4]-3: is conditional; give BinaryRegressor"),
        (dict(batch=1000), "batch=1000: X has only 20 train rows"),
        (dict(estimator="rebar", network="x-[4]-[4] / [4]-[4]-x"), "serves one stochastic layer"),
        (dict(random_state=-1), "invalid value '-1' for random_state: give a whole number from 0 to"),
        (dict(random_state="one"), "invalid value 'one' for random_state: give a whole number from 0 to"),
        (dict(contamination=0.0), "contamination=0.0: give a share above 0 and at most 0.5"),
        (dict(n_jobs=0), "n_jobs=0: give the number of threads"),
        (dict(n_jobs=2.0), "n_jobs=2.0: give the number of threads"),
        (dict(contamination=None), "contamination=None: give a share above 0 and at most 0.5"),
        (dict(contamination=float("nan")), "contamination=nan: give a share"),
        (dict(nll_samples=0), "nll_samples=0: give 1 to"),
        (dict(network="x-[65000] / [65000]-x"), "a layer has at most 16384 units"),
    ],
)
def test_settings_that_make_no_sense(settings, sentence):
    X = np.tile(holding(0).astype(bool), (3, 1))
    model = sbn.BinaryVAE(**{"epochs": 1, **settings} if "steps" not in settings else settings)
    with pytest.raises(ValueError) as error:
        model.fit(X)
    assert sentence in str(error.value) and "--" not in str(error.value)
    assert not hasattr(model, "network_")


#: Of every setting a value that cannot be, alone or in a table of 12 columns.
NONSENSE = dict(
    preset="none", network="x-[4]", fit_ram="-1", numbers="i8", slope=-1, prior="none", valid=-1, inputs="none", signed_units=3,
    output_bias="x", estimator="none", samples=-1, baseline="none at all", independent_uniforms="x", epochs=-1, steps=-1, batch=0, lr=-1,
    encoder_beta1=2, encoder_beta2=2, prior_lr=-1, patience=-1, overfit_one_batch="x", nll_samples=-1, nll_images=-1, random_state=-1,
    contamination=2, n_jobs=0, verbose=np.zeros(2),
)  # fmt: skip


@pytest.mark.parametrize("kind", [sbn.BinaryVAE, sbn.BinaryRegressor])
def test_a_sentence_names_the_argument(kind):
    X = np.tile(holding(0).astype(bool), (3, 1))
    names = kind().get_params().keys()
    assert set(sbn.BinaryVAE().get_params()) == NONSENSE.keys() and set(names) <= NONSENSE.keys()
    for name in names:
        model = kind(**{name: NONSENSE[name]})
        with pytest.raises(ValueError) as error:
            model.fit(*[X, X[:, :3]][: 2 if kind is sbn.BinaryRegressor else 1])
        sentence = str(error.value)
        assert re.search(rf"\b{name}\b", sentence) and "--" not in sentence, sentence


def test_sentences_of_the_command_are_told_of_arguments():
    from sbn._sbn import in_python

    for sentence, told in [
        ("--lr -1: give a number", "lr=-1: give a number"),
        ("--estimator rloo: --samples 1: give 2", "estimator=rloo: samples=1: give 2"),
        ("invalid value 'a' for '--output-bias [<BOOL>]'\n  [possible values: true]", "invalid value 'a' for output_bias\n  [possible values: true]"),
        ("--encoder-beta1 has no meaning here; give --prior learned", "encoder_beta1 has no meaning here; give prior learned"),
        ("run: exists already; give another --out, or --force to replace the run in it",
         "run: exists already; give another name, or overwrite=True to replace the run in it"),
        ("at most 3 rows (--nll-images)", "at most 3 rows (nll_images)"),
        ("a--b.npy and `arm train --help` -- as they are", "a--b.npy and `arm train --help` -- as they are"),
    ]:  # fmt: skip
        assert in_python(sentence) == told


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


def test_files_that_are_not_ours_are_left_alone(tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    foreign = {"a.safetensors": b"0123456789", "gadget.sbn": b"mine", "other.h": b"#pragma once"}
    for name, text in foreign.items():
        (tmp_path / name).write_bytes(text)
    with pytest.raises(ValueError, match="a.safetensors: exists already and is no model; give another name"):
        model.save("a.safetensors")
    with pytest.raises(ValueError, match="gadget.sbn: exists already and is no such file; give another name"):
        model.to_device("gadget")
    with pytest.raises(ValueError, match="other.h: exists already"):
        model.to_device("other")
    with pytest.raises(ValueError, match="name=/dev/null: is a device; give another name"):
        model.to_device("/dev/null")
    for path in ("", None, 3, b""):
        for use, argument in ((model.save, "path"), (model.to_device, "name"), (sbn.load, "path"), (sbn.BinaryVAE.load, "path")):
            with pytest.raises(ValueError, match=f"{argument}=.*: give the name of a file or folder"):
                use(path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == foreign
    # What is ours is replaced.
    for _ in range(2):
        model.save("b.safetensors")
        model.to_device("own")
    assert len(list(tmp_path.iterdir())) == 3 + 1 + 3


@pytest.mark.parametrize("saved", ["text", None, 7, [1, 2], b"", b"SBNP", np.zeros(9)])
def test_bytes_that_no_device_saved(saved):
    for read in (sbn.from_device, sbn.BinaryVAE.from_device):
        with pytest.raises(ValueError):
            read(saved)


def test_samples_that_cannot_be_drawn(model, X):
    for count in (0, -1, 1.5, "a", None, 10**30, True):
        with pytest.raises(ValueError, match=f"n_samples={count!r}: give "):
            model.sample(count)
    for state in (-1, 2**70, "one", 1.5):
        with pytest.raises(ValueError, match="random_state=.*: give a whole number from 0 to"):
            model.sample(2, random_state=state)
    with pytest.raises(MemoryError):
        model.sample(2**44)
    for samples in (0, "many", 10**18, 2.5):
        changed = copy.copy(model).set_params(nll_samples=samples)
        with pytest.raises(ValueError, match="nll_samples"):
            changed.score_samples(X)


def test_any_number_of_jobs(X, settings, model):
    for jobs in (10**4, 2**64, -1, -2, -(10**30), np.int8(3)):
        many = sbn.BinaryVAE(**{**settings, "n_jobs": jobs}).fit(X)
        assert (many.score_samples(X) == model.score_samples(X)).all()


def test_a_damaged_pickle_is_refused(model):
    from sbn import _sbn

    _, (state,) = model._run.__reduce__()
    for key in state:
        with pytest.raises((ValueError, KeyError)):
            _sbn.Run.from_state({name: value for name, value in state.items() if name != key} if key in ("model", "lines", "rows")
                                else {**state, key: b"nothing" if isinstance(state[key], bytes) else "nothing"})


def test_packed_bits_that_are_none():
    for data, columns in ((np.zeros((3, 2)), 9), (np.zeros((3, 1), np.uint8), 9), (np.zeros(3, np.uint8), 8), (np.zeros((3, 1), np.uint8), 0)):
        with pytest.raises(ValueError, match="packed bits are|do not hold|columns=0: give"):
            sbn.Packed(data, columns)
    with pytest.raises(ValueError, match="bitorder"):
        sbn.Packed(np.zeros((3, 1), np.uint8), 8, "middle")


def test_steps_that_were_refused_are_told(X):
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", lr=1e6, epochs=30, batch=20)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="step .* smaller lr"):
            model.fit(X)


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("epochs", 1.5, "epochs=1.5: give a whole number from 0"),
        ("epochs", -1, "epochs=-1: give a whole number from 0"),
        ("batch", 2**70, f"batch={2**70}: give a whole number from 0 to {2**63 - 1}"),
        ("nll_samples", [], "nll_samples=[]: give a whole number from 0"),
        ("lr", [], "lr=[]: give a number"),
    ],
)
def test_settings_that_are_no_numbers(X, name, value, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        sbn.BinaryVAE("x-[4] / [4]-x", **{name: value}).fit(X)


def test_a_refused_fit_leaves_the_model(X, settings):
    model = sbn.BinaryVAE(**settings).fit(X)
    scores = model.score_samples(X)
    with pytest.raises(ValueError, match="6 are needed"):
        model.fit(X[:3, :8])
    assert model.n_features_in_ == 12 and (model.score_samples(X) == scores).all()
    pairs = sbn.BinaryRegressor(epochs=1, random_state=1).fit(X[:, :9], X[:, 9:])
    predicted = pairs.predict(X[:, :9])
    with pytest.raises(ValueError, match="6 are needed"):
        pairs.fit(X[:3, :5], X[:3, 5])
    assert (pairs.predict(X[:, :9]) == predicted).all()


def test_a_warning_that_is_an_error_leaves_the_new_model(X, settings):
    model = sbn.BinaryVAE(**settings).fit(X[:, :8])
    interrupted = lambda _: (_ for _ in ()).throw(KeyboardInterrupt)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="what was learned is kept"):
            model.fit(X, callback=interrupted)
    assert model.n_features_in_ == 12 and model.score_samples(X).shape == (300,)


NAMES = """
import numpy as np, sbn, sys
class Frame:
    def __init__(self, X, columns):
        self.X, self.columns, self.shape = X, columns, X.shape
    def __array__(self, dtype=None, copy=None):
        return self.X
X = np.eye(12, 3, dtype=int)
model = sbn.BinaryVAE("x-[2] / [2]-x", epochs=1).fit(Frame(X, ["a", "b", "c"]))
model.score(Frame(X, ["a", "b", "c"]))
model.score(X)
assert "sklearn" not in sys.modules
try:
    model.score(Frame(X, ["a", "c", "b"]))
except ValueError as error:
    print(error)
"""


def test_columns_are_those_of_fit_without_scikit_learn():
    said = subprocess.run([sys.executable, "-c", NAMES], capture_output=True, text=True, check=True).stdout
    assert "column 1 is 'c', in fit it was 'b'" in said
