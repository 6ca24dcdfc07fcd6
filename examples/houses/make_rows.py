"""Prints houses that were sold, made up: their prices follow from what a row says, give or take.

python examples/houses/make_rows.py > examples/houses/houses.csv
"""

import csv
import sys
from datetime import date, timedelta
from random import Random

ROWS = 600
TOWNS = {"Basel": 1.1, "Bern": 1.0, "Chur": 0.8, "Zürich": 1.5}  # what a square metre is worth
HEATINGS = {"district": 15_000, "gas": 0, "heat pump": 30_000, "oil": -20_000}


def house(number: int, dice: Random) -> list[object]:
    """Returns one row; "" where a value is missing."""
    rooms, built = dice.randint(2, 8), dice.randint(1900, 2024)
    area = round(rooms * 22 + dice.uniform(-10, 25))
    town, heating = dice.choice([*TOWNS]), dice.choice([*HEATINGS])
    worth = 2_900 * area * TOWNS[town] + HEATINGS[heating] + 400 * (built - 1960)
    return [
        number,
        date(2024, 1, 1) + timedelta(days=dice.randrange(700)),
        rooms,
        area if dice.random() > 0.08 else "",
        built,
        town,
        heating if dice.random() > 0.1 else "",
        dice.choice(["yes", "no"]),  # a balcony, which is worth nothing here
        round(max(worth * dice.gauss(1, 0.06), 40_000), -3),
    ]


def main() -> None:
    dice, table = Random(1), csv.writer(sys.stdout, lineterminator="\n")
    header = ["id", "sold", "rooms", "area", "built", "town", "heating", "balcony", "price"]
    table.writerow(header)
    for number in range(1, ROWS + 1):
        *features, price = house(number, dice)
        table.writerow([*features, f"{price:.0f}"])


if __name__ == "__main__":
    main()
