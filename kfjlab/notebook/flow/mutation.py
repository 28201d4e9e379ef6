"""Which library functions and methods change objects in place, and whose results share objects with their arguments.

A wrong "changes" costs parallelism, a wrong "does not" a second execution of a step (what really changed is observed when steps run), so
only what is common in notebooks needs to be right.
"""

from __future__ import annotations

import re

from .words import words

CHANGING_METHODS = words(
    "append extend insert remove pop clear sort reverse add discard update intersection_update difference_update "
    "symmetric_difference_update setdefault popitem appendleft extendleft popleft rotate move_to_end subtract fill resize put "
    "itemset partial_fit fit fit_transform fit_predict fit_resample fit_generator train_on_batch train_step compile load_weights "
    "load_state_dict set_params set_weights set_state train eval zero_grad step backward apply_gradients adapt build freeze unfreeze "
    "register_buffer register_parameter register_module add_module register_forward_hook write writelines writerow writerows seek "
    "truncate readline readlines readinto execute executemany executescript commit rollback close shuffle seed setstate "
    "set_hyper_parameters put_nowait get_nowait task_done release acquire push send throw learn tell __setitem__ __delitem__ "
    "__setattr__ ingest index_documents add_documents add_texts upsert"
)
"""Methods that change the object they belong to, whatever its type, unless it is one of :data:`VALUE_TYPES`."""

AMBIGUOUS = frozenset({"resize", "add", "eval", "partition", "subtract"})
"""Those among them that in other types make a new object: they count when nobody takes the result."""

SAFE_METHODS = words(
    "head tail info describe copy count mean sum std var min max median quantile mode nunique unique value_counts items keys values join "
    "split format startswith endswith lower upper strip replace show display print plot hist boxplot scatter bar barh line area pie "
    "imshow summary score predict predict_proba transform decision_function evaluate inverse_transform log debug warning warn error "
    "exception critical savefig save dump dumps tofile tobytes tolist index find corr cov isnull isna notnull notna sample drop dropna "
    "fillna groupby merge agg apply pipe query select filter collect get exists is_file is_dir mkdir open get_params getvalue "
    "get_feature_names_out pprint render draw_networkx numpy item detach cpu clone equals compare html display_html to"
)
"""Methods that change nothing, even when nobody takes their result."""

_SAFE_PREFIXES = re.compile(r"(get|is|has|to|plot|save|show|print|predict|score|read|write|log|describe|display|list|export|dump|check|"
                            r"validate|assert|count|find|search|compute|draw|render|summar\w+|report|visuali[sz]e|compare)_|"
                            r"(plot|save|show|print|predict|log|write|export)\w*\Z")  # fmt: skip
_CHANGING_PREFIXES = re.compile(
    r"(add|set|update|append|insert|remove|delete|register|push|load|reset|clear|apply|enable|disable|train|fit)_"
)
_NOT_CHANGING = words(
    "set_index set_axis set_flags add_prefix add_suffix update_display fit_bounds remove_unused_categories add_categories "
    "set_categories remove_categories add_columns"
)

CONTAINERS = frozenset({"list", "dict", "set"})
VALUE_TYPES = frozenset(
    {
        "pandas.DataFrame",
        "pandas.Series",
        "polars.DataFrame",
        "polars.Series",
        "polars.LazyFrame",
        "pandas.Index",
    }
)
"""Types whose methods make new objects, but for a few."""

FRAME_CHANGING = frozenset(
    {"insert", "pop", "update", "insert_column", "extend", "replace_column", "__setitem__"}
)
"""The few, of tables."""

VIEWS = words(
    "view reshape ravel squeeze unsqueeze swapaxes transpose diagonal expand expand_as permute narrow detach numpy values keys items get "
    "setdefault pop popleft popitem parameters named_parameters state_dict children modules named_modules buffers get_submodule get_layer "
    "to_numpy __array__ __iter__ iter_rows groupby group_by rolling resample expanding ewm swapdims chunk split unbind asarray contiguous "
    "register encoder decoder get_booster find findall subplots add_subplot add_axes gca twinx cursor cursors"
)
"""Methods whose result may share objects with their owner."""

RETURNS_SELF = words(
    "fit partial_fit set_params set_output train eval to cuda cpu half float double type requires_grad_ update_layout update_traces "
    "update_xaxes update_yaxes add_trace add_shape add_annotation set add_node freeze unfreeze share_memory __enter__ compile"
)
"""Methods that return their owner."""

KEEPS_ARGUMENTS = words(
    "append extend insert add update setdefault appendleft extendleft put push register add_module add_trace register_module "
    "register_buffer __setitem__ set add_node add_edge add_layer attach subscribe insort put_nowait"
)
"""Methods that put their arguments into their owner."""

CHANGES_ARGUMENTS: dict[str, tuple[int, ...]] = {
    "random.shuffle": (0,),
    "numpy.random.shuffle": (0,),
    "builtins.setattr": (0,),
    "builtins.delattr": (0,),
    "builtins.next": (0,),
    "builtins.anext": (0,),
    "heapq.heappush": (0,),
    "heapq.heappop": (0,),
    "heapq.heapify": (0,),
    "heapq.heapreplace": (0,),
    "heapq.heappushpop": (0,),
    "bisect.insort": (0,),
    "bisect.insort_left": (0,),
    "bisect.insort_right": (0,),
    "operator.setitem": (0,),
    "operator.delitem": (0,),
    "operator.iadd": (0,),
    "operator.ior": (0,),
    "numpy.put": (0,),
    "numpy.place": (0,),
    "numpy.copyto": (0,),
    "numpy.putmask": (0,),
    "numpy.fill_diagonal": (0,),
    "numpy.put_along_axis": (0,),
    "numpy.add.at": (0,),
    "numpy.subtract.at": (0,),
    "numpy.multiply.at": (0,),
    "numpy.ndarray.sort": (0,),
    "itertools.islice": (0,),
    "pickle.load": (0,),
    "json.load": (0,),
    "yaml.safe_load": (0,),
    "pandas.api.extensions.register_dataframe_accessor": (),
    "pandas.testing.assert_frame_equal": (),
    "networkx.set_node_attributes": (0,),
    "networkx.set_edge_attributes": (0,),
    "torch.nn.utils.clip_grad_norm_": (0,),
    "torch.nn.utils.clip_grad_value_": (0,),
    "torch.optim.swa_utils.update_bn": (1,),
    "xgboost.Booster.update": (0,),
    "joblib.dump": (),
    "pickle.dump": (),
    "json.dump": (),
}
"""Library functions that change arguments in place, and which (by position)."""

SHARES_ARGUMENTS = words(
    "numpy.asarray numpy.asanyarray numpy.ascontiguousarray numpy.ravel numpy.reshape numpy.transpose numpy.squeeze numpy.swapaxes "
    "numpy.moveaxis numpy.atleast_1d numpy.atleast_2d numpy.atleast_3d numpy.broadcast_to numpy.expand_dims numpy.diagonal numpy.split "
    "numpy.array_split numpy.hsplit numpy.vsplit numpy.frombuffer numpy.lib.stride_tricks.as_strided numpy.lib.stride_tricks."
    "sliding_window_view numpy.flip numpy.fliplr numpy.flipud numpy.rot90 numpy.real numpy.imag numpy.nditer torch.from_numpy "
    "torch.as_tensor torch.squeeze torch.unsqueeze torch.transpose torch.reshape torch.split torch.chunk torch.flatten torch.t "
    "builtins.memoryview builtins.iter builtins.next builtins.vars builtins.getattr csv.reader csv.writer csv.DictReader csv.DictWriter "
    "io.TextIOWrapper itertools.chain itertools.cycle itertools.tee itertools.islice types.MappingProxyType typing.cast "
    "operator.iadd operator.ior sklearn.pipeline.make_pipeline sklearn.compose.make_column_transformer sklearn.pipeline.make_union "
    "networkx.subgraph weakref.ref weakref.proxy copy.copy torch.compile torch.nn.utils.parametrize.register_parametrization "
    "contextlib.nullcontext contextlib.closing contextlib.aclosing torch.jit.script torch.utils.data.random_split torch.nn.DataParallel "
    "accelerate.Accelerator.prepare"
)
"""Library functions whose result may share objects with their arguments."""

COPIES = words(
    "DataFrame Series Index MultiIndex Categorical Timestamp Timedelta DatetimeIndex Counter OrderedDict Path PurePath Decimal Fraction "
    "Tensor Template Table RecordBatch Array Dataset DMatrix Pool Client Session StringIO BytesIO Figure Markdown HTML Image Video Audio "
    "JSON Latex Code Thread Process Timer Popen Console LinearNDInterpolator Rotation"
)
"""Classes of libraries that take over what they need of their arguments."""

_DOING = re.compile(
    r"(train|fit|update|add|append|insert|remove|delete|set|reset|init|initiali[sz]e|fill|shuffle|sort|push|load|clean|process|"
    r"preprocess|normali[sz]e|apply|augment|optimi[sz]e|finetune|fine_tune|freeze|unfreeze|register|attach|configure)(_|\Z)"
)


def changes_owner(name: str, type_name: str, dropped: bool, shown: bool) -> bool:
    """Whether the method ``name`` of an object of that type ("": unknown) may change it; ``dropped``: nobody takes the result, though it
    may be ``shown``."""
    if type_name in VALUE_TYPES:
        return name in FRAME_CHANGING
    if name in CHANGING_METHODS:
        return dropped or name not in AMBIGUOUS or type_name in CONTAINERS
    if name.startswith("__"):
        return name in ("__iadd__", "__setattr__", "__delattr__", "__delitem__", "__next__")
    if name.endswith("_") and not name.endswith("__"):
        return True
    if not dropped or shown or name in SAFE_METHODS or name in _NOT_CHANGING:
        return False
    if _CHANGING_PREFIXES.match(name):
        return True
    return not _SAFE_PREFIXES.match(name)


def is_doing(name: str) -> bool:
    """Whether a function of an unknown library, the result of which nobody takes, is likely to change its arguments."""
    return (name.endswith("_") and not name.endswith("__")) or _DOING.match(name) is not None


def keeps_arguments(path: str) -> bool:
    """Whether what a library's class (a name in capitals) makes is likely to hold on to its arguments."""
    name = path.rpartition(".")[2]
    return name[:1].isupper() and name not in COPIES and not path.startswith("builtins.")
