"""How far a run is: for a callback, a bar of tqdm, or lines."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Callable

from ._check import function, truth


def bar_of_tqdm() -> Callable[..., Any] | None:
    """tqdm's bar for notebooks and terminals, if it is installed."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm


class Progress:
    """Told about a run as it goes on, at most twenty times a second and after each epoch."""

    def __init__(self, verbose: Any, callback: Callable[[dict[str, Any]], Any] | None) -> None:
        self.verbose, self.callback = verbose, callback
        self.bar: Any = None
        self.done = 0

    @classmethod
    def of(cls, verbose: Any, callback: Callable[[dict[str, Any]], Any] | None) -> "Progress | Nobody":
        """Nobody, where nobody watches."""
        if callback is not None:
            function("callback", callback, "the figures of an epoch")
        verbose = truth("verbose", verbose)
        return cls(verbose, callback) if verbose or callback is not None else Nobody()

    def __enter__(self) -> "Progress":
        make = bar_of_tqdm() if self.verbose else None
        if make is not None:
            self.bar = make(unit=" steps")
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def step(self, step: int, neg_elbo: float) -> None:
        """After a step."""
        if self.bar is not None:
            self.bar.update(step - self.done)
            self.bar.set_postfix_str(f"-ELBO {neg_elbo:.2f}", refresh=False)
            self.done = step

    def epoch(self, figures: dict[str, Any]) -> bool:
        """After an epoch; true to leave."""
        if self.verbose and self.bar is None:
            print(
                "epoch {epoch}, step {step}: train -ELBO {train_neg_elbo:.2f}, valid -ELBO {valid_neg_elbo:.2f}, "
                "{steps_per_second:.0f} steps/s".format(**figures),
                file=sys.stderr,
            )
        if self.bar is not None:
            self.step(figures["step"], figures["train_neg_elbo"])
        return bool(self.callback(dict(figures))) if self.callback is not None else False


class Nobody:
    """In place of a `Progress` that nobody looks at."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
