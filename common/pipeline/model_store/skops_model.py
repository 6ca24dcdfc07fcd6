"""A model stored by skops: a scikit-learn estimator, as it was trained."""

import logging
import warnings
from pathlib import Path
from typing import Any

import sklearn
import skops.io
from sklearn.exceptions import InconsistentVersionWarning
from skops.io.exceptions import UntrustedTypesFoundException

from pipeline.errors import ModelError
from pipeline.model_store import skops_archive
from pipeline.model_store.loaded_check import check_loaded

log = logging.getLogger(__name__)

# The types that a model file may hold beyond those of scikit-learn and numpy that skops trusts:
# enough for each of scikit-learn's regressors and classifiers, and the default model of a data set
# with texts. A file must not itself say what to trust.
_KERNELS = (
    "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "Product", "RBF",
    "RationalQuadratic", "Sum", "WhiteKernel",
)  # fmt: skip
_DISTANCES = ("Chebyshev", "Euclidean", "Manhattan", "Minkowski")
TRUSTED_TYPES = [
    "numpy.dtype",
    "scipy.sparse._csr.csr_matrix",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    *(f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS),
    *(f"sklearn.metrics._dist_metrics.{name}Distance64" for name in _DISTANCES),
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
]

_SOURCE = "common/pipeline/model_store/skops_model.py"


def load(content: bytes, path: Path) -> Any:
    """Returns the estimator in `content`, read from `path`. Raises ModelError if there is none."""
    try:
        skops_archive.check(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)  # we say it in one line
            estimator = skops.io.loads(content, trusted=TRUSTED_TYPES)
        check_loaded(estimator)
    except UntrustedTypesFoundException as error:
        found = str(error).rstrip(".")
        raise ModelError(
            f"{path} is refused: {found}; its types must be among TRUSTED_TYPES in {_SOURCE}"
            f"{origin(content)}"
        ) from error
    except ModelError as error:
        raise ModelError(f"{path} is refused: {error}{origin(content)}") from error
    except Exception as error:  # a foreign file may fail in any way
        raise ModelError(
            f"{path} is not a skops model ({error}): `make train` writes one{origin(content)}"
        ) from error
    if foreign := origin(content):
        log.warning("%s may predict differently than where it was trained%s", path, foreign)
    return estimator


def origin(content: bytes) -> str:
    """Returns an addition to an error, if a different scikit-learn wrote the file."""
    version = skops_archive.sklearn_version(content)
    if version in {None, sklearn.__version__}:
        return ""
    return (
        f"; it was made with scikit-learn {version}, and this is {sklearn.__version__}: train it "
        "again with this one"
    )
