"""The algorithms to choose from: their parameters, and their fitting step by step."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.dataset import Dataset
from pipeline.training import TrainingError

STEPS = 20  # at most so many steps in a fit that reports its progress

Tell = Callable[[float], None]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of an algorithm, within bounds that a request cannot leave."""


class LinearParams(Params, frozen=True):
    pass


class RidgeParams(Params, frozen=True):
    alpha: Annotated[float, Meta(ge=0, le=1e6)] = 1.0


class ForestParams(Params, frozen=True):
    n_estimators: Annotated[int, Meta(ge=1, le=500)] = 100
    max_depth: Annotated[int, Meta(ge=1, le=100)] | None = None
    min_samples_leaf: Annotated[int, Meta(ge=1, le=1000)] = 1
    max_features: Annotated[float, Meta(gt=0, le=1)] = 1.0
    random_state: Seed = 0


class BoostingParams(Params, frozen=True):
    max_iter: Annotated[int, Meta(ge=1, le=1000)] = 100
    learning_rate: Annotated[float, Meta(gt=0, le=1)] = 0.1
    max_leaf_nodes: Annotated[int, Meta(ge=2, le=1000)] = 31
    min_samples_leaf: Annotated[int, Meta(ge=1, le=1000)] = 20
    l2_regularization: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    random_state: Seed = 0


PARAMS: dict[str, type[Params]] = {
    "linear": LinearParams,
    "ridge": RidgeParams,
    "random_forest": ForestParams,
    "hist_gradient_boosting": BoostingParams,
}


def params_of(algorithm: str, given: dict[str, Any]) -> Params:
    """Returns the checked parameters of a request, with defaults for those that it leaves out.

    Raises TrainingError that lists the possible ones.

    >>> params_of("ridge", {"alpha": 10})
    RidgeParams(alpha=10.0)
    """
    if algorithm not in PARAMS:
        there_is = ", ".join(PARAMS)
        raise TrainingError(f"there is no algorithm {algorithm!r}: there is {there_is}")
    kind = PARAMS[algorithm]
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        names = ", ".join(kind.__struct_fields__) or "none"
        raise TrainingError(
            f"parameters {given} are not accepted for {algorithm}: {error}; it has {names}"
        ) from error


def fit(params: Params, rows: Dataset, tell: Tell) -> Any:
    """Returns an estimator fitted to these rows; calls `tell` with the percentage done."""
    match params:
        case RidgeParams():
            return _scaled(Ridge(alpha=params.alpha), rows)
        case ForestParams():
            forest = RandomForestRegressor(**msgspec.structs.asdict(params))
            return _in_steps(forest, "n_estimators", rows, tell)
        case BoostingParams():
            # Early stopping must not depend on the number of rows.
            boosting = HistGradientBoostingRegressor(
                **msgspec.structs.asdict(params), early_stopping=False
            )
            return _in_steps(boosting, "max_iter", rows, tell)
        case _:
            return _scaled(LinearRegression(), rows)


def _scaled(regression: Any, rows: Dataset) -> Any:
    return make_pipeline(StandardScaler(), regression).fit(*rows)


def _in_steps(ensemble: Any, size_name: str, rows: Dataset, tell: Tell) -> Any:
    """Fits in steps, with the result of a single fit: scikit-learn continues each from the last."""
    size = ensemble.get_params()[size_name]
    steps = min(size, STEPS)
    ensemble.set_params(warm_start=True)
    for step in range(1, steps + 1):
        ensemble.set_params(**{size_name: size * step // steps}).fit(*rows)
        tell(100 * step / steps)
    return ensemble.set_params(warm_start=False)
