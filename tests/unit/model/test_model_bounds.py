"""A model file is refused that would take any amount of memory, and of another version is told."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
import pytest
import scipy.sparse  # type: ignore[import-untyped]
import sklearn
import skops.io
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

from pipeline import dataset
from pipeline.errors import ModelError
from pipeline.model_store.onnx_model import MAX_SESSION_BYTES
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import MAX_MODEL_BYTES

LARGE = 2**24  # numbers of eight bytes each
BASE = f'"{scipy.sparse.spmatrix.__module__}"'


def ridge(**more: Any) -> Ridge:
    data = dataset.training()
    model = Ridge().fit(data.features, data.labels)
    vars(model).update(more)
    return model


def deflated(model: Any) -> bytes:
    content: bytes = skops.io.dumps(model, compression=ZIP_DEFLATED, compresslevel=1)
    return content


def rewritten(model: Any, change: Callable[[str], str], compression: int = ZIP_DEFLATED) -> bytes:
    """The same file with another schema."""
    output = BytesIO()
    with ZipFile(BytesIO(skops.io.dumps(model))) as old, ZipFile(output, "w", compression) as new:
        for name in old.namelist():
            text = old.read(name)
            is_schema = name == "schema.json"
            new.writestr(name, change(text.decode()) if is_schema else text)
    return output.getvalue()


def named_often(schema: str) -> str:
    """One array of a megabyte, a thousand times."""
    tree = json.loads(schema)
    items = tree["content"]["content"]
    items["more"] = {**items["more"], "content": items["more"]["content"] * 1000}
    return json.dumps(tree)


BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: deflated(ridge(more=np.zeros(LARGE))),
    "an archive within": lambda: rewritten(ridge(more=sparse()), as_trusted),
    "named often": lambda: rewritten(ridge(more=[np.zeros(2**17)]), named_often),
    "empty lists": lambda: rewritten(ridge(), with_items("[],")),
    "empty objects": lambda: rewritten(ridge(), with_items("{},")),
    "numbers": lambda: rewritten(ridge(), with_items("7,")),
    "entries": lambda: skops.io.dumps(ridge()) + (b"PK\x01\x02" + bytes(42)) * 150_000,
}


def sparse() -> Any:
    values = np.zeros(2 * LARGE, np.int8)
    return scipy.sparse.csr_matrix((values, values, [0, len(values)]))


def as_trusted(schema: str) -> str:
    """Calls a sparse matrix what skops trusts."""
    return schema.replace('"csr_matrix"', '"spmatrix"').replace('"scipy.sparse._csr"', BASE)


def with_items(item: str) -> Callable[[str], str]:
    return lambda schema: f'{{"junk": [{item * 2_000_000}0],{schema[1:]}'


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_far_more_than_it_is_is_refused_unread(name: str) -> None:
    content = BOMBS[name]()
    assert len(content) < MAX_MODEL_BYTES
    with pytest.raises(ModelError, match=r"model.skops is refused: it unpacks to more than \d"):
        Predictor.of(content, Path("model.skops"), "")


def referring(levels: int) -> Callable[[str], str]:
    """Lists that hold a list and a reference to it: walked twice as often at each level."""

    def node(number: int, content: list[Any]) -> dict[str, Any]:
        names = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
        return {**names, "__id__": number, "content": content}

    def change(schema: str) -> str:
        tree, lists = json.loads(schema), node(1, [])
        for number in range(levels):
            lists = node(number + 2, [lists, node(number + 1, [])])
        tree["content"]["content"]["more"] = lists
        return json.dumps(tree)

    return change


def test_what_would_be_walked_for_ever_is_refused() -> None:
    content = rewritten(ridge(more=[]), referring(30))
    assert len(content) < 10_000
    with pytest.raises(ModelError, match="its nodes refer to each other more than 2,000,000 times"):
        Predictor.of(content, Path("model.skops"), "")


def test_what_is_honest_is_loaded_packed_or_not() -> None:
    data = dataset.training()
    forest = RandomForestRegressor(100, random_state=0).fit(data.features, data.labels)
    small = rewritten(ridge(more=scipy.sparse.csr_matrix(np.eye(9))), as_trusted)
    for content in (skops.io.dumps(forest), deflated(forest), small):
        Predictor.of(content, Path("model.skops"), "")


def test_a_file_of_a_scikit_learn_of_another_version_is_named_as_such(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whether it does not load, does not predict, or does both."""
    mine, other = f'\\"{sklearn.__version__}\\"', '\\"1.5.2\\"'
    told = f"made with scikit-learn 1.5.2, and this is {sklearn.__version__}"

    def older(model: Any, *changes: tuple[str, str]) -> bytes:
        def change(schema: str) -> str:
            for before, after in ((mine, other), *changes):
                assert before in schema
                schema = schema.replace(before, after)
            return schema

        return rewritten(model, change, ZIP_STORED)

    renamed = ('"sklearn.linear_model._ridge"', '"sklearn.linear_model._gone"')
    for content in (older(ridge(), renamed), older(ridge(coef_=np.zeros(3)))):
        with pytest.raises(ModelError, match=re.escape(told)):
            Predictor.of(content, Path("model.skops"), "")
    caplog.clear()
    Predictor.of(older(ridge()), Path("model.skops"), "")
    assert [record.getMessage().count(told) for record in caplog.records] == [1]
    caplog.clear()
    Predictor.of(skops.io.dumps(ridge()), Path("model.skops"), "")
    assert not caplog.records


def test_a_few_bytes_of_onnx_do_not_take_all_memory() -> None:
    """The graph makes a tensor of more than the bound, and adds its maximum to each row's sum."""
    count = MAX_SESSION_BYTES // 4 + 1
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["most"], keepdims=0),
        helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "most"], ["y"]),
    ]
    numbers = [("shape", count), ("axes", 1)]
    initial = [numpy_helper.from_array(np.array([value]), name) for name, value in numbers]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 10])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])
    graph = helper.make_graph(nodes, "graph", [x], [y], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    with pytest.raises(ModelError, match="is smaller than requested bytes"):
        Predictor.of(model.SerializeToString(), Path("model.onnx"), "")
