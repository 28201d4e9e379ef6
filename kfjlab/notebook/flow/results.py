"""What library functions return, as far as it matters: numbers and text cannot be changed, tables and models have their own habits."""

from __future__ import annotations

import re

from .arguments import Arguments
from .draws import draws_when_used
from .strays import STRAY_CALLS
from .values import IMMUTABLE, NUMBER, TEXT, Attribute, Const, Fact, Items, PathFact, Thing, text_of
from .words import words

_TABLES = re.compile(
    r"pandas\.(read_\w+|DataFrame|concat|merge|get_dummies|json_normalize|pivot_table|crosstab|melt)\Z"
)
_POLARS = re.compile(r"polars\.(read_\w+|DataFrame|concat|from_\w+)\Z")
_ARRAYS = re.compile(
    r"numpy\.(array|zeros|ones|empty|full|arange|linspace|random\.\w+|concatenate|stack|vstack|hstack|load|loadtxt|genfromtxt|where|"
    r"zeros_like|ones_like|eye|meshgrid|repeat|tile|exp|log|sqrt|sin|cos|dot|matmul|copy)\Z"
)
_NUMBERS = re.compile(
    r"builtins\.(len|int|float|bool|abs|round|hash|id|ord|isinstance|issubclass|callable|hasattr|any|all|complex|divmod|pow)\Z|"
    r"math\.\w+|cmath\.\w+|time\.(time|perf_counter|monotonic|time_ns|process_time|perf_counter_ns)\Z|os\.(cpu_count|getpid)\Z|"
    r"sklearn\.metrics\.\w+_(score|error|loss)\Z|sklearn\.metrics\.auc\Z|os\.path\.(exists|isfile|isdir|getsize|getmtime|islink)\Z|"
    r"random\.(random|randint|uniform|gauss|randrange|normalvariate)\Z|numpy\.(float\d+|int\d+|uint\d+|isscalar|bool_)\Z|sys\.getsizeof\Z"
)
_TEXTS = re.compile(
    r"builtins\.(str|repr|format|ascii|chr|hex|oct|bin|input)\Z|json\.dumps\Z|platform\.\w+\Z|os\.(getcwd|getlogin|getenv|urandom)\Z|"
    r"os\.path\.(join|basename|dirname|abspath|splitext|expanduser|realpath|normpath|relpath|split|expandvars)\Z|textwrap\.\w+\Z|"
    r"datetime\.\w+(\.\w+)?\Z|uuid\.\w+\Z|time\.(strftime|ctime|asctime|localtime|gmtime)\Z|getpass\.\w+\Z|string\.\w+\Z|re\.(sub|escape|compile)\Z|"
    r"pandas\.(Timestamp|Timedelta|to_datetime)\Z|decimal\.Decimal\Z|fractions\.Fraction\Z|hashlib\.\w+\.hexdigest\Z"
)
_THINGS = {
    "numpy.random.default_rng": "numpy.random.Generator",
    "numpy.random.Generator": "numpy.random.Generator",
    "numpy.random.RandomState": "numpy.random.Generator",
    "sklearn.utils.check_random_state": "numpy.random.Generator",
    "random.Random": "numpy.random.Generator",
    "random.SystemRandom": "immutable",
    "torch.Generator": "numpy.random.Generator",
    "builtins.range": "range",
    "builtins.iter": "iterator",
    "builtins.map": "iterator",
    "builtins.filter": "iterator",
    "builtins.set": "set",
    "builtins.frozenset": "immutable",
    "builtins.bytes": "bytes",
    "builtins.object": "object",
    "collections.deque": "list",
    "collections.defaultdict": "dict",
    "collections.OrderedDict": "dict",
    "collections.Counter": "dict",
    "collections.namedtuple": "type",
    "csv.reader": "iterator",
    "csv.DictReader": "iterator",
    "os.walk": "iterator",
    "os.scandir": "iterator",
    "re.finditer": "iterator",
    "itertools.chain": "iterator",
    "itertools.cycle": "iterator",
    "itertools.count": "iterator",
    "itertools.islice": "iterator",
    "itertools.product": "iterator",
    "glob.glob": "labels",
    "glob.iglob": "iterator",
    "os.listdir": "labels",
    "builtins.dir": "labels",
    "builtins.type": "type",
}

_FILES = frozenset(
    {
        "builtins.open",
        "io.open",
        "gzip.open",
        "codecs.open",
        "bz2.open",
        "lzma.open",
        "zipfile.ZipFile",
        "tarfile.open",
    }
)

_NUMBER_ATTRIBUTES = frozenset(
    {"shape", "size", "ndim", "itemsize", "nbytes", "st_size", "empty", "is_cuda", "requires_grad"}
)
_TEXT_ATTRIBUTES = frozenset(
    {
        "dtype",
        "dtypes",
        "columns",
        "index",
        "name",
        "names",
        "stem",
        "suffix",
        "__name__",
        "__doc__",
        "__class__",
    }
)
_NUMBER_METHODS = words(
    "count index find rfind score item mean sum std var min max median nunique __len__ isdigit isalpha startswith endswith is_file is_dir "
    "exists numel dim total_seconds timestamp bit_length qsize fileno tell readable writable argmin argmax any all"
)
_TEXT_METHODS = words(
    "format upper lower strip lstrip rstrip title capitalize replace join encode decode hexdigest strftime isoformat swapcase zfill center "
    "ljust rjust removeprefix removesuffix casefold getvalue read_text to_string to_json to_markdown to_html as_posix"
)


def result_of(path: str, arguments: Arguments) -> Fact | None:
    """What is known about the result of a library function."""
    if path in STRAY_CALLS:
        return Thing("file" if path in _FILES else path)
    if path in _THINGS:
        return IMMUTABLE if _THINGS[path] == "immutable" else Thing(_THINGS[path])
    if _NUMBERS.match(path):
        return NUMBER
    if _TEXTS.match(path):
        return TEXT
    if _TABLES.match(path):
        return Thing("pandas.DataFrame")
    if path.startswith("pandas.") and path.endswith("Series"):
        return Thing("pandas.Series")
    if _POLARS.match(path):
        return Thing("polars.DataFrame")
    if _ARRAYS.match(path):
        return Thing("numpy.ndarray")
    name = path.rpartition(".")[2]
    draws = draws_when_used(path, arguments)
    if name[:1].isupper() or draws:
        return Thing(path, draws)
    return None


def attribute_of(owner: Fact | None, name: str) -> Fact | None:
    """What is known about an attribute, if that is more than whose it is."""
    if isinstance(owner, Attribute):
        owner = None
    if isinstance(owner, PathFact):
        return _of_path(owner, name)
    if name in _NUMBER_ATTRIBUTES:
        return NUMBER
    if name in _TEXT_ATTRIBUTES and not (isinstance(owner, Thing) and owner.type == "dict"):
        return Thing("labels") if name in ("columns", "index", "names", "dtypes") else IMMUTABLE
    if (
        isinstance(owner, Thing)
        and owner.type in ("number", "immutable")
        and name in ("real", "imag", "year", "month", "day")
    ):
        return NUMBER
    return None


def _of_path(owner: PathFact, name: str) -> Fact | None:
    import posixpath

    if name == "parent":
        return PathFact(posixpath.dirname(owner.path) or ".")
    if name in ("name", "stem", "suffix"):
        base = posixpath.basename(owner.path)
        stem, suffix = posixpath.splitext(base)
        text = {"name": base, "stem": stem, "suffix": suffix}[name]
        return Const(text, "str")
    return None


def method_result(owner: Fact | None, name: str, arguments: Arguments) -> Fact | None:
    """What is known about the result of a method."""
    if isinstance(owner, Const) and isinstance(owner.value, str):
        if name == "format":
            return _formatted(owner, arguments)
        if name in ("split", "rsplit", "splitlines"):
            return Thing("labels")
        return TEXT
    if name in _NUMBER_METHODS and not (
        isinstance(owner, Thing) and owner.type in ("pandas.DataFrame", "numpy.ndarray", "polars.DataFrame")
    ):
        return (
            NUMBER
            if name not in ("mean", "sum", "std", "var", "min", "max", "median", "any", "all", "count")
            else None
        )
    if name in _TEXT_METHODS and not (
        isinstance(owner, Thing) and owner.type.startswith(("pandas", "polars"))
    ):
        return TEXT if owner is None or owner.fixed or name not in ("replace", "join") else None
    if isinstance(owner, Thing) and owner.fixed:
        return IMMUTABLE
    if isinstance(owner, Thing) and owner.type.startswith(("pandas.", "polars.")):
        return (
            owner
            if name
            not in ("to_numpy", "to_dict", "to_list", "tolist", "groupby", "group_by", "items", "iterrows")
            else None
        )
    return None


def _formatted(owner: Const, arguments: Arguments) -> Fact:
    texts = [text_of(value.fact) for value in arguments.positional]
    named = {name: text_of(value.fact) for name, value in arguments.keywords.items()}
    if None in texts or None in named.values() or arguments.rest is not None:
        return TEXT
    try:
        return Const(str(owner.value).format(*texts, **named), "str", owner.certain)
    except (LookupError, ValueError, TypeError, AttributeError):  # the code fails when it runs
        return TEXT


def list_of(value_fact: Fact | None, kind: str) -> Fact | None:
    """``list(x)`` and its like."""
    if isinstance(value_fact, Items) and value_fact.kind in ("list", "tuple", "set", "range"):
        return Items(kind, value_fact.items)
    return Thing(kind)
