"""Valid CSV files, and the errors for invalid ones."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwlapp.core.data.choices import Choices
from pwlapp.core.data.files import parse_csv, parse_encoded, read_own
from pwlapp.core.net import Array
from pwlapp.errors import UserError
from tests.support.csv_files import GOOD, assert_good, parse

# Good files


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(GOOD, id="as it is"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="byte order mark"),
        pytest.param(GOOD.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(GOOD.replace(b"\n", b"\r"), id="CR"),
        pytest.param(GOOD.rstrip(), id="no newline at the end"),
        pytest.param(GOOD.replace(b",", b";"), id="semicolons"),
        pytest.param(GOOD.replace(b",", b";").replace(b".", b","), id="decimal commas"),
        pytest.param(GOOD.replace(b",", b"\t"), id="tabs"),
        pytest.param(GOOD.replace(b",", b" , "), id="spaces"),
        pytest.param(b"X, Prob ,Y\n-1,.25,0\n5e-1,75e-2,1\n", id="other spellings"),
        pytest.param(b'"x","prob","y"\n"-1.0","0.25","0"\n"0.5","0.75","1"\n', id="quotes"),
        pytest.param(b"y,n,x,prob\n0,a,-1,0.25\n1,,0.5,0.75\n", id="extra column, other order"),
        pytest.param(b"x,prob,y,x\n-1,.25,0,7\n.5,.75,1,7\n", id="a name twice: the first"),
        pytest.param(b"\n\nx,prob,y\n\n-1,0.25,0\n,,\n0.5,0.75,1\n\n", id="blank lines"),
        pytest.param(b"x,prob,y,\n-1,0.25,0,\n0.5,0.75,1,\n", id="a comma at the end"),
        pytest.param(GOOD.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(GOOD.decode().encode("utf-16-le"), id="UTF-16 without a byte order mark"),
        pytest.param("x,prob,y,이름\n-1,.25,0,가\n.5,.75,1,나\n".encode(), id="Korean, UTF-8"),
        pytest.param("x,prob,y,이름\n-1,.25,0,가\n.5,.75,1,나\n".encode("cp949"), id="CP949"),
    ],
)
def test_files_that_are_fine(raw: bytes):
    assert_good(parse(raw))


def test_one_point_is_enough_and_y_may_be_a_share():
    assert parse(b"x,prob,y\n0,0.5,0.3\n").y.tolist() == [np.float32(0.3)]


# Bad files

NEEDED = {"needed": "x, prob, y"}
UNCLEAR = {"cell": "1,000", "high": "1000", "low": "1"}


@pytest.mark.parametrize(
    ("raw", "code", "args"),
    [
        (b"", "data_empty", NEEDED),
        (b" \r\n\n", "data_empty", NEEDED),
        (b"x,prob,y\n", "data_empty", NEEDED),
        (b"x,prob,y\n,,\n\n", "data_empty", NEEDED),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "data_not_csv", NEEDED),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "data_bad_workbook", {}),
        (b"\xff\xff\xff", "data_not_csv", NEEDED),
        (b"<!DOCTYPE html>\n<title>x, prob, y</title>", "data_not_csv", NEEDED),
        (b'{"x": [1], "prob": [1], "y": [1]}', "data_not_csv", NEEDED),
        (b"just some words\nand more\n", "data_not_csv", NEEDED),
        (b'x,prob,y\n"1,0.5,0\n', "data_not_csv", NEEDED),
        (b"x,prob,y\n1,0.5,0,7\n", "data_long_row", {"row": 2}),
        (b"x,prob,y\n0,5,0,5,1\n", "data_long_row", {"row": 2}),
        (b"x;prob;y\n1,000;0;1\n", "data_decimal_unclear", UNCLEAR),
        (b"x,prob,y\n0,1," + b"9" * 200_000, "data_not_number", {"column": "y", "row": 2}),
        (
            b"x,prob,y\n" + b"1,0.5,0\n" * 100_000 + b"1,0.5,0,7\n",
            "data_long_row",
            {"row": 100_002},
        ),
        (b"x,prob,y" + b"," * 900_000 + b"\n1,0.5,0\n", "data_not_csv", NEEDED),  # columns
        (b"x,prob,y" + b"," * 900 + b"\n0" * 400_000, "data_not_csv", NEEDED),  # short rows
        (b"prob,y\n0.5,1\n", "data_missing_column", {"column": "x"} | NEEDED),
        (b"x,y\n0.5,1\n", "data_missing_column", {"column": "prob"} | NEEDED),
        (b"x,prob\n0.5,1\n", "data_missing_column", {"column": "y"} | NEEDED),
        (b"x\n0.5\n", "data_missing_column", {"column": "prob"} | NEEDED),
        (b"0.1,0.2,0.3\n0.1,0.2,0.3\n", "data_missing_column", {"column": "x"} | NEEDED),
        (b"x,prob,y\n1,0.5,0\n\ntwo,0.5,0\n", "data_not_number", {"column": "x", "row": 4}),
        (b'n,x,prob,y\n"a\nb",1,0.5,0\nc,-,0.5,0\n', "data_not_number", {"column": "x", "row": 3}),
        (b"x,prob,y\n1,0.5,\n", "data_not_number", {"column": "y", "row": 2}),
        (b"x,prob,y\n1,0.5\n", "data_not_number", {"column": "y", "row": 2}),
        (b"x,prob,y\n1,NaN,1\n", "data_not_number", {"column": "prob", "row": 2}),
        (b"x,prob,y\n1,inf,1\n", "data_not_number", {"column": "prob", "row": 2}),
        (b"x,prob,y\n1e999,0.5,1\n", "data_not_number", {"column": "x", "row": 2}),
        (
            b"x,prob,y\n1,0.5,0\n1,0.5,2\n",
            "data_out_of_range",
            {"column": "y", "row": 3, "min": 0, "max": 1},
        ),
        (
            b"x,prob,y\n1,0.5,-0.1\n",
            "data_out_of_range",
            {"column": "y", "row": 2, "min": 0, "max": 1},
        ),
        (
            b"x,prob,y\n1,1.0001,0\n",
            "data_out_of_range",
            {"column": "prob", "row": 2, "min": 0, "max": 1},
        ),
        (
            b"x,prob,y\n1e7,0.5,0\n",
            "data_out_of_range",
            {"column": "x", "row": 2, "min": -1_000_000, "max": 1_000_000},
        ),
    ],
)
def test_files_that_are_not(raw: bytes, code: str, args: dict[str, object]):
    with pytest.raises(UserError) as refused:
        parse(raw)
    assert (refused.value.code, refused.value.args_) == (code, args)


def test_a_file_over_the_limit():
    assert_good(parse_csv(GOOD, max_bytes=len(GOOD)))
    with pytest.raises(UserError) as refused:
        parse_csv(GOOD + b" " * 2_500_000, max_bytes=2_500_000)
    assert (refused.value.code, refused.value.args_) == ("data_too_big", {"limit_mb": 2.5})


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(alphabet='xproby,;\t"\n\r01.-e가', max_size=80).map(str.encode),
        st.lists(st.sampled_from([b"x,prob,y", b"1,0.5,1", b"1,0.5", b",,", b'"', b"\n"])).map(
            b"\n".join
        ),
    )
)
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_any_bytes_are_points_or_a_user_error(raw: bytes):
    try:
        points = parse(raw)
    except UserError:
        return  # any other exception fails the test
    assert points.x.size == points.y.size >= 1
    assert np.isfinite([points.x, points.prob, points.y]).all()


# A student's own files


def parse_own(raw: bytes, max_bytes: int, **more: int) -> tuple[Array, Array | None, Array]:
    return read_own(raw, max_bytes, Choices(), **more).points()


def test_a_students_file_with_and_without_the_truth() -> None:
    x, prob, y = parse_own("\ufeffX ; Y\n0,5;1\n\n-1;-2,5\n".encode(), 1000)
    assert (x.tolist(), prob, y.tolist()) == ([0.5, -1.0], None, [1.0, -2.5])
    x, prob, y = parse_own(b"y,note,prob,x\n0,a,0.25,1\n1,b,1,2\n", 1000)
    assert prob is not None
    assert (x.tolist(), prob.tolist(), y.tolist()) == ([1, 2], [0.25, 1], [0, 1])
    _, prob, _ = parse_own(b"x,y,prob\n0,5,4.5\n1,2,-3\n", 1000)
    assert prob is not None
    assert prob.tolist() == [4.5, -3]
    encoded = base64.b64encode(b"x,y\n0,1\n1,0\n").decode()
    assert parse_encoded(encoded, 1000, Choices())[0].tolist() == [0, 1]


XY = {"needed": "x, y"}


@pytest.mark.parametrize(
    ("raw", "code", "args"),
    [
        (b"", "data_empty", XY),
        (b"x,y\n", "data_empty", XY),
        (b"x,y\n1,2\n", "data_empty", XY),
        (b"<html>", "data_not_csv", XY),
        (b'x,y\n1,"2\n', "data_not_csv", XY),
        (b"x,z\n1,2\n1,2\n", "data_missing_column", {"column": "y"} | XY),
        (b"x,y\n1,2\n\n1,two\n", "data_not_number", {"column": "y", "row": 4}),
        (b"x,y\n1,2\n1,nan\n", "data_not_number", {"column": "y", "row": 3}),
        (
            b"x,y\n1,2\n20000,2\n",
            "data_out_of_range",
            {"column": "x", "row": 3, "min": -10_000, "max": 10_000},
        ),
        (
            b"x,y,prob\n1,1,0\n2,0,1.5\n",
            "data_out_of_range",
            {"column": "prob", "row": 3, "min": 0, "max": 1},
        ),
        (b"x,y\n" + b"1,2\n" * 11, "data_too_long", {"max": 10}),
        (b"x,y\n" + b"1,2\n" * 300, "data_too_big", {"limit_mb": 0.001}),
    ],
)
def test_a_students_file_that_cannot_be_used(
    raw: bytes, code: str, args: dict[str, object]
) -> None:
    with pytest.raises(UserError) as caught:
        parse_own(raw, 1000, max_points=10)
    assert (caught.value.code, caught.value.args_) == (code, args)
