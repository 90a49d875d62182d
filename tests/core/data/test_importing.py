"""Files as students have them: imported, or refused with a question, and compared with the data."""

from __future__ import annotations

import contextlib
import datetime
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwlapp.core.data.cells import decimal_mark, number
from pwlapp.core.data.choices import Choices
from pwlapp.core.data.files import MAX_OWN, read_own
from pwlapp.core.data.importing import NO_COLUMN, Import
from pwlapp.core.data.workbooks import MAX_UNPACKED, unpacked
from pwlapp.errors import UserError

LIMIT = 1_000_000
X = [-1.0, -0.5, 0.25, 1234.5]
Y = [0.0, 1.0, 1.0, 0.0]


def read(raw: bytes | str, most: int = 10_000, **choices: Any) -> Import:
    content = raw.encode() if isinstance(raw, str) else raw
    return read_own(content, LIMIT, Choices(**choices), most)


def columns(raw: bytes | str, **choices: Any) -> list[list[float] | None]:
    """X, y and prob of a file that is read without a question."""
    file = read(raw, **choices)
    assert file.preview()["is_sure"]
    x, prob, y = file.points()
    return [x.tolist(), y.tolist(), prob if prob is None else prob.tolist()]


def codes(raw: bytes | str, **choices: Any) -> list[str]:
    """The codes of a file's problems."""
    return [problem["code"] for problem in read(raw, **choices).preview()["problems"]]


def refusal(raw: bytes | str, **choices: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UserError) as refused:
        read(raw, **choices).points()
    return refused.value.code, refused.value.args_


def written(**options: Any) -> str:
    """The points as pandas writes them."""
    return pd.DataFrame({"x": X, "y": Y}).to_csv(index=False, **options)


# Text files that are read without a question


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_unicode(encoding: str) -> None:
    assert columns(written(sep="\t").encode(encoding)) == [X, Y, None]


def test_excels_unicode_text_with_decimal_commas() -> None:
    assert columns(written(sep="\t", decimal=",").encode("utf-16")) == [X, Y, None]


@pytest.mark.parametrize(("encoding", "note"), [("cp949", "김철수"), ("cp1252", "Größe, é")])
def test_encodings_of_windows(encoding: str, note: str) -> None:
    table = pd.DataFrame({"x": X, "y": Y, note: note})
    raw = table.to_csv(index=False).encode(encoding)
    assert columns(raw) == [X, Y, None]
    preview = read(raw).preview()
    assert (preview["found"]["encoding"], preview["names"][2]) == (encoding, note)
    assert preview["rows"][0] == [2, "-1.0", "0.0", note]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_decimal_marks(separator: str, decimal: str, end: str) -> None:
    raw = written(sep=separator, decimal=decimal, lineterminator=end)
    assert columns(raw) == [X, Y, None]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("sep=;\nx;y\n-1;0\n-0,5;1\n0,25;1\n1234,5;0\n", id="Excel's sep="),
        pytest.param("x,y\n-1,0,\n-.5,1,\n.25,1,\n1234.5,0,\n", id="a comma at the end of data"),
        pytest.param('x,y\n-1,0\n"-0,5",1\n"0,25",1\n"1234,5",0\n', id="quoted decimal commas"),
        pytest.param("x,y\n−1,0\n－.5,1\n０．２５,１\n1234.5,0\n", id="U+2212, full width"),
        pytest.param("x;y\n-1;0\n-0,5;1\n0,25;1\n1.234,5;0\n", id="points between thousands"),
        pytest.param("x;y\n-1;0\n-0,5;1\n0,25;1\n1\u202f234,5;0\n", id="thin spaces"),
        pytest.param('x,y\n-1,0\n-.5,1\n.25,1\n"1,234.5",0\n', id="commas between thousands"),
        pytest.param("# by Kim\n\n# 3 May\nx,y\n-1,0\n-.5,1\n.25,1\n#?\n1234.5,0\n", id="comments"),
        pytest.param("# x,y\n-1,0\n-.5,1\n.25,1\n1234.5,0\n", id="NumPy's header"),
        pytest.param("# x y\n-1 0\n-.5 1\n.25 1\n1234.5 0\n", id="NumPy's header and spaces"),
        pytest.param("#,x,y\n1,-1,0\n2,-.5,1\n3,.25,1\n4,1234.5,0\n", id="# names a column"),
        pytest.param("My data\n\nx,y\n-1,0\n-.5,1\n.25,1\n1234.5,0\n", id="a title"),
        pytest.param("  x     y\n -1.0   0\n -0.5   1\n 0.25   1\n1234.5  0\n", id="aligned"),
    ],
)
def test_a_file_that_is_read_without_a_question(raw: str) -> None:
    assert columns(raw) == [X, Y, None]


# Numbers with two meanings


@pytest.mark.parametrize(
    ("raw", "cell"),
    [
        ("x;y\n1,000;0\n2,500;1\n", "1,000"),
        ("x\ty\n1,250\t0\n2\t1\n", "1,250"),
        ("x;y\n1.250;0\n2;1\n", "1.250"),
        ('x,y\n"1,250",0\n2,1\n', "1,250"),
    ],
)
def test_a_number_with_two_meanings_is_asked_about(raw: str, cell: str) -> None:
    code, told = refusal(raw)
    assert (code, told["cell"]) == ("data_decimal_unclear", cell)
    preview = read(raw).preview()
    assert (preview["is_sure"], preview["found"]["decimal"]) == (False, None)
    values = {columns(raw, decimal=mark)[0][0] for mark in ".,"}  # type: ignore[index]
    assert {told["high"], told["low"]} == {f"{value:g}" for value in values}
    assert len(values) == 2


def test_two_decimal_marks_in_a_file_are_asked_about() -> None:
    raw = "x;y\n1.5;0\n2,5;1\n3.5;1\n"
    assert refusal(raw) == ("data_decimal_mixed", {"point": "1.5", "comma": "2,5"})
    assert columns(raw, decimal=".", drop_gaps=True) == [[1.5, 3.5], [0, 1], None]


def test_one_number_that_is_clear_decides_for_all() -> None:
    assert columns("x;y\n1,000;0\n0,5;1\n")[0] == [1, 0.5]
    assert columns("x;y\n1,000;0\n0.5;1\n")[0] == [1000, 0.5]
    assert columns("x,y\n1.250,0\n2.500,1\n")[0] == [1.25, 2.5]


@given(st.lists(st.floats(-9e4, 9e4).map(lambda value: round(value, 4)), min_size=1, max_size=5))
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_no_number_is_misread_without_a_question(values: list[float]) -> None:
    """With each way in which Python groups thousands."""
    for template in ("{:.3f}", "{:,.3f}", "{:_.3f}", "{:,.0f}", "{:.4f}", "{:g}"):
        plain = [template.format(value).replace("_", " ") for value in values]
        swapped = [text.translate(str.maketrans(",.", ".,")) for text in plain]
        for texts, mark in ((plain, "."), (swapped, ",")):
            try:
                found = decimal_mark(texts)
            except UserError:
                continue  # it is asked about
            expected = [float(text.replace(",", "").replace(" ", "")) for text in plain]
            assert [number(text, found or ".") for text in texts] == expected, (texts, mark)


# Columns


def test_other_names_are_asked_about_and_the_first_numbers_proposed() -> None:
    raw = "이름,거리,라벨,확률\n가,0.5,1,0.7\n나,0.7,0,0.2\n"
    assert refusal(raw) == ("data_missing_column", {"column": "x", "needed": "x, y"})
    preview = read(raw).preview()
    found = preview["found"]
    assert (preview["is_sure"], preview["problems"]) == (False, [])
    assert (found["x"], found["y"], found["prob"]) == (1, 2, NO_COLUMN)
    assert preview["numbers"] == {"x": [0.5, 0.7], "y": [1, 0]}
    values = columns(raw, x=1, y=2, prob=3)
    assert values == [np.float32([0.5, 0.7]).tolist(), [1, 0], np.float32([0.7, 0.2]).tolist()]
    assert columns("x,y,prob\n1,2,3\n2,3,4\n", prob=NO_COLUMN)[2] is None
    assert codes("x,y\n1,2\n2,3\n", y=7) == ["data_missing_column"]


def test_a_file_without_names_is_asked_about() -> None:
    raw = "0.5,1\n0.25,0\n"
    preview = read(raw).preview()
    assert (preview["is_sure"], preview["found"]["header"], preview["names"]) == (
        False, False, ["", ""],
    )  # fmt: skip
    assert columns(raw, x=0, y=1)[0] == [0.5, 0.25]
    assert columns("2020,1\n0.5,1\n0.25,0\n", header=True, x=0, y=1)[0] == [0.5, 0.25]
    assert codes("0.5\n0.25\n") == ["data_missing_column"]


# Gaps, too many points, rows that are too long


def test_rows_with_gaps_are_counted_and_dropped_on_request() -> None:
    raw = "x,y,note\n1,2,a\n,3,b\n4,NA,c\n5,6,\n#N/A,#DIV/0!,\n"
    assert refusal(raw) == ("data_not_number", {"column": "x", "row": 3})
    preview = read(raw).preview()
    assert (preview["n_rows"], preview["n_gaps"], preview["n_points"]) == (4, 2, 4)
    assert columns(raw, drop_gaps=True) == [[1, 5], [2, 6], None]
    assert codes("x,y\n1,2\n,3\n", drop_gaps=True) == ["data_empty"]


def test_too_many_points_are_thinned_on_request() -> None:
    raw = "x,y\n" + "".join(f"{k},{-k}\n" for k in range(1000))
    assert codes(raw, most=100) == ["data_too_long"]
    x, y, _ = columns(raw, most=100, thin=True)
    assert x == sorted(x or [])
    assert y == [-value for value in x]
    assert (len(x), read(raw, most=100, thin=True).preview()["n_points"]) == (100, 100)
    assert max(x) - min(x) > 900, "they come from the whole file"
    assert columns(raw, most=100, thin=True)[0] == x


def test_a_row_with_too_many_cells_is_not_read_silently() -> None:
    raw = "x,y\n0,5,1\n1,5,0\n"
    assert refusal(raw) == ("data_long_row", {"row": 2})
    assert read(raw).preview()["rows"][0] == [2, "0", "5", "1"]


def test_numbers_out_of_range() -> None:
    code, told = refusal(f"size,y\n0,1\n{MAX_OWN + 1},0\n", x=0)
    assert (code, told["column"], told["row"]) == ("data_out_of_range", "size", 3)


def test_a_wrong_separator_or_encoding_can_be_chosen() -> None:
    raw = written().encode()
    assert codes(raw, separator=";", x=0, y=1) == ["data_missing_column"]
    assert columns(raw, encoding="cp949") == [X, Y, None]
    with pytest.raises(UserError, match="data_empty"):
        read(raw, encoding="utf_16")


# Workbooks


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_the_first_sheet_of_a_workbook_and_another_one() -> None:
    table = [["Measured in May"], [], ["y", "x", "when"], *zip(Y, X, "abcd", strict=True)]
    raw = workbook(
        ("Data", [list(row) for row in table]), ("다른 것", [["x", "y"], [1, 2], [3, 4]])
    )
    assert columns(raw) == [X, Y, None]
    preview = read(raw).preview()
    assert (preview["sheets"], preview["found"]["sheet"]) == (("Data", "다른 것"), "Data")
    assert preview["rows"][0] == [4, "0", "-1", "a"]
    assert columns(raw, sheet="다른 것")[0] == [1, 3]
    assert columns(raw, sheet="gone")[0] == X


def test_the_cells_of_a_workbook() -> None:

    rows = [
        ["x", "y"],
        [1, 2],
        ["1,5", 3],
        [None, 4],
        [datetime.date(2026, 5, 3), 5],
        [True, "=1+1"],
    ]
    raw = workbook(("A", rows))
    assert columns(raw, drop_gaps=True) == [[1, 1.5], [2, 3], None]
    assert read(raw).preview()["n_gaps"] == 3
    unclear = workbook(("A", [["x", "y"], ["1,500", 1], [2, 3]]))
    assert codes(unclear) == ["data_decimal_unclear"]


def with_zeros(compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook that unpacks to more than is allowed."""
    file = io.BytesIO(workbook(("A", [["x", "y"], [1, 2], [3, 4]])))
    with zipfile.ZipFile(file, "a", compression) as packed:
        packed.writestr("xl/media/zeros", b"\0" * (MAX_UNPACKED + 1))
    return file.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_bomb_is_refused(compression: int) -> None:
    assert refusal(with_zeros(compression)) == ("data_bad_workbook", {})


def test_a_zip_bomb_that_declares_a_small_size_is_not_unpacked() -> None:
    """Its checksum is that of as many zeros as it declares."""
    told = 100
    sizes = struct.Struct("<III")  # checksum, compressed size, size
    raw = with_zeros()
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        member = packed.getinfo("xl/media/zeros")
    honest = sizes.pack(member.CRC, member.compress_size, MAX_UNPACKED + 1)
    false = sizes.pack(zlib.crc32(b"\0" * told), member.compress_size, told)
    assert raw.count(honest) == 2  # before the member, and in the directory
    with zipfile.ZipFile(unpacked(raw.replace(honest, false))) as plain:
        copied = plain.getinfo("xl/media/zeros")
        assert copied.file_size == copied.compress_size == told
    assert columns(raw.replace(honest, false))[0] == [1, 3]


def replaced(raw: bytes, name: str, content: bytes) -> bytes:
    """A workbook with another file inside."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(file, "w") as new:
        for member in old.namelist():
            new.writestr(member, content if member == name else old.read(member))
    return file.getvalue()


def test_a_sheet_with_a_false_size_or_recursive_entities() -> None:
    raw = workbook(("A", [["x", "y"], [1, 2], [3, 4]]))
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        sheet = packed.read(name)
    huge = sheet.replace(b'ref="A1:B3"', b'ref="A1:XFD1048576"')
    assert huge != sheet
    assert columns(replaced(raw, name, huge))[0] == [1, 3]
    entities = b'<!DOCTYPE x [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (k, b"&a%d;" % (k - 1) * 10) for k in range(1, 10)
    )
    laughs = entities + b"]>" + sheet.partition(b"?>")[2].replace(b"<v>1</v>", b"<v>&a9;</v>")
    assert refusal(replaced(raw, name, laughs))[0] == "data_bad_workbook"


@pytest.mark.parametrize("content", [b"", b"<a>", b"\0" * 50, b"<worksheet/>"])
def test_a_broken_workbook_is_refused(content: bytes) -> None:
    raw = workbook(("A", [["x", "y"], [1, 2], [3, 4]]))
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        names = packed.namelist()
    for name in names:
        with contextlib.suppress(UserError):
            read(replaced(raw, name, content)).points()  # another exception fails the test
    for end in range(4, len(raw), 97):
        assert refusal(raw[:end])[0] == "data_bad_workbook"


def test_old_and_locked_workbooks_are_named() -> None:
    assert refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)[0] == "data_old_excel"


# Any bytes


TEXT = st.text(alphabet='xy,;\t |"\n#%.-01e−０가', max_size=80)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "encoding": st.sampled_from(["utf_8", "cp949", "cp1252", "utf_16"]),
        "separator": st.sampled_from(list(",;\t| ")),
        "decimal": st.sampled_from(list(".,")),
        "header": st.booleans(),
        "x": st.integers(-2, 3),
        "y": st.integers(-2, 3),
        "prob": st.integers(-2, 3),
        "drop_gaps": st.booleans(),
        "thin": st.booleans(),
        "sheet": st.just("A"),
    },
)


@given(st.one_of(st.binary(max_size=100), TEXT.map(str.encode)), CHOICES)
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_any_bytes_and_choices_are_points_or_a_user_error(
    raw: bytes, choices: dict[str, Any]
) -> None:
    try:
        file = read(raw, **choices)
    except UserError:
        return
    preview = file.preview()
    try:
        x, _, y = file.points()
    except UserError:
        assert not preview["is_sure"]
        return
    assert preview["is_sure"]
    assert x.size == y.size == preview["n_points"] >= 2
    assert np.isfinite([x, y]).all()


def test_a_file_of_the_largest_size_is_read_in_one_go(tmp_path: Path) -> None:
    table = pd.DataFrame({"x": np.linspace(-1, 1, 40_000), "y": np.arange(40_000) % 2})
    raw = table.to_csv(index=False)
    assert codes(raw) == ["data_too_long"]
    assert read(raw, thin=True).points()[0].size == 10_000
