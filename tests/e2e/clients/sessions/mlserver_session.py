"""A session with the codecs of MLServer, for pandas and numpy, over plain HTTP."""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec
from mlserver.types import InferenceResponse, RequestOutput

told = json.loads(Path(sys.argv[1]).read_text())


def infer(table: dict[str, Any], request: Any, model: str = "live") -> Any:
    url = f"{table['url']}v2/models/{model}/infer"
    body = request.model_dump_json().encode()
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
        return InferenceResponse.model_validate_json(answer.read())


for name in ("diabetes", "iris", "houses"):
    table = told[name]
    for count in (1, 100):
        frame = pd.DataFrame(table["rows"][:count], columns=table["names"])
        texts = [*frame.select_dtypes(object)]
        frame[texts] = frame[texts].fillna("")  # the codec takes no missing texts
        answer = infer(table, PandasCodec.encode_request(frame))
        found = PandasCodec.decode_response(answer)
        expected = table["predictions"][:count]
        if isinstance(expected[0], str):
            assert found["prediction"].tolist() == expected
            assert len(found["probabilities"][0]) > 1
        else:
            assert np.allclose(found["prediction"], expected)
        print(name, "pandas", count, [*found.columns], found["prediction"].tolist()[:2])
    Path(sys.argv[2]).joinpath(f"{name}.json").write_text(json.dumps(found["job_id"].tolist()))
    if name != "houses":
        matrix = NumpyRequestCodec.encode_request(np.array(table["rows"][:100]))
        all_of_it = infer(table, matrix)
        first = NumpyCodec.decode_output(all_of_it.outputs[0])
        matrix.outputs = [RequestOutput(name="prediction")]  # for the codec of one output
        prediction = NumpyRequestCodec.decode_response(infer(table, matrix))
        if name == "diabetes":
            assert np.allclose(first, told[name]["predictions"][:100])
            assert np.allclose(prediction, first)
        assert len(prediction) == 100
        print(name, "numpy", matrix.inputs[0].shape, "->", prediction.shape, prediction.dtype)

table = told["diabetes"]
frame = pd.DataFrame(table["rows"][:2], columns=table["names"])
by_id = infer(table, PandasCodec.encode_request(frame), told["by_id"])
print("by id", by_id.model_version, PandasCodec.decode_response(by_id)["prediction"].tolist())
try:
    infer(table, PandasCodec.encode_request(frame.assign(age=99.0)))
except urllib.error.HTTPError as error:
    print("raised", error.code, error.read().decode()[:110])
else:
    raise AssertionError("it was taken")
