"""Values survive the way to JSON and back to the last bit, or are refused."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hswarm.store import values

ARRAYS = st.sampled_from(["float64", "int64", "bool"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)


def mappings(inner):
    """Mappings that do not look like an array or a float in JSON: those are refused."""
    marks = [{"float"}, *({"shape", dtype} for dtype in values.DTYPES)]
    return st.dictionaries(st.text(), inner, max_size=4).filter(lambda m: set(m) not in marks)


PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | mappings(inner),
    max_leaves=20,
)


def same(a, b):
    """Equal in type and to the last bit, the sign of zero included; a NaN is a NaN."""
    if type(a) is not type(b):
        return False
    match a:
        case np.ndarray():
            return a.dtype == b.dtype and a.shape == b.shape and same(a.tolist(), b.tolist())
        case float():
            return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))
        case list():
            return len(a) == len(b) and all(map(same, a, b))
        case dict():
            return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b


@settings(deadline=None)
@given(PAYLOADS)
def test_payloads_come_back_exactly(payload):
    assert same(values.loads(values.dumps(payload)), payload)


@settings(deadline=None)
@given(PAYLOADS)
def test_text_is_one_line_of_strict_ascii_json(payload):
    text = values.dumps(payload)
    assert text.isascii()
    assert "\n" not in text
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_text_does_not_depend_on_the_order_of_keys():
    assert values.dumps({"b": 1, "a": {"d": 2, "c": 3}}) == values.dumps(
        {"a": {"c": 3, "d": 2}, "b": 1}
    )


def test_numpy_scalars_and_tuples_come_back_as_pythons_own():
    given_values = {"u": np.float64(0.1), "n": np.int64(3), "b": np.bool_(True), "t": (1, 2)}
    back = values.loads(values.dumps(given_values))
    assert same(back, {"u": 0.1, "n": 3, "b": True, "t": [1, 2]})
    assert math.isinf(values.loads(values.dumps(np.float64("-inf"))))


def test_arrays_take_eleven_characters_a_number():
    array = np.random.default_rng(0).normal(size=(100, 50))
    assert len(values.dumps(array)) < 11 * array.size


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[:, ::-1], np.s_[1:, 1:]])
def test_views_and_foreign_byte_orders_are_saved_by_value(view):
    array = np.arange(12.0).reshape(3, 4)
    assert same(values.loads(values.dumps(array[view])), array[view].copy())
    assert same(values.loads(values.dumps(array.astype(">f8"))), array)
    assert same(values.loads(values.dumps(np.asfortranarray(array))), array)


def test_what_was_loaded_can_be_written_to():
    back = values.loads(values.dumps(np.zeros(3)))
    back[0] = 1.0
    assert back[0] == 1.0


@pytest.mark.parametrize(
    "value",
    [{1: "a"}, {None: 1}, {1, 2}, b"bytes", object(), np.zeros(2, np.float32), 1j, [np.array("s")]],
)
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError):
        values.dumps(value)


@pytest.mark.parametrize(
    "value", [{"float": "nan"}, {"shape": [1], "float64": "AAAA"}, {"x": {"shape": 1, "bool": ""}}]
)
def test_what_would_read_as_something_else_is_refused(value):
    with pytest.raises(ValueError, match="cannot be saved"):
        values.dumps(value)


@pytest.mark.parametrize("value", [{"float": "nan", "more": 1}, {"shape": [1]}, {"float64": "a"}])
def test_what_only_resembles_the_forms_is_kept(value):
    assert values.loads(values.dumps(value)) == value
