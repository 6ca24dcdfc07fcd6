"""A session with tritonclient, all as it does by default: tensors are binary both ways."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

told = json.loads(Path(sys.argv[1]).read_text())


def inputs_of(table: dict[str, Any], count: int) -> list[Any]:
    """Returns an input for each column."""
    inputs = []
    for name, values in zip(table["names"], zip(*table["rows"][:count], strict=True), strict=True):
        is_text = any(isinstance(value, str) for value in values)
        kind = np.array([value or "" for value in values] if is_text else values)
        array = kind.astype(object if is_text else float).reshape(-1, 1)
        one = triton.InferInput(name, array.shape, "BYTES" if is_text else "FP64")
        one.set_data_from_numpy(array)
        inputs.append(one)
    return inputs


def client_of(table: dict[str, Any]) -> Any:
    return triton.InferenceServerClient(table["url"].removeprefix("http://").strip("/"))


for name in ("diabetes", "iris", "houses"):
    table = told[name]
    client = client_of(table)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("live")
    described = client.get_model_metadata("live")
    first = [(each["name"], each["datatype"], each["shape"]) for each in described["outputs"]]
    print(name, described["versions"], first)
    for count in (1, 100):
        result = client.infer("live", inputs_of(table, count), request_id="42")
        predictions = result.as_numpy("prediction").tolist()
        if isinstance(predictions[0], bytes):
            predictions = [each.decode() for each in predictions]
        if isinstance(predictions[0], str):
            assert predictions == table["predictions"][:count]
            probabilities = result.as_numpy("probabilities")
            print(count, predictions[:2], probabilities.shape, probabilities[0].round(3).tolist())
        else:
            assert np.allclose(predictions, table["predictions"][:count])
            print(count, predictions[:2])
        answer = result.get_response()
        assert (answer["id"], answer["model_version"]) == ("42", described["versions"][0])
        job_ids = [each.decode() for each in result.as_numpy("job_id").tolist()]
    Path(sys.argv[2]).joinpath(f"{name}.json").write_text(json.dumps(job_ids))

table = told["diabetes"]
client = client_of(table)
print(client.get_server_metadata())
for encoding in ("gzip", "deflate"):
    result = client.infer(
        "live",
        inputs_of(table, 100),
        request_compression_algorithm=encoding,
        response_compression_algorithm=encoding,
    )
    assert np.allclose(result.as_numpy("prediction"), table["predictions"][:100])
    print(encoding, "both ways")
by_id = client.infer(told["by_id"], inputs_of(table, 2), model_version=told["by_id"])
assert by_id.as_numpy("prediction").tolist() == [150.0, 150.0]
print("by id", by_id.get_response()["model_version"])
wanted = [triton.InferRequestedOutput("prediction", binary_data=False)]
chosen = client.infer("live", inputs_of(table, 1), outputs=wanted)
assert chosen.as_numpy("job_id") is None
print("chosen", chosen.get_response()["outputs"][0]["name"])

narrow = inputs_of(table, 1)[1:]
far = inputs_of(table, 1)
far[0].set_data_from_numpy(np.array([[99.0]]))
for model, inputs, more in (
    ("nobody", narrow, {}), ("live", narrow, {}), ("live", far, {}), ("live", far, {"headers":
     {"Idempotency-Key": "x" * 300}}), (told["silent"], inputs_of(table, 1), {"timeout": 100_000}),
):  # fmt: skip
    try:
        client.infer(model, inputs, **more)
    except InferenceServerException as error:
        print("raised", error.status(), error.message()[:110])
    else:
        raise AssertionError(model)


async def in_a_loop() -> None:
    url = table["url"].removeprefix("http://").strip("/")
    async with triton_aio.InferenceServerClient(url) as client:
        results = await asyncio.gather(
            *(client.infer("live", inputs_of(table, count)) for count in (1, 7, 100))
        )
        for result, count in zip(results, (1, 7, 100), strict=True):
            assert np.allclose(result.as_numpy("prediction"), table["predictions"][:count])
        print("aio", [result.as_numpy("prediction").shape for result in results])


asyncio.run(in_a_loop())
