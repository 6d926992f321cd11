"""From arrays to rows of bits."""

from __future__ import annotations

import sys
from typing import Any, Callable, Sequence

import numpy as np

from . import _sbn
from ._check import shown, whole
from ._errors import WrongType, scikit_learn

#: Cells that are looked at together: what is needed beside the array and its bits is a byte for each of these.
CELLS = 1 << 22


class Packed:
    """Rows of bits that are packed already, eight to a byte: ``np.packbits(X, axis=1, bitorder="little")``.

    Args:
        data: uint8 array of shape (rows, at least ceil(columns / 8)); it may be memory-mapped, and is not copied. Bits behind the
            last column are not looked at, whatever they are.
        columns: columns of the table that it stands for.
        bitorder: ``"little"``, where the first column is the lowest bit of the first byte, or ``"big"``, as ``np.packbits`` has it
            by default.
    """

    def __init__(self, data: Any, columns: int, bitorder: str = "little") -> None:
        data = as_array(data, "packed bits")
        if data.ndim != 2 or data.dtype != np.uint8:
            raise ValueError(f"packed bits are a uint8 array of rows x bytes, not {data.dtype} of shape {data.shape}")
        columns = whole("columns", columns)
        if data.shape[1] < (columns + 7) // 8:
            raise ValueError(f"{data.shape[1]} bytes a row do not hold {columns} columns")
        if not isinstance(bitorder, str) or bitorder not in ("little", "big"):
            raise WrongType(f'bitorder={shown(bitorder)}: give "little" or "big"')
        self.data, self.columns, self.bitorder = data, columns, bitorder

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the table."""
        return self.data.shape[0], self.columns

    def __len__(self) -> int:
        return self.data.shape[0]

    def __getitem__(self, rows: Any) -> "Packed":
        if isinstance(rows, tuple):
            # As scikit-learn writes it: these rows, and all that is in them.
            rows, *others = rows
            if not all(other is ... or isinstance(other, slice) and other == slice(None) for other in others):
                raise IndexError("packed bits are indexed by rows alone")
        try:
            data = self.data[rows]
        except OverflowError as error:
            raise IndexError(str(error)) from None
        return Packed(data.reshape(-1, self.data.shape[1]), self.columns, self.bitorder)

    def toarray(self) -> np.ndarray:
        """The table as uint8 0 and 1, of shape (rows, columns)."""
        return np.unpackbits(self.data, axis=1, count=self.columns, bitorder=self.bitorder)  # type: ignore[call-overload]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.toarray() if dtype is None else self.toarray().astype(dtype)


def source(X: Any, name: str) -> str:
    """What the settings of a run say of where its data are: the file of a memory map, or the name of the argument."""
    array = X.data if isinstance(X, Packed) else X
    file = getattr(array, "filename", None)
    return str(file) if isinstance(array, np.memmap) and file else name


TABLE = "give a table of rows x columns (one example a row)"


def as_array(X: Any, name: str) -> np.ndarray:
    """``X`` as NumPy sees it, memory maps as they are."""
    try:
        return np.asanyarray(X)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001: what a class of somebody's raises.
        what = "rows of different lengths, or cells that are no numbers"
        raise WrongType(f"{name}: is no table ({what}); {TABLE}") from error


def numbers(array: np.ndarray, X: Any, name: str) -> np.ndarray:
    """An array of objects as floats: numbers that NumPy knows no type for."""
    if array.ndim == 0:
        raise WrongType(f"{name}={shown(X)}: is no table; {TABLE}")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        for place, cell in np.ndenumerate(array):
            try:
                float(cell)
            except (TypeError, ValueError, OverflowError):
                row, *column = place
                at = f"row {row}, column {column[0]}" if len(column) == 1 else f"row {row}"
                raise WrongType(f"{name}: {at} holds {shown(cell)}, which is no number ({error})") from None
        raise WrongType(f"{name}: holds what is no number ({error})") from None


def array_of(X: Any, name: str, one_column: bool = False) -> np.ndarray:
    """``X`` as a two-dimensional array of booleans, integers or floats; with ``one_column`` one of one dimension is a column. Errors say
    what `arm` says."""
    if hasattr(X, "toarray") and hasattr(X, "nnz"):
        raise WrongType(f"{name}: sparse data cannot be read; give {name}.toarray()")
    if np.ma.is_masked(X):
        raise ValueError(f"{name}: has masked values, which are no bits; leave these rows out")
    array = np.asarray(as_array(X, name))
    if array.dtype.kind == "O":
        array = numbers(array, X, name)
    if array.dtype.kind == "c":
        raise ValueError(f"{_sbn.no_type(name, array.dtype.str)}. Complex data not supported")
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ValueError(_sbn.no_type(name, array.dtype.str))
    if one_column and array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim == 0:
        raise WrongType(f"{name}={shown(X)}: is no table; {TABLE}")
    if array.ndim == 1:
        sentence = _sbn.no_table(name, list(array.shape))
        raise ValueError(
            f"{sentence}. Reshape your data: {name}.reshape(1, -1) is one example, {name}.reshape(-1, 1) one column"
        )
    if array.ndim != 2:
        raise ValueError(_sbn.no_table(name, list(array.shape)))
    rows, columns = array.shape
    if columns == 0:
        least = f"0 feature(s) (shape={array.shape}) while a minimum of 1 is required."
        raise ValueError(f"{_sbn.no_table(name, [rows, columns])}: {least}")
    if rows == 0:
        raise ValueError(_sbn.no_rows(name))
    return array


def check_bits(cells: np.ndarray, name: str, first: int) -> np.ndarray:
    """The cells as booleans. Errors: a cell that is neither 0 nor 1, the first of them."""
    if cells.dtype.kind == "b":
        return cells
    ones = cells == 1
    wrong = cells != ones
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        number = float(cells[row, column])
        holds = f"{name}: row {first + row}, column {column} holds {'NaN' if np.isnan(number) else format(number, 'g')}"
        if not np.isfinite(number):
            raise ValueError(f"{holds}, and only 0 and 1 are taken; leave out its row or its column, or say what stands for it")
        raise ValueError(
            f"{holds}, and only 0 and 1 are taken; {name} > threshold makes bits of numbers, in a Pipeline "
            f"sklearn.preprocessing.Binarizer"
        )
    return ones


def table(parts: Sequence[tuple[str, Any]]) -> _sbn.Table:
    """The rows of arrays or `Packed`, beside each other, as a table of bits. Memory: a bit for each cell, and `CELLS` bytes."""
    reads: list[Callable[[int, int], np.ndarray]] = []
    for name, part in parts:
        if isinstance(part, Packed):
            reads.append(lambda a, b, part=part: part[a:b].toarray())
        else:
            reads.append(lambda a, b, part=part, name=name: check_bits(part[a:b], name, a))
    rows, columns = parts[0][1].shape[0], sum(part.shape[1] for _, part in parts)
    for name, part in parts[1:]:
        if part.shape[0] != rows:
            what = f"{parts[0][0]} has {rows} rows, {name} has {part.shape[0]}"
            raise ValueError(f"{what}: inconsistent numbers of samples; give a row of {name} for each of {parts[0][0]}")
    out = np.zeros((rows, 4 * ((columns + 31) // 32)), dtype=np.uint8)
    step = max(1, CELLS // columns)
    for a in range(0, rows, step):
        b = min(rows, a + step)
        blocks = [read(a, b) for read in reads]
        block = blocks[0] if len(blocks) == 1 else np.hstack(blocks)
        out[a:b, : (columns + 7) // 8] = np.packbits(block, axis=1, bitorder="little")
    return _sbn.Table(rows, columns, out.tobytes())


def features(estimator: Any, X: Any, found: int, reset: bool) -> None:
    """Remembers the width ``found`` and the column names of ``X``, or compares them with those of fit, as scikit-learn does."""
    validation = scikit_learn("utils.validation")
    if hasattr(validation, "validate_data") and not isinstance(X, Packed):
        validation.validate_data(estimator, X, reset=reset, skip_check_array=True)
        return
    names = None if isinstance(X, Packed) else getattr(X, "columns", None)
    if reset:
        estimator.n_features_in_ = found
        if np.iterable(names) and all(isinstance(name, str) for name in names):
            estimator.feature_names_in_ = np.asarray(list(names), dtype=object)
        elif hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    elif found != estimator.n_features_in_:
        raise ValueError(
            f"X has {found} features, but {type(estimator).__name__} is expecting {estimator.n_features_in_} features as input"
        )
    elif np.iterable(names) and hasattr(estimator, "feature_names_in_"):
        for column, (name, known) in enumerate(zip(names, estimator.feature_names_in_)):
            if name != known:
                what = f"column {column} is {shown(name)}, in fit it was {shown(known)}"
                raise ValueError(f"The feature names should match those that were passed during fit: {what}; give the columns of feature_names_in_")


def floats(raw: bytearray, *shape: int) -> np.ndarray:
    """The float32 array in bytes that were just made, which it takes over."""
    array = np.frombuffer(raw, dtype="<f4").reshape(shape)
    return array if sys.byteorder == "little" else array.astype(np.float32)


def bits(table: _sbn.Table) -> np.ndarray:
    """A table as uint8 0 and 1."""
    rows, columns = table.shape
    raw = np.frombuffer(table.to_bytes(), dtype=np.uint8).reshape(rows, -1)
    return np.unpackbits(raw, axis=1, count=columns, bitorder="little")
