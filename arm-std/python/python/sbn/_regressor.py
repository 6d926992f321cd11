"""Conditional networks: bits given other bits."""

from __future__ import annotations

import importlib
import math
from typing import Any, Callable

import numpy as np

from . import _sbn
from ._data import Packed, array_of, floats, source, table
from ._estimator import Estimator


class BinaryRegressor(Estimator):
    """A conditional network: it learns p(y | x) of bits y given bits x, through stochastic layers, so that it knows several answers.

    It is what `arm train` trains on a table whose last columns are y, with the same settings under the same names; see `BinaryVAE`
    for those that are not told here, and for the rows that are kept for choosing and testing.

    Args:
        network: layers from x up to y: ``"x-[20]-[20]-8"`` for eight columns of y. Default: ``x-2h-[h]-2h-m`` for m columns of y, h the
            power of two next to 2√x and at most x.
        estimator: as for `BinaryVAE`, but those that use the gradient of f serve auto-encoders only.
        nll_samples: samples of a score, and of a prediction. Default 100.

    Attributes:
        n_features_in_: columns of x. ``n_outputs_``: columns of y.
        network_, history_, figures_, params_: as of `BinaryVAE`.

    Example:
        >>> import numpy as np, sbn
        >>> X = np.random.default_rng(1).integers(0, 2, (300, 2))
        >>> model = sbn.BinaryRegressor("x-8-[4]-8-1", epochs=60, lr=0.02).fit(X, X[:, 0] ^ X[:, 1])
        >>> model.predict(X[:5]).shape
        (5,)
    """

    _conditional = True

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
        numbers: str | None = None,
        slope: float | None = None,
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
        self.numbers = numbers
        self.slope = slope
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
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        utils = importlib.import_module("sklearn.utils")
        return utils.Tags(
            estimator_type=None,
            target_tags=utils.TargetTags(required=True, one_d_labels=False, two_d_labels=True, multi_output=True),
            # Bits: categories 0 and 1, there is no tag that says so in one word.
            input_tags=utils.InputTags(two_d_array=True, categorical=True, allow_nan=False),
        )

    def _network(self) -> list[tuple[str, str]]:
        """The network of rows like these, where none is given."""
        if self.network is not None or self.preset is not None:
            return []
        x = self.n_features_in_
        h = min(max(1, 2 ** round(math.log2(2 * math.sqrt(x)))), x)
        return [("network", f"x-{2 * h}-[{h}]-{2 * h}-{self._outputs}")]

    @property
    def n_outputs_(self) -> int:
        """Columns of y."""
        return self._fitted().model.widths[1]

    def _pairs(self, X: Any, y: Any, reset: bool, names: tuple[str, str] = ("X", "y")) -> _sbn.Table:
        """Rows of input and target."""
        x = self._inputs(X, names[0], reset)
        target = self._targets(y, names[1])
        if reset:
            self._outputs = target.shape[1]
            self._one = self._is_one(y)
        elif target.shape[1] != self._outputs:
            raise ValueError(f"{names[1]}: has {target.shape[1]} units, but the model takes {self._outputs}")
        return table([(names[0], x), (names[1], target)])

    def _is_one(self, y: Any) -> bool:
        return not isinstance(y, Packed) and np.ndim(y) == 1

    def _targets(self, y: Any, name: str) -> Any:
        if y is None:
            what = "requires y to be passed, but the target y is None"
            raise ValueError(f"{name}: this {type(self).__name__} {what}")
        if isinstance(y, Packed):
            return y
        return array_of(y, name, one_column=True)

    def _target_columns(self) -> int:
        return self._outputs

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        X_valid: Any = None,
        y_valid: Any = None,
        X_test: Any = None,
        y_test: Any = None,
        callback: Callable[[dict[str, Any]], Any] | None = None,
    ) -> "BinaryRegressor":
        """Trains on pairs of rows of bits, from the start; Ctrl-C stops it and keeps the model of the best epoch.

        Args:
            X: inputs, (rows, columns), as for `BinaryVAE.fit`.
            y: targets, (rows,) or (rows, outputs), of the same kinds.
            X_valid, y_valid, X_test, y_test: rows to choose with and for ``figures_``, instead of some of ``X`` and ``y``.
            callback: called after each epoch with its figures; where it returns true, the run is left.

        Raises:
            ValueError: settings or rows that cannot be used: the sentence is that of `arm`.
        """
        flags = self._flags()
        _sbn.check(flags)
        with self._fitting():
            rows = self._pairs(X, y, reset=True)
            others = [
                None if x is None else self._pairs(x, of_x, False, (f"X_{name}", f"y_{name}"))
                for name, x, of_x in (("valid", X_valid, y_valid), ("test", X_test, y_test))
            ]
            self._train(flags + self._network(), source(X, "X"), (rows, *others), callback)
        return self

    def partial_fit(self, X: Any, y: Any) -> "BinaryRegressor":
        """Goes on learning with pairs of rows as they come: a step on each batch, in their order. See `BinaryVAE.partial_fit`."""
        with self._fitting():
            rows = self._pairs(X, y, reset=not self.__sklearn_is_fitted__())
            self._take_rows(self._flags() + self._network(), source(X, "X"), rows)
        return self

    def _take(self, run: _sbn.Run) -> None:
        super()._take(run)
        if not hasattr(self, "_outputs"):
            # Of a model that was loaded it is not known how its targets were given.
            self._outputs, self._one = run.model.widths[1], run.model.widths[1] == 1

    def predict(self, X: Any) -> np.ndarray:
        """p(y = 1 | x), float32 of shape (rows, outputs), or (rows,) where fit had one column as (rows,): the mean over ``nll_samples``
        samples of the network. Cost: a pass for each sample."""
        run = self._fitted()
        rows = table([("X", self._inputs(X, "X", False))])
        raw = run.model.predict(rows, self._samples(), self._run_seed(run), self._threads())
        p = floats(raw, rows.shape[0], run.model.widths[1])
        return p[:, 0] if self._one else p

    def score_pairs(self, X: Any, y: Any) -> np.ndarray:
        """log p(y | x) of every pair, in nats, float64 of shape (rows,): the bound with ``nll_samples`` samples."""
        run = self._fitted()
        return -self._nll(run, self._pairs(X, y, False))

    def score(self, X: Any, y: Any) -> float:
        """The mean of ``score_pairs``, in nats: higher is better."""
        return float(np.mean(self.score_pairs(X, y)))
