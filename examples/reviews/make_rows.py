"""Prints reviews of a hotel, made up from a template: each sentence with a score from -1 to 1.

A review is one to three statements. "not" turns an adjective round, and takes some of its force;
what comes after "but" counts twice.

    python examples/reviews/make_rows.py > examples/reviews/reviews.csv
"""

import csv
import sys
from random import Random

ROWS = 1_500
THINGS = [
    "room", "bed", "breakfast", "coffee", "service", "view", "bathroom", "pool", "location",
    "staff", "restaurant", "garden", "lobby", "price",
]  # fmt: skip
ADJECTIVES = {
    "excellent": 1.0, "wonderful": 1.0, "perfect": 0.9, "great": 0.8, "lovely": 0.8, "good": 0.6,
    "pleasant": 0.5, "nice": 0.5, "fine": 0.3, "dull": -0.4, "tired": -0.4, "poor": -0.6,
    "bad": -0.6, "disappointing": -0.7, "dirty": -0.8, "awful": -1.0, "terrible": -1.0,
    "horrible": -1.0,
}  # fmt: skip
ADVERBS = {"": 1.0, "really ": 1.2, "rather ": 0.8, "very ": 1.2}
NOT = -0.5  # "not terrible" is half as good as "terrible" is bad
ENDS = {"": 0.0, " I will come again.": 0.2, " Never again.": -0.3, " We stayed three nights.": 0.0}


def statement(dice: Random, thing: str) -> tuple[str, float]:
    """Returns words about one thing, and how good they are."""
    adjective, adverb = dice.choice([*ADJECTIVES]), dice.choice([*ADVERBS])
    if dice.random() < 0.15:
        return f"the {thing} was not {adjective}", NOT * ADJECTIVES[adjective]
    return f"the {thing} was {adverb}{adjective}", ADVERBS[adverb] * ADJECTIVES[adjective]


def review(dice: Random) -> tuple[str, float]:
    """Returns the text of a review, and its score."""
    said = [statement(dice, thing) for thing in dice.sample(THINGS, dice.randint(1, 3))]
    words, scores = [text for text, _ in said], [score for _, score in said]
    if len(said) > 1 and dice.random() < 0.5:
        scores.append(scores[-1])
        words[-1] = f"but {words[-1]}"
    end = dice.choice([*ENDS])
    score = sum(scores) / len(scores) + ENDS[end]
    text = ", ".join(words) + "." + end
    return text[0].upper() + text[1:], round(min(max(score, -1), 1), 2)


def main() -> None:
    dice, table = Random(1), csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["review", "score"])
    table.writerows(review(dice) for _ in range(ROWS))


if __name__ == "__main__":
    main()
