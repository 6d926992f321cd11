"""What both estimators share: settings, scikit-learn's manners, files."""

from __future__ import annotations

import errno
import inspect
import json
import os
import warnings
from contextlib import contextmanager
from typing import Any, Callable, Iterable, Iterator, Mapping, TypeVar

import numpy as np

from . import _sbn
from ._check import bytes_of, file_name, seed_of, shown, truth, whole
from ._data import Packed, array_of, features, floats
from ._errors import WrongType, not_fitted
from ._progress import Progress

Self = TypeVar("Self", bound="Estimator")

#: Settings that `arm train` has too, by the same names with - for _.
SETTINGS = (
    "preset", "network", "fit_ram", "numbers", "slope", "prior", "valid", "inputs", "signed_units", "output_bias", "estimator", "samples",
    "baseline", "independent_uniforms", "epochs", "steps", "batch", "lr", "encoder_beta1", "encoder_beta2", "prior_lr", "patience",
    "overfit_one_batch", "nll_samples", "nll_images",
)  # fmt: skip

#: Those that are whole numbers, and those that are numbers.
WHOLE = ("valid", "samples", "epochs", "steps", "batch", "patience", "nll_samples", "nll_images")
REAL = ("slope", "lr", "encoder_beta1", "encoder_beta2", "prior_lr")

#: What fit remembers of columns.
COLUMNS = ("n_features_in_", "feature_names_in_", "_outputs", "_one")

#: Samples of a score where nothing is said: what `arm` takes.
NLL_SAMPLES = 100


def text(value: Any) -> str:
    """A setting as it is written on a command line."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    try:
        return str(value)
    except Exception:  # noqa: BLE001: what a class of somebody's raises.
        raise WrongType(f"{type(value).__name__} is no setting; give a number or text") from None


def setting(name: str, value: Any) -> str:
    """A setting of this name as it is written. Errors: what is no number where one is meant; its range is for `arm` to say."""
    if name in WHOLE and not isinstance(value, str):
        whole(name, value, 0)
    if name in REAL and not isinstance(value, (str, int, float, np.integer, np.floating)):
        raise WrongType(f"{name}={shown(value)}: give a number")
    return text(value)


def read(path: Any) -> _sbn.Run:
    """What is in a run folder or a file."""
    path = file_name("path", path)
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return _sbn.Run.load(path)


class Estimator:
    """An estimator of scikit-learn's kind; scikit-learn need not be there."""

    _conditional = False

    #: Columns of X.
    n_features_in_: int
    #: Their names, where fit saw some.
    feature_names_in_: np.ndarray

    # What scikit-learn's clone, Pipeline and GridSearchCV need.

    @classmethod
    def _names(cls) -> list[str]:
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings by name. ``deep`` changes nothing: no setting is an estimator."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self: Self, **params: Any) -> Self:
        """Changes settings; they count from the next fit on."""
        names = self._names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: {names!r}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        given = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and repr(value) != repr(defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_run")

    # Settings.

    def _flags(self) -> list[tuple[str, str]]:
        given = ((name, getattr(self, name, None)) for name in SETTINGS)
        flags = [(name.replace("_", "-"), setting(name, value)) for name, value in given if value is not None]
        return [*flags, ("seed", text(seed_of(self.random_state)))]  # type: ignore[attr-defined]

    def _threads(self) -> int | None:
        """The threads of ``n_jobs``: ``None`` for as many as are fastest, by measurement."""
        jobs = self.n_jobs  # type: ignore[attr-defined]
        if jobs is None:
            return None
        is_whole = isinstance(jobs, (int, np.integer)) and not isinstance(jobs, bool)
        if not is_whole or jobs == 0:
            what = f"n_jobs={shown(jobs)}: give the number of threads, -1 for all, or None for the fastest number"
            raise (ValueError if is_whole else WrongType)(what)
        # More than there are cores would wait for each other.
        cores = _sbn.cores()
        return min(int(jobs), cores) if jobs > 0 else max(1, cores + 1 + int(jobs))

    def _samples(self) -> int:
        """Samples of a score, and of a prediction."""
        samples = self.nll_samples  # type: ignore[attr-defined]
        if samples is None:
            return NLL_SAMPLES
        _sbn.check([("nll-samples", setting("nll_samples", samples))])
        return int(samples)

    # What a run is.

    def _fitted(self) -> _sbn.Run:
        run = getattr(self, "_run", None)
        if run is None:
            raise not_fitted(self)
        return run

    def _take(self, run: _sbn.Run) -> None:
        """Is from now on what came of this run."""
        self._run = run
        self._scored: dict[str, Any] = {}
        for sentence in run.restored():
            warnings.warn(sentence, RuntimeWarning, stacklevel=3)
        if run.interrupted:
            warnings.warn(f"stopped after step {run.steps}; what was learned is kept", UserWarning, stacklevel=3)

    def _train(
        self,
        flags: list[tuple[str, str]],
        data: str,
        tables: Iterable[_sbn.Table | None],
        callback: Callable[[dict[str, Any]], Any] | None,
    ) -> None:
        train, valid, test = tables
        verbose = self.verbose  # type: ignore[attr-defined]
        with Progress.of(verbose, callback) as watcher:
            try:
                run = _sbn.fit(
                    flags, data, train, valid, test,
                    targets=self._target_columns(), threads=self._threads(), watcher=watcher,
                )  # fmt: skip
            except ValueError as error:
                # scikit-learn's word for it.
                if train is not None and train.shape[0] < 6:
                    raise ValueError(f"{error} (n_samples={train.shape[0]})") from None
                raise
        self._take(run)

    def _take_rows(self, flags: list[tuple[str, str]], data: str, rows: _sbn.Table) -> None:
        before = getattr(self, "_run", None)
        threads = self._threads()
        self._take(
            _sbn.take_rows(flags, data, rows, before, targets=self._target_columns(), threads=threads)
        )

    def _target_columns(self) -> int:
        """Columns of a row that are its target."""
        return 0

    def _rows_of(self, X: Any, name: str = "X") -> Any:
        """``X`` as an array or `Packed`."""
        return X if isinstance(X, Packed) else array_of(X, name)

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        """A model stays what it is where fitting another one fails."""
        run, before = vars(self).get("_run"), {name: vars(self)[name] for name in COLUMNS if name in vars(self)}
        try:
            yield
        except BaseException:
            # A warning that is an error comes when the new model is there.
            if vars(self).get("_run") is run:
                for name in COLUMNS:
                    vars(self).pop(name, None)
                vars(self).update(before)
            raise

    def _inputs(self, X: Any, name: str, reset: bool) -> Any:
        """``X`` as an array or `Packed`, of the width and with the column names that fit saw."""
        rows = self._rows_of(X, name)
        named = hasattr(X, "columns") and hasattr(X, "shape")
        try:
            features(self, X if named else rows, rows.shape[1], reset)
        except ValueError as error:
            found, units = rows.shape[1], getattr(self, "n_features_in_", rows.shape[1])
            if found == units or reset:
                raise
            # Before it the sentence of scikit-learn.
            raise ValueError(f"{error}. {name}: has {found} units, but the model takes {units}") from None
        return rows

    def _run_seed(self, run: _sbn.Run) -> int:
        return int(json.loads(run.settings).get("seed", 1))

    def _nll(self, run: _sbn.Run, table: _sbn.Table) -> np.ndarray:
        raw = run.model.nll(table, self._samples(), self._run_seed(run), self._threads())
        return floats(raw, table.shape[0]).astype(np.float64)

    @property
    def network_(self) -> str:
        """The network that was trained, as it is written: ``16-32-[8] / [8]-32-16``."""
        return self._fitted().model.network

    @property
    def n_iter_(self) -> int:
        """Epochs that were taken."""
        return len(self.history_)

    @property
    def n_steps_(self) -> int:
        """Steps that were taken."""
        return self._fitted().steps

    @property
    def history_(self) -> list[dict[str, float]]:
        """Of every epoch ``epoch``, ``step``, ``train_neg_elbo`` and ``valid_neg_elbo`` (nats a row), ``gradient_variance``,
        ``steps_per_second`` and ``seconds``: the lines of ``metrics.jsonl``."""
        return self._fitted().history()

    @property
    def figures_(self) -> dict[str, float] | None:
        """Of the test rows ``neg_elbo`` and ``nll`` with standard errors (nats a row), ``nll_samples`` and ``images`` (rows);
        ``None`` where a run did not come to its end."""
        return self._fitted().test()

    @property
    def params_(self) -> dict[str, np.ndarray]:
        """A copy of the parameters by the names of ``model.safetensors``: float32 arrays ``encoder.0.weight`` of shape
        (inputs, outputs), ``encoder.0.bias``, .., ``prior.logits``. A layer computes ``x @ weight + bias``."""
        return {name: floats(raw, *shape) for name, shape, raw in self._fitted().model.params()}

    # Files.

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Writes a run folder, as `arm train --out` does, or with a name that ends in ``.safetensors`` the model alone.

        Args:
            path: the folder, which must not exist, or the file: a model that is there is replaced whole, another file is not touched.
            overwrite: replace the run in a folder that is there.

        Raises:
            ValueError: there is something else in its place, or it cannot be written.
        """
        run = self._fitted()
        path = file_name("path", path)
        if path.endswith(".safetensors"):
            run.save_model(path)
        else:
            run.save_folder(path, truth("overwrite", overwrite))

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike[str]) -> Self:
        """Reads a run folder, a ``.safetensors`` model, or bytes that a device saved to a file.

        Raises:
            FileNotFoundError: nothing is there.
            ValueError: it is damaged, no model, or of the other kind of network.
        """
        return cls._adopt(read(path))

    @classmethod
    def from_device(cls: type[Self], saved: bytes) -> Self:
        """The model in the bytes that a device saved, or that ``to_device`` wrote to ``NAME.sbn``.

        Raises:
            ValueError: they are damaged, or of the other kind of network.
        """
        return cls._adopt(_sbn.Run.from_device(bytes_of("saved", saved)))

    @classmethod
    def _adopt(cls: type[Self], run: _sbn.Run) -> Self:
        if run.model.conditional != cls._conditional:
            other = "BinaryRegressor" if run.model.conditional else "BinaryVAE"
            raise ValueError(f"{run.model.network}: is {'' if run.model.conditional else 'not '}conditional; give {other}")
        names = cls._names()
        own: Mapping[str, Any] = {key.replace("-", "_"): value for key, value in json.loads(run.settings).items()}
        settings = {name: value for name, value in own.items() if name in names and value is not None}
        if "seed" in own:
            settings["random_state"] = own["seed"]
        estimator = cls(**settings)
        estimator._take(run)
        estimator.n_features_in_ = run.model.widths[0]
        return estimator

    def to_device(self, name: str | os.PathLike[str]) -> None:
        """Writes ``NAME.sbn``, ``NAME.rs`` and ``NAME.h``, as `arm export --out NAME` does: the bytes that a device loads, and sources
        in Rust and C with a self-test.

        Args:
            name: the files without their extension; its last part is a prefix in C: lower-case letters, digits and ``_``. What an
                earlier call wrote is replaced, other files are not touched.

        Raises:
            ValueError: another name, other files in their place, a network that C has no room for, or files that cannot be written.
        """
        self._fitted().model.export(file_name("name", name))

    def device_bytes(self) -> bytes:
        """The bytes of ``NAME.sbn``."""
        return self._fitted().model.device_bytes()
