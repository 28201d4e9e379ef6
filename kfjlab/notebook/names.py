"""Names of steps: which are allowed, how a bad one is mended, and what stands for them in paths and in a
cluster.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable

LONGEST = 63
"""Characters in a step's name at most: what a Kubernetes label value can hold."""

METRICS_STEP = "pipeline-metrics"
"""The step that the metrics cells form; no other step may have this name."""

_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_HASHED = re.compile(r"[_-][0-9a-f]{8}\Z")
_SLUG_BODY = 40


def name_fault(name: str, extra: str = "") -> str | None:
    """Why ``name`` cannot name a step (the second half of a sentence that starts with the name), or ``None``
    when it can.

    Allowed are letters and digits of any script, ``_``, ``-`` and single spaces between words, at most 63
    characters, not starting with ``-``; and the characters in ``extra``. All names that Kale accepts
    (``[_a-z][_a-z0-9]*``) are allowed as far as they are short enough.
    """
    if not name.strip():
        return "is empty"
    if name == METRICS_STEP and not extra:
        return "is the name of the step that the metrics cells form"
    if len(name) > LONGEST:
        return f"has {len(name)} characters; {LONGEST} are the most"
    for char in name:
        if not (char in "_- " or char in extra or unicodedata.category(char)[0] in "LMN"):
            shown = char if char.isprintable() else f"U+{ord(char):04X}"
            return f"has the character {shown!r}; letters, digits, '_', '-' and spaces are allowed"
    if name != name.strip() or "  " in name:
        return "has a space too many"
    if name[0] == "-" or unicodedata.category(name[0])[0] == "M":
        return f"starts with {name[0]!r}; start with a letter, a digit or '_'"
    return None


def safe_name(text: str, taken: Collection[str] = (), fallback: str = "step") -> str:
    """A name made of ``text`` that Kale accepts too (``[_a-z][_a-z0-9]*``), and not among ``taken``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if len(words) > _SLUG_BODY:
        words = words[:_SLUG_BODY].rsplit("_", 1)[0] if "_" in words[:_SLUG_BODY] else words[:_SLUG_BODY]
    words = re.sub(r"(?:_(?:a|an|and|at|for|from|in|of|on|or|the|to|using|with))+\Z", "", words)
    if not words:
        words = fallback
    if words[0].isdigit():
        words = f"{fallback}_{words}"
    return unused(words, taken)


def unused(name: str, taken: Collection[str]) -> str:
    """``name``, or ``name_2``, ``name_3``, … when it is among ``taken``."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def slug(name: str) -> str:
    """What stands for a step's name where only a DNS label is possible: paths, Kubernetes names, URLs.

    Different names have different slugs: ``load_data`` becomes ``load-data``, and every name that is not of
    that plain kind carries eight digits of its SHA-256. A slug matches ``[a-z][a-z0-9-]*[a-z0-9]`` (or one
    letter) and has at most 63 characters.
    """
    if _PLAIN.fullmatch(name) and len(name) <= LONGEST and not _HASHED.search(name):
        return name.replace("_", "-")
    body = safe_name(name).replace("_", "-")
    return f"{body}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of ``known`` that ``word`` was most likely meant to be, or ``None``."""
    from difflib import get_close_matches

    lower = {k.lower(): k for k in known}
    found = get_close_matches(word.lower(), lower, n=1, cutoff=cutoff)
    return lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` or the known names, to be put after a sentence; empty when nothing is known."""
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f" Did you mean {near!r}?"
    return f" Known: {', '.join(sorted(names))}." if names else ""
