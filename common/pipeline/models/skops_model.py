"""A model that skops has stored: a scikit-learn estimator, as it was trained."""

import logging
import warnings
from pathlib import Path
from typing import Any

import sklearn
import skops.io
from sklearn.exceptions import InconsistentVersionWarning
from skops.io.exceptions import UntrustedTypesFoundException

from pipeline.errors import ModelError
from pipeline.models import skops_archive

log = logging.getLogger(__name__)

# What a model file may hold beyond the scikit-learn and numpy types that skops knows to be safe:
# enough for trees, neighbours and small networks. A file must not say itself what to trust.
TRUSTED_TYPES = [
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
]


def load(content: bytes, path: Path) -> Any:
    """The estimator in `content`, read from `path`. Raises ModelError if there is none."""
    try:
        skops_archive.check(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)  # we say it in one line
            estimator = skops.io.loads(content, trusted=TRUSTED_TYPES)
    except (ModelError, UntrustedTypesFoundException) as error:
        raise ModelError(f"{path} is refused: {error}{origin(content)}") from error
    except Exception as error:  # a foreign file fails in any way it likes
        raise ModelError(
            f"{path} is not a skops model ({error}): `make train` writes one{origin(content)}"
        ) from error
    if foreign := origin(content):
        log.warning("%s may predict otherwise than where it was trained%s", path, foreign)
    return estimator


def origin(content: bytes) -> str:
    """What is to be added to an error, if another scikit-learn than this one wrote the file."""
    version = skops_archive.sklearn_version(content)
    if version in {None, sklearn.__version__}:
        return ""
    return (
        f"; it was made with scikit-learn {version}, and this is {sklearn.__version__}: train it "
        "again with this one"
    )
