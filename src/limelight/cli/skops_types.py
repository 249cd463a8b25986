"""Types of scikit-learn and numpy that are data: a .skops file may hold them without being asked about.

skops trusts scikit-learn's estimators, and leaves their inner parts to whoever reads the file. These here are the parts
of fitted estimators: trees, losses, kernels, metrics. Nothing on the list takes the name of anything to call, opens a
file or an address, or evaluates text; a function that is listed computes numbers from arrays. Trees, which compiled
code follows without looking, are looked through by `skops_checks.py`. What is not listed is asked about: functions of
one's own, and parts that are arrays which nobody looks through (sparse matrices, splines).
"""

from __future__ import annotations

_BY_MODULE = {
    "numpy": "dtype mean median",
    "sklearn._loss.link": "Interval IdentityLink LogLink LogitLink HalfLogitLink MultinomialLogit",
    "sklearn._loss.loss": "HalfSquaredError AbsoluteError PinballLoss HuberLoss HalfPoissonLoss HalfGammaLoss "
    "HalfTweedieLoss HalfTweedieLossIdentity HalfBinomialLoss HalfMultinomialLoss ExponentialLoss",
    "sklearn._loss._loss": "CyHalfSquaredError CyAbsoluteError CyPinballLoss CyHuberLoss CyHalfPoissonLoss "
    "CyHalfGammaLoss CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHalfBinomialLoss CyHalfMultinomialLoss "
    "CyExponentialLoss",
    "sklearn.calibration": "_CalibratedClassifier _SigmoidCalibration _TemperatureScaling",
    "sklearn.cluster._bisect_k_means": "_BisectingTree",
    "sklearn.cluster._birch": "_CFNode _CFSubcluster",
    "sklearn.cluster._kmeans": "_kmeans_single_lloyd _kmeans_single_elkan",
    "sklearn.ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.feature_selection._univariate_selection": "f_classif f_regression chi2 f_oneway r_regression",
    "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
    "sklearn.gaussian_process._gpc": "_BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels": "RBF Matern RationalQuadratic ExpSineSquared DotProduct WhiteKernel "
    "ConstantKernel Sum Product Exponentiation CompoundKernel PairwiseKernel",
    "sklearn.linear_model._sgd_fast": "EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredHinge SquaredLoss "
    "SquaredEpsilonInsensitive",
    "sklearn.metrics._classification": "accuracy_score balanced_accuracy_score f1_score precision_score recall_score",
    "sklearn.metrics._dist_metrics": "EuclideanDistance EuclideanDistance64 EuclideanDistance32 ManhattanDistance "
    "ManhattanDistance64 ManhattanDistance32 ChebyshevDistance ChebyshevDistance64 ChebyshevDistance32",
    "sklearn.metrics._scorer": "_Scorer _PassthroughScorer _MultimetricScorer _CurveScorer",
    "sklearn.multiclass": "_ConstantPredictor",
    "sklearn.neighbors._kd_tree": "KDTree KDTree64 KDTree32",
    "sklearn.neighbors._ball_tree": "BallTree BallTree64 BallTree32",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.preprocessing._function_transformer": "_identity",
    "sklearn.tree._tree": "Tree",
    "sklearn.utils._bunch": "Bunch",
    "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
}
DATA = frozenset(f"{module}.{name}" for module, names in _BY_MODULE.items() for name in names.split())
"""Full names, as skops writes them."""
