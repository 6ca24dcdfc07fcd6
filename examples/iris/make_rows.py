"""Prints the iris flowers of scikit-learn: four lengths of each, and its species.

python examples/iris/make_rows.py > iris.csv
"""

import csv
import sys

from sklearn.datasets import load_iris


def main() -> None:
    iris = load_iris()
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow([*(name.removesuffix(" (cm)") for name in iris.feature_names), "species"])
    for lengths, species in zip(iris.data.tolist(), iris.target, strict=True):
        table.writerow([*lengths, iris.target_names[species]])


if __name__ == "__main__":
    main()
