"""The algorithms to choose from: their parameters, and their fitting step by step."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from pipeline.table.estimators import preparation, preparation_for_trees
from pipeline.table.matrix import Matrix
from pipeline.table.schema import Column, Task
from pipeline.training import ALGORITHMS_OF, TrainingError

STEPS = 20  # at most so many steps in a fit that reports its progress

Tell = Callable[[float], None]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of an algorithm, within bounds that a request cannot leave."""


class LinearParams(Params, frozen=True):
    pass


class RidgeParams(Params, frozen=True):
    alpha: Annotated[float, Meta(ge=0, le=1e6)] = 1.0


class LogisticParams(Params, frozen=True):
    C: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    max_iter: Annotated[int, Meta(ge=1, le=10_000)] = 1_000


class ForestParams(Params, frozen=True):
    n_estimators: Annotated[int, Meta(ge=1, le=500)] = 100
    max_depth: Annotated[int, Meta(ge=1, le=100)] | None = None
    min_samples_leaf: Annotated[int, Meta(ge=1, le=1000)] = 1
    max_features: Annotated[float, Meta(gt=0, le=1)] | Literal["sqrt"] = 1.0
    random_state: Seed = 0


class ClassForestParams(ForestParams, frozen=True):
    max_features: Annotated[float, Meta(gt=0, le=1)] | Literal["sqrt"] = "sqrt"


class BoostingParams(Params, frozen=True):
    max_iter: Annotated[int, Meta(ge=1, le=1000)] = 100
    learning_rate: Annotated[float, Meta(gt=0, le=1)] = 0.1
    max_leaf_nodes: Annotated[int, Meta(ge=2, le=1000)] = 31
    min_samples_leaf: Annotated[int, Meta(ge=1, le=1000)] = 20
    l2_regularization: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    random_state: Seed = 0


PARAMS: dict[tuple[Task, str], type[Params]] = {
    ("regression", "linear"): LinearParams,
    ("regression", "ridge"): RidgeParams,
    ("regression", "random_forest"): ForestParams,
    ("regression", "hist_gradient_boosting"): BoostingParams,
    ("classification", "logistic"): LogisticParams,
    ("classification", "random_forest"): ClassForestParams,
    ("classification", "hist_gradient_boosting"): BoostingParams,
}


def params_of(task: Task, algorithm: str, given: dict[str, Any]) -> Params:
    """Returns the checked parameters of a request, with defaults for those that it leaves out.

    Raises TrainingError that lists the possible ones.

    >>> params_of("regression", "ridge", {"alpha": 10})
    RidgeParams(alpha=10.0)
    """
    if (task, algorithm) not in PARAMS:
        there_is = ", ".join(ALGORITHMS_OF[task])
        raise TrainingError(f"there is no algorithm {algorithm!r} for {task}: there is {there_is}")
    kind = PARAMS[task, algorithm]
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        names = ", ".join(kind.__struct_fields__) or "none"
        raise TrainingError(
            f"parameters {given} are not accepted for {algorithm}: {error}; it has {names}"
        ) from error


def fit(
    task: Task, params: Params, columns: Sequence[Column], rows: tuple[Matrix, Matrix], tell: Tell
) -> Any:
    """Returns an estimator fitted to rows of these columns, as matrix() gives them, and labels.

    Calls `tell` with the percentage done.
    """
    is_regression = task == "regression"
    match params:
        case ForestParams():
            forest = RandomForestRegressor if is_regression else RandomForestClassifier
            ensemble = forest(**msgspec.structs.asdict(params))
            return _in_steps(ensemble, "n_estimators", columns, rows, tell)
        case BoostingParams():
            boosting = (
                HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
            )
            # Early stopping must not depend on the number of rows.
            ensemble = boosting(**msgspec.structs.asdict(params), early_stopping=False)
            return _in_steps(ensemble, "max_iter", columns, rows, tell)
        case RidgeParams():
            last: Any = Ridge(alpha=params.alpha)
        case LogisticParams():
            last = LogisticRegression(C=params.C, max_iter=params.max_iter)
        case _:
            last = LinearRegression()
    return make_pipeline(*preparation(columns), last).fit(*rows)


def _in_steps(
    ensemble: Any,
    size_name: str,
    columns: Sequence[Column],
    rows: tuple[Matrix, Matrix],
    tell: Tell,
) -> Any:
    """Fits in steps, with the result of a single fit: scikit-learn continues each from the last."""
    values, labels = rows
    before = preparation_for_trees(columns)
    for step in before:
        values = step.fit_transform(values)
    size = ensemble.get_params()[size_name]
    steps = min(size, STEPS)
    ensemble.set_params(warm_start=True)
    for step in range(1, steps + 1):
        ensemble.set_params(**{size_name: size * step // steps}).fit(values, labels)
        tell(100 * step / steps)
    ensemble.set_params(warm_start=False)
    return make_pipeline(*before, ensemble) if before else ensemble
