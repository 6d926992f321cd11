"""BinaryVAE: what it learns, and what it makes of rows."""

import numpy as np
import pytest

import sbn


def test_it_learns_what_is_likely(model, X):
    scores = model.score_samples(X)
    assert scores.shape == (300,) and scores.dtype == np.float64
    # Twelve coins have 8.3 nats; the entropy of these rows is ln 2 + 12 h(0.1) = 4.6.
    assert -6.0 < model.score(X) == scores.mean() < -4.0
    odd = np.zeros((1, 12), dtype=bool)
    odd[0, :6] = True
    assert model.score_samples(odd)[0] < np.quantile(scores, 0.1)
    assert -model.figures_["nll"] == pytest.approx(model.score(X[-50:]), abs=0.3)


def test_what_is_known_after_fit(model):
    assert model.network_ == "12-8-[4] / [4]-8-12"
    assert (model.n_features_in_, model.n_iter_, model.n_steps_) == (12, 40, 400)
    assert [epoch["epoch"] for epoch in model.history_] == list(range(1, 41))
    assert model.history_[-1]["train_neg_elbo"] < model.history_[0]["train_neg_elbo"]
    assert {name: array.shape for name, array in model.params_.items()} == {
        "encoder.0.weight": (12, 8), "encoder.0.bias": (8,), "encoder.1.weight": (8, 4), "encoder.1.bias": (4,),
        "decoder.0.weight": (4, 8), "decoder.0.bias": (8,), "decoder.1.weight": (8, 12), "decoder.1.bias": (12,),
    }  # fmt: skip


def test_a_row_has_its_score_wherever_it_stands(model, X):
    scores = model.score_samples(X)
    assert (model.score_samples(X[::-1]) == scores[::-1]).all()
    assert model.score_samples(X[7:8])[0] == scores[7]
    assert (model.set_params(n_jobs=2).score_samples(X) == scores).all()
    model.set_params(n_jobs=1)


def test_threads_decide_nothing(model, X, settings):
    two = sbn.BinaryVAE(**{**settings, "n_jobs": 2}).fit(X)
    fastest = sbn.BinaryVAE(**{**settings, "n_jobs": None}).fit(X)
    for other in (two, fastest):
        assert all((other.params_[name] == array).all() for name, array in model.params_.items())


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.uint32, np.float16, np.float32, np.float64, object, "list", "fortran"])
def test_bits_of_every_kind_are_the_same_bits(model, X, kind):
    of = {"list": X.astype(int).tolist(), "fortran": np.asfortranarray(X.astype(np.float32))}
    other = of[kind] if isinstance(kind, str) else X.astype(kind)
    assert (model.score_samples(other) == model.score_samples(X)).all()


def test_packed_bits_and_memory_maps_are_taken_as_they_are(tmp_path, settings, model, X):
    little, big = (sbn.Packed(np.packbits(X, axis=1, bitorder=order), 12, order) for order in ("little", "big"))
    for packed in (little, big):
        assert packed.shape == (300, 12) and (np.asarray(packed, bool) == X).all() and (packed.toarray() == X).all() and (packed[5:9].toarray() == X[5:9]).all()
        assert (model.score_samples(packed) == model.score_samples(X)).all()
    fitted = sbn.BinaryVAE(**settings).fit(little)
    assert all((fitted.params_[name] == array).all() for name, array in model.params_.items())
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert (model.score_samples(mapped) == model.score_samples(X)).all()


def test_bits_behind_the_columns_are_not_looked_at(model, X):
    for order in ("little", "big"):
        clean = np.packbits(X, axis=1, bitorder=order)
        padded = np.column_stack([clean, np.full((300, 7), 0xA5, np.uint8)])
        padded[:, 1] |= 0xF0 if order == "little" else 0x0F
        scores = model.score_samples(sbn.Packed(padded, 12, order))
        assert (padded[:, 1] != clean[:, 1]).any() and (scores == model.score_samples(X)).all()
    for columns in (0, slice(1), [0]):
        with pytest.raises(IndexError, match="by rows alone"):
            sbn.Packed(clean, 12)[:, columns]
    with pytest.raises(IndexError):
        sbn.Packed(clean, 12)[2**63]


def test_a_wide_table_is_packed_in_pieces(monkeypatch):
    from sbn import _data

    X = np.random.default_rng(1).random((70, 65)) < 0.3
    whole = _data.table([("X", X)]).to_bytes()
    monkeypatch.setattr(_data, "CELLS", 200)
    assert _data.table([("X", X)]).to_bytes() == whole
    assert (_data.bits(_data.table([("X", X.astype(float))])) == X).all()
    with pytest.raises(ValueError, match="row 69, column 64 holds 2"):
        wrong = X.astype(int)
        wrong[69, 64] = 2
        _data.table([("X", wrong)])


def test_codes_and_back(model, X):
    codes = model.transform(X)
    assert codes.shape == (300, 4) and codes.dtype == np.uint8 and set(np.unique(codes)) == {0, 1}
    p = model.inverse_transform(codes)
    assert p.shape == (300, 12) and p.dtype == np.float32
    # A code tells the kind of a row: nine bits of ten are right.
    assert ((p > 0.5) == X).mean() > 0.85
    assert list(model.get_feature_names_out()) == ["binaryvae0", "binaryvae1", "binaryvae2", "binaryvae3"]


def test_samples_look_like_rows(model, X, monkeypatch):
    rows = model.sample(500)
    assert rows.shape == (500, 12) and rows.dtype == np.uint8
    assert (rows == model.sample(500)).all() and (rows != model.sample(500, random_state=2)).any()
    assert (model.sample(9, np.random.default_rng(3)) == model.sample(9, np.random.default_rng(3))).all()
    monkeypatch.setattr("sbn._vae.CELLS", 12 * 7 + 5)
    assert (rows == model.sample(500)).all()
    assert model.score(rows) == pytest.approx(model.score(X), abs=0.7)
    same = np.abs(np.corrcoef(rows.T) - np.corrcoef(X.T.astype(float)))
    assert same.max() < 0.3


def test_outliers_are_the_least_likely_share(settings, X):
    model = sbn.BinaryVAE(**settings, contamination=0.05)
    labels = model.fit_predict(X)
    assert set(labels) == {-1, 1}
    assert abs((labels == -1).sum() - 15) <= 2
    decision = model.decision_function(X)
    assert (decision == model.score_samples(X) - model.offset_).all() and ((decision < 0) == (labels == -1)).all()
    model.set_params(contamination=0.5)
    assert (model.predict(X) == -1).mean() > 0.4
    model.offset_ = -1000.0
    assert (model.predict(X) == 1).all()


def test_own_rows_to_choose_and_to_test_with(settings, X):
    model = sbn.BinaryVAE(**settings).fit(X[:200], X_valid=X[200:250], X_test=X[250:])
    whole = sbn.BinaryVAE(**settings).fit(X)
    assert model.history_[3]["train_neg_elbo"] == whole.history_[3]["train_neg_elbo"]
    assert model.figures_ == whole.figures_
    assert sbn.BinaryVAE(**settings).fit(X[:200], X_valid=X[:30], X_test=X[:20]).figures_["images"] == 20


def test_a_stream_is_learned(settings, X):
    model = sbn.BinaryVAE(**settings)
    for _ in range(60):
        for part in np.array_split(X, 7):
            model.partial_fit(part)
    assert model.score(X) > -6.0 and model.history_ == [] and model.figures_ is None
    assert model.n_steps_ == 60 * 7 * 3
    one = sbn.BinaryVAE(**settings).partial_fit(X[:40]).partial_fit(X[40:80])
    both = sbn.BinaryVAE(**settings).partial_fit(X[:80])
    assert all((one.params_[name] == array).all() for name, array in both.params_.items())


def test_a_stream_goes_on_after_fit(settings, X):
    model = sbn.BinaryVAE(**settings).fit(X)
    before = model.score(X)
    for _ in range(20):
        model.partial_fit(~X[:, ::-1])
    assert model.score(X) < before and model.n_steps_ == 400 + 20 * 15


def test_a_seed_may_come_from_a_generator(settings, X):
    fitted = lambda state: sbn.BinaryVAE(**{**settings, "epochs": 1, "random_state": state}).fit(X).params_["encoder.0.weight"]
    for make in (np.random.RandomState, np.random.default_rng):
        assert (fitted(make(5)) == fitted(make(5))).all() and (fitted(make(5)) != fitted(make(6))).any()
    assert (fitted(None) != fitted(None)).any()


def test_the_class_says_how_it_was_set():
    assert repr(sbn.BinaryVAE("x-[4] / [4]-x", epochs=3)) == "BinaryVAE(epochs=3, network='x-[4] / [4]-x')"
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        sbn.BinaryVAE().set_params(epoch=3)


def test_what_is_in_the_documentation_runs():
    import doctest

    from sbn import _functions, _regressor, _vae

    for module in (sbn, _functions, _regressor, _vae):
        result = doctest.testmod(module)
        assert result.failed == 0 and result.attempted > 2, module
