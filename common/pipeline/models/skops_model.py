"""A model that skops has stored: a scikit-learn estimator, as it was trained."""

from pathlib import Path
from typing import Any

import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from pipeline.errors import ModelError

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
        return skops.io.loads(content, trusted=TRUSTED_TYPES)
    except UntrustedTypesFoundException as error:
        raise ModelError(f"{path} is refused: {error}") from error
    except Exception as error:  # a foreign file fails in any way it likes
        raise ModelError(
            f"{path} is not a skops model ({error}): `make train` writes one"
        ) from error
