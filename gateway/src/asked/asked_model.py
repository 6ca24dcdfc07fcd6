"""A model that is asked: how its rows are checked, and which queue they go to."""

from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from jobs.intake import Intake, Intakes
from pipeline.queues import FEATURES, FEATURES_BY_MODEL
from pipeline.table.schema import Schema
from schemas.base import placed
from schemas.predictions import request_type
from schemas.ranges import Ranges


class RowsError(RequestValidationError):
    """Rows that are none of the model's; `names` are those of its columns, in order."""

    def __init__(self, error: ValidationError, names: list[str]) -> None:
        super().__init__(placed(error))
        self.names = names


class Asked:
    """The model that is asked; its `model_id` is empty for the live one, whichever it is by then.

    `schema` has the columns of a row. Made once for a model, as its types take milliseconds.
    """

    def __init__(self, model_id: str, schema: Schema) -> None:
        self.model_id = model_id
        self.schema = schema
        self._intakes = Intakes(schema, Ranges(schema), model_id)
        self._request: TypeAdapter[Any] = TypeAdapter(request_type(schema))

    @property
    def queue(self) -> str:
        """The queue that its rows go to."""
        return FEATURES_BY_MODEL if self.model_id else FEATURES

    def intake(self, request: Any, key: str) -> Intake:
        """Reads a request of the type that request_type() returns; see Intakes.read()."""
        return self._intakes.read(request, key)

    def checked(self, body: dict[str, Any], key: str) -> Intake:
        """Reads a request that is not checked yet. Raises RowsError as well."""
        try:
            request = self._request.validate_python(body)
        except ValidationError as error:
            raise RowsError(error, self.schema.names) from error
        return self._intakes.read(request, key)
