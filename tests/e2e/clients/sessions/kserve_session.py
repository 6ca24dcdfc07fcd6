"""A session with the REST client of kserve, tensors in JSON and binary."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from httpx import HTTPStatusError
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

told = json.loads(Path(sys.argv[1]).read_text())


def request_of(table: dict[str, Any], count: int, is_binary: bool, model: str) -> Any:
    inputs = []
    for name, values in zip(table["names"], zip(*table["rows"][:count], strict=True), strict=True):
        is_text = any(isinstance(value, str) for value in values)
        array = np.array(
            [value or "" for value in values] if is_text else values,
            dtype=object if is_text else float,
        )
        one = InferInput(name, [count], "BYTES" if is_text else "FP64")
        one.set_data_from_numpy(array, binary_data=is_binary)
        inputs.append(one)
    return InferRequest(model, inputs, request_id="42")


async def session() -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
    for name in ("diabetes", "iris", "houses"):
        table = told[name]
        url = table["url"].rstrip("/")
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "live")
        for is_binary in (False, True):
            for count in (1, 100):
                request = request_of(table, count, is_binary, "live")
                answer = await client.infer(url, request, model_name="live")
                predictions = answer.outputs[0].as_numpy().tolist()
                expected = table["predictions"][:count]
                if isinstance(expected[0], str):
                    assert predictions == expected, predictions
                else:
                    assert np.allclose(predictions, expected)
                names = [output.name for output in answer.outputs]
                print(name, count, "binary" if is_binary else "JSON", predictions[:2], names)
        job_ids = answer.outputs[-1].as_numpy().tolist()
        Path(sys.argv[2]).joinpath(f"{name}.json").write_text(json.dumps(job_ids))
    table = told["diabetes"]
    url = table["url"].rstrip("/")
    request = request_of(table, 2, False, told["by_id"])
    by_id = await client.infer(url, request, model_name=told["by_id"])
    print("by id", by_id.model_name, by_id.outputs[0].as_numpy().tolist())
    far = {**table, "rows": [[99.0, *table["rows"][0][1:]]]}
    for model, rows in (("nobody", table), ("live", far)):
        try:
            await client.infer(url, request_of(rows, 1, False, model), model_name=model)
        except HTTPStatusError as error:
            print("raised", error.response.status_code, str(error)[:150])
        else:
            raise AssertionError(model)


asyncio.run(session())
