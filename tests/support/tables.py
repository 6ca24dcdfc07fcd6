"""A data set of houses, made from code: numbers, a category and a text, and some missing."""

import csv
import hashlib
import json
from pathlib import Path
from random import Random
from typing import Any

from pipeline.table.schema_file import read_schema

TOWNS = ("Basel", "Bern", "Chur")
WORDS = ("garden", "lake", "old", "quiet", "station", "sunny", "large", "noisy", "view", "cellar")
DESCRIPTION: dict[str, Any] = {  # in schema.json
    "name": "houses",
    "title": "House prices",
    "task": "regression",
    "target": {"name": "price", "title": "Price", "unit": "€", "least": 100_000, "most": 900_000},
    "columns": [
        {"name": "rooms", "type": "number", "least": 1, "most": 12},
        {"name": "area", "type": "number", "unit": "m²", "missing": True},
        {"name": "town", "type": "category", "values": [*TOWNS], "missing": True},
        {"name": "remarks", "type": "text", "missing": True},
    ],
}
HOUSES = read_schema(json.dumps(DESCRIPTION).encode(), "schema.json")


def houses(count: int = 400, seed: int = 0) -> list[list[Any]]:
    """Rows with their price last; "" where a value is missing."""
    dice = Random(seed)
    rows = []
    for _ in range(count):
        rooms, town = dice.randint(1, 12), dice.choice(TOWNS)
        words = dice.sample(WORDS, 4)
        area = round(rooms * 22 + dice.gauss(0, 9), 1)
        price = 90_000 + rooms * 45_000 + TOWNS.index(town) * 60_000 + 30_000 * ("lake" in words)
        price += round(dice.gauss(0, 9_000))
        rows.append([
            rooms,
            area if dice.random() > 0.1 else "",
            town if dice.random() > 0.05 else "",
            " ".join(words) + ", as seen" if dice.random() > 0.1 else "",
            price,
        ])  # fmt: skip
    return rows


def write_data_set(
    folder: Path, rows: list[list[Any]], described: dict[str, Any] | None = None, **fields: Any
) -> Path:
    """Writes schema.json and rows.csv into the folder that a data set has there; the latter."""
    described = (described or DESCRIPTION) | fields
    own = folder / str(described["name"])
    own.mkdir(parents=True, exist_ok=True)
    names = [column["name"] for column in described["columns"]]
    extra = [described["split_column"]] if described.get("split_column") else []
    with (own / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*extra, *names, described["target"]["name"]])
        writer.writerows(rows)
    digest = hashlib.sha256((own / "rows.csv").read_bytes()).hexdigest()
    (own / "schema.json").write_text(json.dumps(described | {"rows_sha256": digest}))
    return own / "rows.csv"
