"""`dataset show`, `check` and `list`, and what `init` prints."""

import shutil

import pytest

from pipeline.table.schema import Number, Schema, Target, Text
from pipeline.table.schema_file import RESERVED
from support.dataset_command import DataSets, csv_of
from support.tables import houses

NAMES = ["rooms", "area", "town", "remarks", "price"]
TABLE = """\
COLUMN   TYPE      RANGE OR VALUES       MISSING   EXAMPLE
rooms    number    1 … 12                –         7
area     number    8.4 … 284.6           48 (12%)  168.8
town     category  3: Basel, Bern, Chur  20 (5%)   Bern
remarks  text      median 6 words        40 (10%)  garden stat…

target    price, a number: 119637 … 792826
rows      400: 320 to train on, 80 held out (by what is in a row)
baseline  MAE 137,914, if the answer is always 408774
"""


@pytest.fixture
def with_houses(datasets: DataSets) -> DataSets:
    status, out, err = datasets.init(csv_of(NAMES, houses()), target="price")
    assert (status, err) == (0, "")
    assert out == (
        f"houses: 400 rows of {datasets.folder.parent / 'houses.csv'}\n\n{TABLE}\n"
        f"written: {datasets.folder / 'houses' / 'schema.json'} and rows.csv\n"
        "next: make run DATASET=houses\n"
    )
    return datasets


def test_a_data_set_is_shown(with_houses: DataSets) -> None:
    assert with_houses("show", "houses") == (0, TABLE, "")
    _, out, _ = with_houses("show", "iris")
    assert "classes   setosa 50, versicolor 50, virginica 50" in out


def test_all_columns_are_shown_on_demand(datasets: DataSets) -> None:
    header = [*(f"c{n}" for n in range(70)), "y"]
    rows = ([n * i % 101 + 0.5 for i in range(1, 72)] for n in range(40))
    _, out, _ = datasets.init(csv_of(header, rows))
    assert "… 20 more" in out
    assert "c69 " in datasets("show", "houses")[1]


def test_a_data_set_is_checked(with_houses: DataSets) -> None:
    status, out, _ = with_houses("check", "houses")
    assert (status, out.splitlines()[0]) == (0, "houses: schema and rows fit")
    path = with_houses.folder / "houses" / "rows.csv"
    path.write_bytes(path.read_bytes() + b"1,2,Bern,,3\n")
    status, out, err = with_houses("check", "houses")
    assert (status, out) == (1, "")
    assert f"python -m pipeline dataset init {path} --name houses --replace" in err
    assert with_houses("check", "none")[0] == 1


def test_a_text_that_no_model_can_learn_from_is_told(datasets: DataSets) -> None:
    folder = datasets.folder / "houses"
    folder.mkdir(parents=True)
    schema = Schema("houses", "regression", Target("y"), [Text("c"), Number("x")])
    (folder / "schema.json").write_bytes(schema.to_json())
    rows = ([f"a {n % 3}", n % 7, n] for n in range(40))
    (folder / "rows.csv").write_text(csv_of(["c", "x", "y"], rows))
    _, out, _ = datasets("check", "houses")
    assert "c: no row to train on has a value of it to learn from" in out
    assert "x: no row" not in out


def test_data_sets_are_listed_and_broken_ones_with_why(with_houses: DataSets) -> None:
    shutil.copytree(with_houses.folder / "houses", with_houses.folder / "copy")
    (with_houses.folder / "Bad name").mkdir()
    status, out, _ = with_houses("list")
    lines = out.splitlines()
    assert status == 0
    assert lines[1].split() == ["diabetes", "regression", "442", "Diabetes", "progression"]
    assert lines[3].startswith(
        "Bad name  broken                'Bad name' is no name of a data set"
    )
    assert "name: it is 'houses', and the folder is 'copy'" in lines[4]
    assert lines[5].split() == ["houses", "regression", "400"]


def test_a_column_that_gives_the_answer_away_is_told(datasets: DataSets) -> None:
    rows = [[*row[:3], row[4] * 1.077, row[4]] for row in houses()]
    _, out, _ = datasets.init(csv_of(["rooms", "area", "town", "gross price", "y"], rows))
    assert "gross price (R² 1.00) gives almost the whole answer: is it known before y is? If" in out
    assert "rooms (" not in out
    assert "gross price" in datasets.load().schema.names


def test_a_frequent_class_is_no_suspicion(datasets: DataSets) -> None:
    rows = [[n * 7919 % 101, n * 31 % 7, "rare" if n % 33 == 0 else "usual"] for n in range(400)]
    content = csv_of(["x", "z", "y"], rows)
    assert "whole answer" not in datasets.init(content)[1]
    tells = [[int(label == "rare"), z, label] for _, z, label in rows]
    assert (
        "x (accuracy 1.00) gives almost"
        in datasets.init(csv_of(["x", "z", "y"], tells), "--replace")[1]
    )


def test_with_docker_the_next_command_is_that_of_docker(
    datasets: DataSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOWN_COMMAND", "docker compose run --rm pipeline")
    _, out, _ = datasets.init(csv_of(NAMES, houses(50)), target="price")
    assert out.endswith("next: DATASET=houses docker compose up -d\n")
    _, out, _ = datasets.init(csv_of(NAMES, houses(60)), "--replace", target="price")
    assert out.endswith("next: DATASET=houses docker compose up -d --force-recreate\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", "iris"], "'iris' is built in: choose another name"),
        (["--name", "My Houses"], "'My Houses' is no name of a data set"),
        (["--name", sorted(RESERVED)[0]], "is the name of something else here"),
        ([], "which column is predicted? There are rooms, area, town, remarks, price"),
        (["--split", "time"], "--split group and --split time go with --split-column"),
        (["--split-column", "town"], "--split group and --split time go with --split-column"),
        (["--keep", "town", "--leave-out", "town"], "two options say what becomes of the column"),
        (["--number", "town", "--leave-out", "town"], "two options say what becomes of the column"),
    ],
)
def test_wrong_usage_is_told_with_status_2(
    options: list[str], said: str, datasets: DataSets
) -> None:
    path = datasets.table(csv_of(NAMES, houses(50)))
    status, out, err = datasets("init", path, *options)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())
    assert not datasets.folder.exists()


@pytest.mark.parametrize(
    ("file", "name"),
    [("Häuser (2).csv", "hauser-2"), ("2024 sales.csv", "sales"), ("a" * 40 + ".csv", "a" * 32)],
)
def test_a_name_is_made_from_that_of_the_file(file: str, name: str, datasets: DataSets) -> None:
    path = datasets.table(csv_of(NAMES, houses(50)), file)
    assert datasets("init", path, "--target", "price")[0] == 0
    assert datasets.load(name).schema.name == name


def test_a_file_that_cannot_be_read_or_named(datasets: DataSets) -> None:
    assert "cannot read /nowhere.csv: No such file" in datasets("init", "/nowhere.csv")[2]
    status, _, err = datasets("init", datasets.table("x,y\n", "日本.csv"))
    assert status == 2
    assert "--name N gives it one" in " ".join(err.split())
