"""Which code changes the ambient state of the process: environment, options, filters, attributes of modules. The keys are those of
``kfjlab/runtime/ambient.py``."""

from __future__ import annotations

import re

from .arguments import Arguments
from .evaluator import Evaluator
from .values import Dotted, Fact, text_of

ENVIRON = "environ"

RESTORED_BY: dict[str, tuple[str, ...]] = {
    "warnings.catch_warnings": ("warnings",),
    "numpy.errstate": ("numpy.errstate",),
    "numpy.printoptions": ("numpy.printoptions",),
    "pandas.option_context": ("pandas.options",),
    "matplotlib.rc_context": ("matplotlib.rcParams",),
    "matplotlib.pyplot.rc_context": ("matplotlib.rcParams",),
    "matplotlib.pyplot.style.context": ("matplotlib.rcParams",),
    "matplotlib.style.context": ("matplotlib.rcParams",),
    "decimal.localcontext": ("decimal.context",),
    "sklearn.config_context": ("sklearn.config",),
    "polars.Config": ("polars.config",),
    "torch.random.fork_rng": ("torch.random",),
    "contextlib.chdir": ("cwd",),
}
"""``with`` statements that put a piece of ambient state back at their end."""

_WRITERS: tuple[tuple[str, str], ...] = (
    (
        r"os\.(putenv|unsetenv)|os\.environ\.(update|setdefault|pop|clear|popitem|__setitem__)|dotenv\.load_dotenv",
        ENVIRON,
    ),
    (r"os\.(chdir|fchdir)", "cwd"),
    (r"sys\.path\.(append|insert|extend|remove|pop|clear)|site\.addsitedir", "sys.path"),
    (r"warnings\.(filterwarnings|simplefilter|resetwarnings)|sys\.warnoptions\.\w+", "warnings"),
    (r"numpy\.set_printoptions|numpy\.set_string_function", "numpy.printoptions"),
    (r"numpy\.seterr(call)?", "numpy.errstate"),
    (r"pandas\.(set_option|reset_option|set_eng_float_format)|pandas\.options\..*", "pandas.options"),
    (r"polars\.Config\.(set_\w+|restore_defaults|load\w*)", "polars.config"),
    (
        r"matplotlib\.(pyplot\.)?(style\.use|rc|rcdefaults|rc_file|use|switch_backend|set_cmap|set_loglevel|rcParams\.\w+|xkcd|jet|gray|viridis)|"
        r"matplotlib_inline\.backend_inline\.\w+|IPython\.display\.set_matplotlib_\w+|"
        r"seaborn\.(set|set_theme|set_style|set_context|set_palette|set_color_codes|reset_defaults|reset_orig|despine_none)",
        "matplotlib.rcParams",
    ),
    (r"locale\.setlocale", "locale"),
    (
        r"sys\.(argv\.(append|extend|insert|remove|pop|clear|sort|reverse)|setrecursionlimit|setswitchinterval|set_int_max_str_digits)|"
        r"calendar\.setfirstweekday|socket\.setdefaulttimeout|csv\.field_size_limit",
        "settings",
    ),
    (r"time\.tzset", "timezone"),
    (r"decimal\.(setcontext|getcontext\(\)\..*)", "decimal.context"),
    (
        r"logging\.(basicConfig|disable|captureWarnings|addLevelName|setLoggerClass|config\.\w+|getLogger\(\)\.(setLevel|addHandler|"
        r"removeHandler|addFilter))|transformers\.logging\.set_\w+|optuna\.logging\.set_\w+",
        "logging",
    ),
    (r"sklearn\.set_config", "sklearn.config"),
    (
        r"torch\.set_(num_threads|default_dtype|default_device|printoptions|grad_enabled|float32_matmul_precision)",
        "module:torch",
    ),
    (r"gc\.(disable|enable|freeze)|sys\.set\w+|faulthandler\.enable|multiprocessing\.set_start_method", ""),
)
_PATTERNS = [(re.compile(f"(?:{pattern})\\Z"), key) for pattern, key in _WRITERS]
_SETTINGS = (
    "os.environ",
    "sys.path",
    "sys.argv",
    "warnings.filters",
    "pandas.options",
    "matplotlib.rcParams",
    "matplotlib.pyplot.rcParams",
)
_KEY_OF = {
    "os.environ": ENVIRON,
    "sys.path": "sys.path",
    "sys.argv": "settings",
    "warnings.filters": "warnings",
    "pandas.options": "pandas.options",
    "matplotlib.rcParams": "matplotlib.rcParams",
    "matplotlib.pyplot.rcParams": "matplotlib.rcParams",
}


def write_ambient(ev: Evaluator, key: str) -> None:
    """Note that a piece of ambient state is changed, unless a ``with`` around it puts it back."""
    if key not in ev.restored:
        ev.writes_resource(f"ambient:{key}", definitely=False)


def ambient_in_library(ev: Evaluator, path: str, arguments: Arguments) -> None:
    """Note what calling a library function does to ambient state."""
    if path.startswith("os.environ.") or path in ("os.getenv", "os.putenv", "os.unsetenv"):
        _environment_call(ev, path, arguments)
    for pattern, key in _PATTERNS:
        if pattern.match(path):
            if key:
                write_ambient(ev, key)
            return


def _environment_call(ev: Evaluator, path: str, arguments: Arguments) -> None:
    name = arguments.text(0, "key")
    action = path.rpartition(".")[2]
    if action in ("get", "getenv", "__getitem__", "setdefault", "pop") and name is not None:
        ev.reads_resource(f"env:{name}")
    if action in ("putenv", "unsetenv", "setdefault", "pop", "__setitem__"):
        ev.environment.add(name or "*")
    elif action in ("update", "clear", "popitem"):
        ev.environment.update([*arguments.keywords, *([] if not arguments.positional else ["*"])])


def read_in_library(ev: Evaluator, fact: Dotted, key: Fact | None) -> None:
    """``os.environ["X"]``, ``module.attribute``."""
    if fact.path == "os.environ":
        name = text_of(key)
        if name is not None:
            ev.reads_resource(f"env:{name}")


def assigned_in_library(ev: Evaluator, fact: Dotted, attribute: str, key: Fact | None = None) -> None:
    """``module.attribute = …``, ``os.environ["X"] = …``; ``attribute`` is empty for items."""
    path = fact.path
    for setting in _SETTINGS:
        if path == setting or path.startswith(setting + ".") or f"{path}.{attribute}" == setting:
            if setting == "os.environ":
                ev.environment.add(text_of(key) or "*")
                if text_of(key) is not None:
                    ev.definite.add(f"env:{text_of(key)}")
            write_ambient(ev, _KEY_OF[setting])
            return
    if path.startswith("decimal.getcontext"):
        write_ambient(ev, "decimal.context")
    elif path.startswith("IPython"):
        write_ambient(ev, "ipython.options")
    elif fact.module or not path.rpartition(".")[0]:
        write_ambient(ev, f"module:{path.lstrip('.')}")
    else:
        write_ambient(ev, f"module:{path.rpartition('.')[0].lstrip('.') or path}")
