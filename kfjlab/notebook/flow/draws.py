"""Who draws random numbers from the generators that a whole process shares: ``random``, ``numpy.random`` and ``torch.random``."""

from __future__ import annotations

import re

from .arguments import Arguments
from .evaluator import Evaluator
from .values import Const, Dotted, Fact, Thing
from .words import words

NUMPY, PYTHON, TORCH = "numpy.random", "random", "torch.random"

_SEEDS: dict[str, tuple[str, ...]] = {
    "random.seed": (PYTHON,),
    "random.setstate": (PYTHON,),
    "numpy.random.seed": (NUMPY,),
    "numpy.random.set_state": (NUMPY,),
    "torch.manual_seed": (TORCH,),
    "torch.random.manual_seed": (TORCH,),
    "torch.random.set_rng_state": (TORCH,),
    "torch.set_rng_state": (TORCH,),
    "transformers.set_seed": (PYTHON, NUMPY, TORCH),
    "accelerate.utils.set_seed": (PYTHON, NUMPY, TORCH),
    "keras.utils.set_random_seed": (PYTHON, NUMPY),
    "tensorflow.keras.utils.set_random_seed": (PYTHON, NUMPY),
    "tensorflow.random.set_seed": (),
}
_SEED_EVERYTHING = re.compile(
    r"(pytorch_lightning|lightning|lightning\.pytorch|fastai\.\w+)\.(seed_everything|set_seed)\Z"
)

_PYTHON = words(
    "random randint randrange choice choices sample shuffle uniform gauss normalvariate lognormvariate expovariate betavariate "
    "gammavariate triangular vonmisesvariate paretovariate weibullvariate getrandbits randbytes binomialvariate"
)
_NUMPY_QUIET = words(
    "default_rng Generator RandomState SeedSequence PCG64 MT19937 Philox SFC64 get_state bit_generator mtrand"
)
_TORCH = words(
    "rand randn randint randperm rand_like randn_like randint_like normal bernoulli multinomial poisson dropout"
)
_TORCH_TENSOR = words(
    "normal_ uniform_ random_ bernoulli_ exponential_ log_normal_ geometric_ cauchy_ multinomial bernoulli"
)
_TORCH_LAYERS = re.compile(
    r"(torch\.)?nn\.(Linear|Bilinear|LazyLinear|Conv\w+|LazyConv\w+|Embedding\w*|RNN|LSTM|GRU|RNNCell|LSTMCell|GRUCell|Transformer\w*|"
    r"MultiheadAttention)\Z|torchvision\.models\.\w+\Z"
)

_SKLEARN_ESTIMATORS = re.compile(
    r"sklearn\.\w+(\.\w+)*\.(RandomForest\w+|ExtraTree\w*|ExtraTrees\w+|GradientBoosting\w+|HistGradientBoosting\w+|AdaBoost\w+|Bagging\w+|"
    r"IsolationForest|DecisionTree\w+|SGD\w+|Perceptron|PassiveAggressive\w+|MLP\w+|KMeans|MiniBatchKMeans|BisectingKMeans|"
    r"SpectralClustering|GaussianMixture|BayesianGaussianMixture|TSNE|MDS|PCA|TruncatedSVD|FastICA|NMF|MiniBatchNMF|FactorAnalysis|"
    r"LatentDirichletAllocation|DictionaryLearning|MiniBatchDictionaryLearning|SparsePCA|RandomizedSearchCV|HalvingRandomSearchCV|"
    r"HalvingGridSearchCV|ShuffleSplit|StratifiedShuffleSplit|GroupShuffleSplit|RepeatedKFold|RepeatedStratifiedKFold|RANSACRegressor|"
    r"TheilSenRegressor|GaussianRandomProjection|SparseRandomProjection|RBFSampler|Nystroem|QuantileTransformer|KBinsDiscretizer|"
    r"RandomTreesEmbedding|BernoulliRBM|IterativeImputer|LinearSVC|LinearSVR|DummyClassifier|SequentialFeatureSelector|MinCovDet|"
    r"EllipticEnvelope|StackingClassifier|CalibratedClassifierCV)\Z"
)
_ONLY_WITH: dict[str, tuple[str, ...]] = {
    "KFold": ("shuffle",),
    "StratifiedKFold": ("shuffle",),
    "StratifiedGroupKFold": ("shuffle",),
    "SVC": ("probability",),
    "NuSVC": ("probability",),
}
_WRAPS_ESTIMATORS = re.compile(
    r"sklearn\.\w+(\.\w+)*\.(Pipeline|FeatureUnion|ColumnTransformer|GridSearchCV|VotingClassifier|VotingRegressor|StackingRegressor|"
    r"MultiOutput\w+|OneVsRest\w+|OneVsOne\w+|ClassifierChain|TransformedTargetRegressor|RFE|RFECV|SelectFromModel|make_\w+|clone)\Z"
)
_SKLEARN_FUNCTIONS = re.compile(
    r"sklearn\.(model_selection\.train_test_split|utils\.(shuffle|resample)|datasets\.make_\w+|inspection\.permutation_importance|"
    r"cluster\.(k_means|spectral_clustering)|feature_selection\.mutual_info_\w+|decomposition\.(fastica|randomized_svd))\Z"
)
_RUNS_ESTIMATORS = re.compile(
    r"sklearn\.(model_selection\.(cross_val\w*|cross_validate|learning_curve|validation_curve)|inspection\.\w+)\Z"
)
_SEED_NAMES = ("random_state", "seed", "rng", "generator", "random_seed")
_FITTING = words("fit fit_transform fit_predict fit_resample partial_fit split score transform")


_STATES: dict[str, str] = {
    "random.getstate": PYTHON,
    "numpy.random.get_state": NUMPY,
    "torch.get_rng_state": TORCH,
    "torch.random.get_rng_state": TORCH,
    "torch.initial_seed": TORCH,
    "torch.random.initial_seed": TORCH,
}
"""What asks for a generator's state. It counts as a draw: it depends on all draws before it."""


def draw_in_library(ev: Evaluator, path: str, arguments: Arguments) -> None:
    """Note what calling a library function does to the shared generators."""
    for generator in generators_seeded_by(path):
        ev.seed(generator)
    for generator in _drawn(path, arguments):
        ev.draw(generator)


def generators_seeded_by(path: str) -> tuple[str, ...]:
    """The generators to which the library function at a dotted path gives a state."""
    if _SEED_EVERYTHING.match(path):
        return (PYTHON, NUMPY, TORCH)
    return _SEEDS.get(path, ())


def _drawn(path: str, arguments: Arguments) -> frozenset[str]:
    if path in _STATES:
        return frozenset({_STATES[path]})
    head, _, name = path.rpartition(".")
    if head == "random" and name in _PYTHON:
        return frozenset({PYTHON})
    if head == "numpy.random" and name not in _NUMPY_QUIET and path not in _SEEDS:
        return frozenset({NUMPY})
    if path.startswith("scipy.stats.") and name == "rvs" and not _has_seed(arguments):
        return frozenset({NUMPY})
    if (head == "torch" and name in _TORCH) or (head.startswith("torch.nn.init") and name.endswith("_")):
        return frozenset() if _has_seed(arguments) else frozenset({TORCH})
    if _TORCH_LAYERS.match(path) or path in ("torch.utils.data.random_split", "torch.nn.functional.dropout"):
        return frozenset() if _has_seed(arguments) else frozenset({TORCH})
    if _SKLEARN_FUNCTIONS.match(path) and not _has_seed(arguments):
        shuffle = arguments.keywords.get("shuffle")
        if shuffle is not None and isinstance(shuffle.fact, Const) and not shuffle.fact.value:
            return frozenset()
        return frozenset({NUMPY})
    if _RUNS_ESTIMATORS.match(path):
        return arguments.draws()
    return frozenset()


def _has_seed(arguments: Arguments) -> bool:
    return any(arguments.given(name) for name in _SEED_NAMES) or arguments.rest is not None


def draws_when_used(path: str, arguments: Arguments) -> frozenset[str]:
    """The generators that the methods of what a library's class makes draw from."""
    name = path.rpartition(".")[2]
    if _WRAPS_ESTIMATORS.match(path) or path.startswith("imblearn."):
        return arguments.draws()
    if _has_seed(arguments):
        return frozenset()
    if name in _ONLY_WITH and path.startswith("sklearn."):
        return (
            frozenset({NUMPY}) if any(arguments.is_true(word) for word in _ONLY_WITH[name]) else frozenset()
        )
    if _SKLEARN_ESTIMATORS.match(path):
        return frozenset({NUMPY})
    if path.endswith("utils.data.DataLoader") and arguments.is_true("shuffle"):
        return frozenset({TORCH})
    if path in ("torch.nn.Dropout", "nn.Dropout", "torch.nn.Dropout2d"):
        return frozenset({TORCH})
    return frozenset()


def draw_in_method(ev: Evaluator, owner: Fact | None, name: str, arguments: Arguments) -> None:
    """Note what calling a method does to the shared generators."""
    if isinstance(owner, Thing) and owner.draws and (name in _FITTING or TORCH in owner.draws):
        for generator in sorted(owner.draws):
            ev.draw(generator)
    unknown = owner is None or (
        isinstance(owner, Thing) and owner.type in ("", "pandas.DataFrame", "pandas.Series")
    )
    if name == "sample" and unknown and not _has_seed(arguments):
        ev.draw(NUMPY)
    if name == "rvs" and unknown and not _has_seed(arguments):
        ev.draw(NUMPY)
    if (
        name in _TORCH_TENSOR
        and name.endswith("_")
        and not isinstance(owner, Dotted)
        and not arguments.given("generator")
    ):
        ev.draw(TORCH)
