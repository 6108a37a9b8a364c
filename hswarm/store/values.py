"""Values as JSON and back, exactly: every float to the last bit, arrays as compact base64.

Plain JSON has neither arrays nor NaN nor infinity. An array is written as
`{"shape": [2, 3], "float64": "<base64 of the little-endian bytes>"}`, eleven characters a number;
a float that is not finite as `{"float": "nan"}`. Everything else is what it is in JSON, so any
JSON reader can read the files of a run.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

DTYPES: Final = ("float64", "int64", "bool")
"""The arrays that can be written."""

_MARKS: Final = (*({"shape", dtype} for dtype in DTYPES), {"float"})


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return `value` as strict JSON text in ASCII; equal values give equal text.

    `value` is made of None, bool, int, float, str, lists, tuples (they come back as lists),
    mappings with string keys, numpy scalars (they come back as Python's) and numpy arrays of the
    types in `DTYPES`. TypeError for anything else, ValueError for a mapping that would read as one
    of the two forms above.
    """
    return json.dumps(
        encode(value),
        allow_nan=False,
        sort_keys=True,
        indent=indent,
        separators=(",", ":") if indent is None else None,
    )


def loads(text: str | bytes) -> Any:
    """Return the value that `dumps` wrote; ValueError if it is not JSON."""
    return json.loads(text, object_hook=_decode_object)


def encode(value: Any) -> Any:
    """Return `value` with arrays and floats that are not finite in their JSON forms."""
    match value:
        case np.ndarray():
            return encode_array(value)
        case np.generic():
            return encode(value.item())
        case float() if not math.isfinite(value):
            return {"float": str(float(value))}
        case Mapping():
            return _encode_mapping(value)
        case list() | tuple():
            return [encode(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"a {type(value).__name__} cannot be saved")


def encode_array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return an array's JSON form; TypeError if its type is not one of `DTYPES`."""
    dtype = array.dtype.name
    if dtype not in DTYPES:
        raise TypeError(f"an array of {dtype} cannot be saved")
    content = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    return {"shape": list(array.shape), dtype: base64.b64encode(content).decode("ascii")}


def _encode_mapping(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    for key in mapping:
        if not isinstance(key, str):
            raise TypeError(f"the key {key!r} of a mapping is not a string")
    if set(mapping) in _MARKS:
        raise ValueError(f"a mapping with just the keys {sorted(mapping)} cannot be saved")
    return {key: encode(item) for key, item in mapping.items()}


def _decode_object(found: dict[str, Any]) -> Any:
    if set(found) not in _MARKS:
        return found
    if "float" in found:
        return float(found["float"])
    (dtype,) = set(found) - {"shape"}
    content = base64.b64decode(found[dtype], validate=True)
    stored = np.frombuffer(content, dtype=np.dtype(dtype).newbyteorder("<"))
    return stored.astype(dtype).reshape(found["shape"])
