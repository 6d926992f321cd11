"""Variational auto-encoders of binary units."""

from __future__ import annotations

import importlib
from typing import Any, Callable

import numpy as np

from . import _sbn
from ._check import MOST, number, seed_of, whole
from ._data import CELLS, bits, floats, source, table
from ._errors import NotFittedError
from ._estimator import Estimator


class BinaryVAE(Estimator):
    """A variational auto-encoder with binary units: it learns how likely rows of bits are, codes them and draws new ones.

    It is what `arm train` trains, with the same settings under the same names, from the same rows to the same bits; what is not given
    is chosen as there. Two sixths of the rows are kept: of the last sixth are the ``figures_``, and with the sixth before the best
    epoch is chosen. Rows keep their order: shuffle rows that are sorted.

    Args:
        network: layers, those in brackets stochastic; x is the width of the data: ``"x-32-[16] / [16]-32-x"``. Without one it follows
            from the data.
        estimator: how the gradient is estimated: ``"arm"`` (the default), ``"disarm"``, ``"rloo"``, ``"rebar"``, ..
        epochs, steps: how long, one of them. Default: 50 epochs or what the preset says.
        random_state: seed of everything random, a number from 0. ``None`` takes another one each time, from ``numpy.random``; a
            ``RandomState`` or ``Generator`` gives one.
        batch: rows a step. Default 50, or all where there are fewer.
        lr: learning rate of Adam. Default 0.003 for fewer than 512 columns, else 0.0003.
        samples: samples of the estimators that draw several. Default 2.
        baseline: of REINFORCE: ``"none"``, ``"moving"`` or a number in nats.
        preset: a network with all its settings as published, such as ``"nonlinear"``.
        fit_ram: take the largest network that learns in so much RAM of a device, ``"32K"``, instead of ``network``.
        numbers: ``"f32"`` (the default), or ``"i16"`` for the arithmetic of a device without a floating-point unit, one row a step.
        slope: slope below zero of the hidden layers' LeakyReLU. Default 0.1.
        prior: ``"fixed"`` (the default) or ``"learned"``, of the top stochastic layer.
        prior_lr: rate of plain gradient descent for a learned prior; without one Adam.
        inputs: numbers that the input's units stand for: ``"zero-one"``, ``"signed"`` or ``"centred"``.
        signed_units: stochastic units stand for -1 and 1.
        output_bias: start the output's biases at the logits of the mean row.
        independent_uniforms: draw the upper layers of antithetic partners on their own.
        encoder_beta1, encoder_beta2: decays of the encoder's Adam.
        valid: rows that are kept for choosing, the others of that sixth are trained on.
        patience: stop after so many epochs without a better one; 0 never stops.
        overfit_one_batch: take every step on the first batch: the −ELBO must fall far, or something is wrong.
        nll_samples: samples K of the bound of a score. Default 100.
        nll_images: compute ``figures_`` on so many test rows; 0 for all.
        contamination: share of the rows of fit that ``predict`` calls outliers, above 0 and at most 0.5.
        n_jobs: threads, no more than there are cores; -1 for all, -2 for all but one, ``None`` for as many as are fastest, by
            measurement. Results do not depend on them.
        verbose: show a bar of tqdm, or where that is not installed a line for each epoch.

    Attributes:
        n_features_in_: columns of the rows.
        feature_names_in_: their names, where they have some.
        network_: the network, with its widths.
        history_: figures of every epoch. ``figures_``: of the test rows.
        params_: the parameters by name.
        offset_: the score below which a row is an outlier, in nats.

    Example:
        >>> import numpy as np, sbn
        >>> X = np.repeat(np.eye(4, dtype=bool), 30, axis=0)[np.random.default_rng(1).permutation(120)]
        >>> model = sbn.BinaryVAE(network="x-[3] / [3]-x", epochs=200, lr=0.05, random_state=1).fit(X)
        >>> model.score_samples(np.eye(4)).shape
        (4,)
        >>> model.transform(X[:2]).dtype
        dtype('uint8')
    """

    def __init__(
        self,
        network: str | None = None,
        *,
        estimator: str | None = None,
        epochs: int | None = None,
        steps: int | None = None,
        random_state: int | np.random.RandomState | np.random.Generator | None = 1,
        batch: int | None = None,
        lr: float | None = None,
        samples: int | None = None,
        baseline: str | float | None = None,
        preset: str | None = None,
        fit_ram: str | int | None = None,
        numbers: str | None = None,
        slope: float | None = None,
        prior: str | None = None,
        prior_lr: float | None = None,
        inputs: str | None = None,
        signed_units: bool | None = None,
        output_bias: bool | None = None,
        independent_uniforms: bool | None = None,
        encoder_beta1: float | None = None,
        encoder_beta2: float | None = None,
        valid: int | None = None,
        patience: int | None = None,
        overfit_one_batch: bool | None = None,
        nll_samples: int | None = None,
        nll_images: int | None = None,
        contamination: float = 0.1,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.network = network
        self.estimator = estimator
        self.epochs = epochs
        self.steps = steps
        self.random_state = random_state
        self.batch = batch
        self.lr = lr
        self.samples = samples
        self.baseline = baseline
        self.preset = preset
        self.fit_ram = fit_ram
        self.numbers = numbers
        self.slope = slope
        self.prior = prior
        self.prior_lr = prior_lr
        self.inputs = inputs
        self.signed_units = signed_units
        self.output_bias = output_bias
        self.independent_uniforms = independent_uniforms
        self.encoder_beta1 = encoder_beta1
        self.encoder_beta2 = encoder_beta2
        self.valid = valid
        self.patience = patience
        self.overfit_one_batch = overfit_one_batch
        self.nll_samples = nll_samples
        self.nll_images = nll_images
        self.contamination = contamination
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        utils = importlib.import_module("sklearn.utils")
        return utils.Tags(
            estimator_type="outlier_detector",
            target_tags=utils.TargetTags(required=False),
            # A code has a type of its own, whatever the type of the rows.
            transformer_tags=utils.TransformerTags(preserves_dtype=[]),
            # Bits: categories 0 and 1, there is no tag that says so in one word.
            input_tags=utils.InputTags(two_d_array=True, categorical=True, allow_nan=False),
        )

    def _table(self, X: Any, name: str = "X", reset: bool = False) -> _sbn.Table:
        """The rows, checked."""
        return table([(name, self._inputs(X, name, reset))])

    def _share(self) -> float:
        """The share of outliers."""
        return number("contamination", self.contamination, np.nextafter(0, 1), 0.5, "a share above 0 and at most 0.5")

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        X_valid: Any = None,
        X_test: Any = None,
        callback: Callable[[dict[str, Any]], Any] | None = None,
    ) -> "BinaryVAE":
        """Trains on rows of bits, from the start.

        While it trains other Python threads run. Ctrl-C stops it, and the model of the best epoch so far is kept.

        Args:
            X: rows of bits, (rows, columns): booleans, or integers or floats that are 0 and 1, also memory-mapped, or `Packed`. They are
                packed, a bit each, and not copied otherwise.
            y: not looked at.
            X_valid: rows to choose the best epoch with, instead of some of ``X``.
            X_test: rows for ``figures_``, instead of some of ``X``.
            callback: called after each epoch with its figures, a dictionary as in ``history_``; where it returns true, the run is left.

        Raises:
            ValueError: settings or rows that cannot be used: the sentence is that of `arm`.
        """
        self._share()
        flags = self._flags()
        _sbn.check(flags)
        with self._fitting():
            rows = self._table(X, reset=True)
            others = [
                None if other is None else self._table(other, name)
                for name, other in (("X_valid", X_valid), ("X_test", X_test))
            ]
            self._train(flags, source(X, "X"), (rows, *others), callback)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> "BinaryVAE":
        """Goes on learning with rows as they come: a step on each batch, in their order. No row is kept for choosing or testing, and the
        model is that after the last step; the first call begins from the start, a call after ``fit`` where that left off.

        Args:
            X: as for ``fit``, one row or more.
        """
        self._share()
        with self._fitting():
            rows = self._table(X, reset=not self.__sklearn_is_fitted__())
            self._take_rows(self._flags(), source(X, "X"), rows)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """log p(x) of every row, in nats, float64 of shape (rows,): the importance-weighted bound with ``nll_samples`` samples. The
        samples follow from the seed and what a row holds, so a row has the same score in any table."""
        run = self._fitted()
        return -self._nll(run, self._table(X))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of ``score_samples``, in nats: higher is better."""
        return float(np.mean(self.score_samples(X)))

    @property
    def offset_(self) -> float:
        """The score below which a row is an outlier: of the rows that were last learned, a share of ``contamination`` lies below it. It
        is computed when it is first asked for, which scores these rows. A model that was loaded does not have them: set it."""
        run = self._fitted()
        if "offset" in self._scored:
            return self._scored["offset"]
        share = self._share()
        if "rows" not in self._scored:
            rows = run.rows()
            if rows is None:
                raise NotFittedError(
                    "a model that was loaded does not know the rows it learned: set offset_, for example to "
                    "np.quantile(model.score_samples(X), model.contamination)"
                )
            self._scored["rows"] = -self._nll(run, rows)
        return float(np.quantile(self._scored["rows"], share))

    @offset_.setter
    def offset_(self, offset: float) -> None:
        self._fitted()
        self._scored["offset"] = number("offset_", offset, -np.inf, np.inf, "a number of nats")

    def decision_function(self, X: Any) -> np.ndarray:
        """``score_samples`` minus ``offset_``: below zero for outliers."""
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Of every row 1, or -1 where it is less likely than ``offset_``: an outlier."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """``fit`` and ``predict`` of the same rows."""
        return self.fit(X).predict(X)

    def transform(self, X: Any) -> np.ndarray:
        """The code of every row, uint8 0 and 1 of shape (rows, units of the top stochastic layer): each unit's more probable value given
        the layer below."""
        run = self._fitted()
        return bits(run.model.codes(self._table(X)))

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """``fit`` and ``transform`` of the same rows."""
        return self.fit(X, y, **fit_params).transform(X)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """p(x = 1 | code) of every code, float32 of shape (codes, columns)."""
        run = self._fitted()
        codes = self._rows_of(X, "codes")
        if codes.shape[1] != run.model.code_width:
            raise ValueError(f"codes: has {codes.shape[1]} units, but the model takes {run.model.code_width}")
        rows = table([("codes", codes)])
        return floats(run.model.decoded(rows), rows.shape[0], run.model.widths[0])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns of ``transform``: ``binaryvae0``, .."""
        name = type(self).__name__.lower()
        return np.asarray([f"{name}{i}" for i in range(self._fitted().model.code_width)], dtype=object)

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | np.random.Generator | None = None
    ) -> np.ndarray:
        """New rows, uint8 0 and 1 of shape (n_samples, columns).

        Args:
            n_samples: how many.
            random_state: seed, from 0, or a ``RandomState`` or ``Generator`` that gives one; without one that of the model, which gives
                the same rows each time.
        """
        run = self._fitted()
        width = run.model.widths[0]
        count = whole("n_samples", n_samples, most=MOST // (4 * width))
        seed = self._run_seed(run) if random_state is None else whole("random_state", seed_of(random_state), 0)
        rows, uniforms = np.empty((count, width), dtype=np.uint8), np.random.default_rng(seed)
        # In parts: they take less memory than all at once, and Ctrl-C is heard.
        step = max(1, CELLS // width)
        for a in range(0, count, step):
            b = min(count, a + step)
            p = floats(run.model.generate(a, b - a, seed), b - a, width)
            rows[a:b] = uniforms.random(p.shape, dtype=np.float32) < p
        return rows
