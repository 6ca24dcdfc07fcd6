"""metric with iris on a real broker: rows of classes, and dead letters for what is wrong."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from pipeline.table.built_in import IRIS
from pipeline.table.data_sets import load
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]

BAD = [
    ("y_true", b'{"id":"t","body":"tulip"}', 'species: "tulip" is none of the classes setosa'),
    ("y_true", b'{"id":"t","body":1}', "species: 1 is none of the classes setosa"),
    ("y_true", b'{"id":"t","body":null}', "one of the classes setosa versicolor virginica"),
    ("y_true", b'{"id":"t","body":{"setosa":1}}', 'species: {"setosa":1} is none of the classes'),
    ("y_pred", b'{"id":"t","body":"tulip"}', 'species: "tulip" is none of the classes setosa'),
    ("y_pred", b'{"id":"t","body":{"setosa":0.5,"virginica":0.25}}', "sum to 0.75, and not to 1"),
    ("y_pred", b'{"id":"t","body":{"setosa":1.5,"virginica":-0.5}}', "1.5 is no probability"),
    ("y_pred", b'{"id":"t","body":{"setosa":"1"}}', 'setosa: "1" is no probability'),
    ("y_pred", b'{"id":"t","body":{"setosa":null}}', "setosa: null is no probability"),
    ("y_pred", b'{"id":"t","body":{}}', "the probabilities sum to 0, and not to 1"),
    ("y_pred", b'{"id":"t","body":{"tulip":1}}', 'species: "tulip" is none of the classes'),
    ("y_pred", b'{"id":"t","body":{"setosa":NaN}}', "JSON"),
    ("y_pred", b'{"id":["u","t"],"body":["setosa",{"setosa":0.9}]}', "sum to 0.9, and not to 1"),
    ("y_pred_shadow", b'{"id":"t","body":{"setosa":0.9}}', "sum to 0.9, and not to 1"),
]


def body(ids: list[str], values: list[Any]) -> bytes:
    return json.dumps({"id": ids, "body": values}).encode()


def test_iris_becomes_rows_and_what_is_wrong_becomes_letters_with_reasons(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    rows = load(IRIS, tmp_path).rows
    train, held_out = rows.training(), rows.holdout()
    model = LogisticRegression(max_iter=500).fit(*train)
    probabilities = model.predict_proba(held_out[0])
    ids = [f"flower-{number}" for number in range(len(held_out[1]))]
    told = [dict(zip(model.classes_, row, strict=True)) for row in probabilities.tolist()]
    metric = start("metric", dataset=IRIS)
    eventually(lambda: vhost.depth("y_pred_shadow") >= 0, "the queues")
    half = len(ids) // 2
    vhost.put("y_pred", body(ids[:half], told[:half]))
    for queue, bad, reason in BAD:
        vhost.put(queue, bad)
        properties, letter = vhost.wait_for("dead_letters")
        assert reason in properties.headers["x-reason"], bad
        assert properties.headers["x-source-queue"] == queue
        assert letter == bad or json.loads(letter) == {"id": "t", "body": {"setosa": 0.9}}
    vhost.put("y_true", body(ids, held_out[1]))
    vhost.put("y_pred", body(ids[half:], told[half:]))
    eventually(lambda: metric.counts().get("joined") == len(ids), "the rows")
    vhost.put("y_true", body(["u"], ["setosa"]))
    vhost.put("y_true", b'{"id":"flower-0","body":"versicolor"}')
    properties, _ = vhost.wait_for("dead_letters")
    first = held_out[1][0]
    if first != "versicolor":
        assert properties.headers["x-reason"] == f"this id already has another label: {first}"
    eventually(lambda: metric.counts().get("joined") == len(ids) + 1, "the good row of a bad batch")
    assert metric.stop() == 0
    log = pd.read_csv(tmp_path / IRIS / "metric_log.csv").set_index("id")
    assert [*log.loc["u"]] == ["setosa", "setosa", 0]
    log = log.loc[ids]
    assert log.y_true.tolist() == held_out[1]
    assert log.y_pred.tolist() == model.predict(held_out[0]).tolist()
    p_true = [row[label] for row, label in zip(told, held_out[1], strict=True)]
    assert log.absolute_error.tolist() == pytest.approx([1 - p for p in p_true], abs=1e-15)


def test_a_shadow_model_of_classes_has_its_log(start: Start, vhost: Vhost, tmp_path: Path) -> None:
    metric = start("metric", dataset=IRIS)
    eventually(lambda: vhost.depth("y_pred_shadow") >= 0, "the queues")
    shadow = {"model_id": "forest-7f3a9c2b41de"}
    said = body(["a", "b"], [{"setosa": 0.25, "virginica": 0.75}, None])
    vhost.put("y_pred_shadow", said, headers=shadow)
    vhost.put("y_pred", body(["a", "b"], ["setosa", "virginica"]), headers={"model_id": "live"})
    vhost.put("y_true", body(["a", "b"], ["setosa", "setosa"]))
    eventually(lambda: metric.counts().get("shadow_joined") == 2, "the rows")
    assert metric.stop() == 0
    with (tmp_path / IRIS / "metric_log_shadow.csv").open(newline="") as file:
        assert [*csv.DictReader(file)] == [
            {
                "id": row_id, "y_true": "setosa", "y_pred": y_pred, "absolute_error": error,
                "model_id": shadow["model_id"], "live_model_id": "live",
                "live_absolute_error": live, "half_brier": brier, "live_half_brier": live,
            }
            for row_id, y_pred, error, brier, live in (
                ("a", "virginica", "0.75", "0.5625", "0"), ("b", "", "inf", "inf", "1"),
            )
        ]  # fmt: skip


def test_the_folder_of_another_data_set_stops_metric_with_one_sentence(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    metric = start("metric", dataset=IRIS)
    eventually(lambda: vhost.depth("y_true") >= 0, "the queues")
    assert metric.stop() == 0
    metric.log_file.unlink()
    refused = start("metric", logs_dir=tmp_path / IRIS)
    assert refused.wait() == 2
    (line,) = refused.log().splitlines()
    assert (
        "holds the rows of the data set 'iris' (classification), and DATASET is 'diabetes'" in line
    )
