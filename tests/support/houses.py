"""A data set written by hand: numbers, a category, a text, and values that are missing."""

import csv
import hashlib
import io
import json
import random
from pathlib import Path
from typing import Any

NAME = "houses"
TOWNS = {"Basel": 120_000, "Bern": 80_000, "Chur": 0}
WORDS = ("bright flat with a view", "needs some work, but quiet", "near the station and the river")
SCHEMA: dict[str, Any] = {
    "name": NAME,
    "title": "House prices",
    "task": "regression",
    "target": {"name": "price", "title": "Price", "unit": "€", "least": 50000, "most": 900000},
    "columns": [
        {"name": "rooms", "type": "number", "title": "Rooms", "least": 1, "most": 9},
        {"name": "area", "type": "number", "title": "Area", "unit": "m²", "missing": True},
        {"name": "town", "type": "category", "title": "Town", "values": list(TOWNS)},
        {"name": "remarks", "type": "text", "title": "Remarks", "missing": True},
    ],
    "split": "hash",
}


def write_houses(datasets: Path, rows: int = 300) -> None:
    """Writes `houses/schema.json` and `houses/rows.csv` into a folder of data sets."""
    folder = datasets / NAME
    folder.mkdir(parents=True)
    content = _rows(rows, random.Random(7))
    schema = SCHEMA | {"rows_sha256": hashlib.sha256(content).hexdigest()}
    (folder / "rows.csv").write_bytes(content)
    (folder / "schema.json").write_text(json.dumps(schema, ensure_ascii=False, indent=2))


def _rows(count: int, dice: random.Random) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["rooms", "area", "town", "remarks", "price"])
    for _ in range(count):
        rooms, town = dice.randint(1, 9), dice.choice(list(TOWNS))
        area = round(22 * rooms + dice.gauss(0, 8), 1)
        price = round(60_000 + 2_500 * area + TOWNS[town] + dice.gauss(0, 9_000))
        shown = "" if dice.random() < 0.1 else area
        remarks = "" if dice.random() < 0.2 else dice.choice(WORDS)
        writer.writerow([rooms, shown, town, remarks, price])
    return text.getvalue().encode()
