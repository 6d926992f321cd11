"""A run that is watched, and left."""

import copy
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import sbn


def test_a_callback_sees_every_epoch_and_may_leave(settings, X):
    seen = []
    model = sbn.BinaryVAE(**settings).fit(X, callback=seen.append)
    assert seen == model.history_
    seen.clear()
    left = sbn.BinaryVAE(**settings).fit(X, callback=lambda figures: figures["epoch"] == 5)
    assert left.n_iter_ == 5 and left.figures_ is None and np.isfinite(left.score(X))
    of = lambda history: [figures["valid_neg_elbo"] for figures in history]
    assert of(left.history_) == of(model.history_)[:5]


def test_what_a_callback_raises_comes_through(settings, X):
    model = sbn.BinaryVAE(**settings)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, callback=lambda figures: 1 / 0)
    assert not hasattr(model, "network_")
    with pytest.raises(ValueError, match="give a function"):
        model.fit(X, callback="print")


def test_an_interrupt_in_a_callback_keeps_the_model(settings, X):
    def interrupt(figures):
        if figures["epoch"] == 3:
            raise KeyboardInterrupt

    model = sbn.BinaryVAE(**settings)
    with pytest.warns(UserWarning, match="stopped after step 31; what was learned is kept"):
        assert model.fit(X, callback=interrupt) is model
    assert model.n_iter_ == 3 and model.n_steps_ == 31 and np.isfinite(model.score(X))


@pytest.fixture
def heeds_interrupts():
    # A shell's background jobs ignore them from their start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_interrupts")
def test_ctrl_c_stops_and_keeps_the_model(X):
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", epochs=10**9)
    killer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    killer.start()
    started = time.perf_counter()
    with pytest.warns(UserWarning, match="stopped after step"):
        model.fit(X)
    assert time.perf_counter() - started < 10
    assert model.n_steps_ > 0 and np.isfinite(model.score(X))


def stops_soon(call):
    """Presses Ctrl-C after 0.4 seconds of what would take many."""
    killer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
    killer.start()
    started = time.perf_counter()
    try:
        return call()
    finally:
        # It is heard within 0.3 seconds; the rest is for a machine with much else to do.
        assert 0.3 < time.perf_counter() - started < 2.5


@pytest.mark.usefixtures("heeds_interrupts")
def test_ctrl_c_is_heard_whatever_is_computed(model, X):
    many = np.broadcast_to(X[:1], (2_000_000, 12))
    pairs = sbn.BinaryRegressor("x-8-[4]-3", epochs=1, n_jobs=1).fit(X[:, :9], X[:, 9:])
    one_row = copy.copy(model).set_params(nll_samples=10**6)
    packed = sbn.Packed(np.broadcast_to(np.zeros((1, 1), np.uint8), (20_000_000, 1)), 4)
    f = lambda b: b[:, 0]
    for call in (
        lambda: model.score_samples(many), lambda: model.predict(many), lambda: one_row.score(X[:40]), lambda: model.transform(np.broadcast_to(X[:1], (20_000_000, 12))),
        lambda: model.inverse_transform(packed), lambda: model.sample(20_000_000), lambda: pairs.predict(many[:, :9]),
        lambda: pairs.score(many[:, :9], many[:, 9:]), lambda: copy.copy(pairs).set_params(nll_samples=10**6).predict(X[:, :9]),
        lambda: sbn.gradient(f, np.zeros(1000), samples=10**6), lambda: sbn.minimise(f, np.zeros(50), samples=100_000, steps=10**6),
        lambda: sbn.uniforms(1, 0, 100_000, 10_000),
    ):  # fmt: skip
        with pytest.raises(KeyboardInterrupt):
            stops_soon(call)


@pytest.mark.usefixtures("heeds_interrupts")
def test_ctrl_c_while_the_figures_are_computed_keeps_the_model(settings, X):
    model = sbn.BinaryVAE(**{**settings, "nll_samples": 10**6})
    with pytest.warns(UserWarning, match="stopped after step 400; what was learned is kept"):
        stops_soon(lambda: model.fit(X))
    assert model.n_iter_ == 40 and model.figures_ is None
    whole = sbn.BinaryVAE(**settings).fit(X)
    assert all((model.params_[name] == array).all() for name, array in whole.params_.items())


def test_other_threads_run_while_it_trains(X):
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", epochs=10**9, n_jobs=1)
    ticks = []

    def stop(figures):
        return len(ticks) > 20

    def tick():
        while len(ticks) <= 20:
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    model.fit(X, callback=stop)
    thread.join()
    # Were the interpreter held, the thread would get its turns at the ends of epochs only.
    assert np.median(np.diff(ticks)) < 0.1


def test_two_fits_at_a_time_are_those_of_one(settings, X, model):
    models = [sbn.BinaryVAE(**settings) for _ in range(4)]
    threads = [threading.Thread(target=model.fit, args=(X,)) for model in models]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for other in models:
        assert all((other.params_[name] == array).all() for name, array in model.params_.items())


def test_it_shows_a_bar_where_tqdm_is_there_and_lines_elsewhere(settings, X, capsys, monkeypatch):
    pytest.importorskip("tqdm")
    model = sbn.BinaryVAE(**{**settings, "epochs": 2}, verbose=True)
    model.fit(X)
    assert "20 steps" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    model.fit(X)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[1].startswith("epoch 2, step 20: train -ELBO ")


def test_a_script_ends_by_itself_and_needs_numpy_alone(tmp_path):
    code = """if True:
        import sys, numpy as np
        X = np.random.default_rng(1).random((60, 8)) < 0.3
        before = set(sys.modules)
        import sbn
        sbn.BinaryVAE(epochs=2).fit(X).predict(X)
        print(sorted({name.split(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names) - {"numpy"}))
    """
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (result.stdout.strip(), result.stderr) == ("['sbn']", ""), result
