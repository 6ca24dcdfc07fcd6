"""`dataset init` with tables that make no data set: one sentence with the place and the cure."""

import codecs

import pytest

from pipeline.table import table_size
from support.dataset_command import DataSets, csv_of

ROWS = "x,y\n" + "".join(f"{n * 7 % 31}.5,{n}\n" for n in range(40))
CLASSES = "x,y\n" + "".join(f"{n * 7 % 31}.5,{'ab'[n % 2]}\n" for n in range(40))
CYRILLIC = "город,цена\n" + "".join(f"Казань,{n}\n" for n in range(40))
WIDE = csv_of(
    [f"c{n}" for n in range(1999)] + ["y"],
    ([f"{n * i % 17}.5" for i in range(2000)] for n in range(30)),
)
JAPANESE = "都市,価格\n" + "".join(f"とうきょう,{n}\n" for n in range(40))

BAD = {
    "empty": (b"", "is empty: it needs a line of names"),
    "only spaces": (b" \n\n\t\n", "is empty: it needs a line of names"),
    "only a mark": (codecs.BOM_UTF8, "is empty: it needs a line of names"),
    "only Excel's hint": (b"sep=;\n", "is empty: it needs a line of names"),
    "no rows": (b"x,y\n", "has no rows below its line of names, line 1"),
    "only empty rows": (b"x,y\n,\n,\n", "has no rows below its line of names"),
    "one column": (b"y\n1\n2\n", "has one column, 'y', and needs a target and one more"),
    "no header": (b"5.1,3.5,a\n4.9,3.0,b\n", "the first line of {} holds values (5.1, 3.5, a)"),
    "names twice": (b"x,y,x\n1,2,3\n", "columns 1 and 3 are both called 'x': rename one of them"),
    "no such target": (b"x,z\n1,2\n3,4\n", "there is no column 'y': there are x, z"),
    "a name like it": (b"x,Y\n1,2\n3,4\n", "there is no column 'y': is it Y?"),
    "constant": (b"x,y\n1.5,3\n2.5,3\n4.2,3.0\n", "y is '3' in every row: there is nothing"),
    "a target without values": (b"x,y\n1,\n2,NA\n", "y has no value in any row"),
    "short rows": (
        ROWS.replace("\n0.5,31", "\n0.5").encode(),
        "1 of 40 rows do not have the header's 2 values: line 33 has 1. Mend them",
    ),
    "long rows": (
        b"x,y\n" + b"1,2\n" * 20 + b"1,2,3\n" * 7,
        "7 of 27 rows do not have the header's 2 values: line 22 has 3, line 23 has 3, line 24",
    ),
    "no name for the first column": (b"x,y\n1,2,3\n2,5,3\n", "give the first column a name, too"),
    "NUL": (ROWS[:20].encode() + b"\0" + ROWS[20:].encode(), "has a NUL at byte 20, in line 4"),
    "UTF-16 without its mark": (ROWS.encode("utf-16-le"), "looks like UTF-16"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + ROWS.encode("utf-16-le")[:-1], "save it as UTF-8"),
    "cp1251": (
        CYRILLIC.encode("cp1251"),
        "is no UTF-8 from byte 0 on, in line 1. Save it as UTF-8, if 'город,цена' is how that line "
        "begins: in a spreadsheet as CSV UTF-8, or iconv -f cp1251 -t utf-8",
    ),
    "Shift-JIS": (JAPANESE.encode("shift_jis"), "if '都市,価格' is how that line begins: in a"),
    "Windows' Latin 1": (ROWS.replace("x", "Miete (€)").encode("cp1252"), "iconv -f cp1252 -t"),
    "Latin 1": (ROWS.replace("x", "Größe").encode("cp1252"), "if 'Größe,y' is how that line"),
    "no encoding at all": (b"x,y\n1,2\n\xff\x81\xfd,3\n", "is no UTF-8 from byte 8 on, in line 3"),
    "an open quote": (b'x,y\n1,2\n"3,4\n', "line 3: unexpected end of data: is a quote left open"),
    "a long line": (b"x,y\n" + b"1" * 140_000 + b",2\n", "field larger than field limit"),
    "2,000 columns": (WIDE.encode(), " columns to predict from, and the most is 500"),
    "Excel": (b"PK\x03\x04...", "is an Excel or ZIP file, and no CSV file: save the table as CSV"),
    "a web page": (b"\n<!DOCTYPE html><p>1,2", "is a web page, and no CSV file"),
    "a class with one row": (
        CLASSES.replace(",b\n", ",c\n", 1).encode(),
        "y: 1 of 3 classes have under 5 rows (c): put them together in the file, or leave their",
    ),
    "a target that is a key": (
        csv_of(["x", "y"], ([n, f"a-{n}"] for n in range(30))).encode(),
        "y has 30 classes, and 30 of them have under 5 rows",
    ),
    "a class like a formula": (CLASSES.replace(",b\n", ",=b\n").encode(), "y: no class can be cal"),
    "a class in braces": (CLASSES.replace(",b\n", ",{b\n").encode(), "'{b' begins with a brace"),
    "no column to predict from": (
        b"id,y\n" + b"".join(b"%d,%d\n" % (n, n % 7) for n in range(40)),
        "no column is left to predict from (id: counts the rows: 0, 1, 2 …): --keep id keeps it",
    ),
    "categories like formulas": (
        csv_of(["c", "x", "y"], ([f"={n % 3}", n % 7, n * n % 37] for n in range(40))).encode(),
        "c: none of its values can be one of a category: '=0' begins as a formula does, with '=': "
        "--text c takes it as text, --leave-out c leaves it out",
    ),
    "thousands in doubt": (
        csv_of(["x", "y"], ([n % 5, f"{n % 9 + 1},{n + 100}"] for n in range(30)), ";").encode(),
        "y: '1,100' may be 1100 or 1.100: write numbers without separators between thousands",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_cli.dataset.leaks.MIN_ROWS", 10**9)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_in_one_sentence(name: str, datasets: DataSets) -> None:
    content, said = BAD[name]
    assert said.replace("{}", str(datasets.folder.parent / "houses.csv")) in datasets.refused(
        content
    )


def test_a_table_that_is_too_large_is_refused_before_it_is_read(
    datasets: DataSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_size, "MAX_TABLE_BYTES", 10_000)
    assert "has some 41 rows and 82 values, which take about" in datasets.refused(ROWS)
    monkeypatch.setattr("pipeline_cli.dataset.source.MAX_FILE_BYTES", 100)
    assert "has more than 0 MB, for which a service has no room" in datasets.refused(ROWS)


@pytest.mark.parametrize("content", [b"", b"x,y\n1", b"\xff\xfe\0", b"a;b\n\n;\n"])
def test_the_smallest_tables_are_refused(content: bytes, datasets: DataSets) -> None:
    assert datasets.refused(content)
