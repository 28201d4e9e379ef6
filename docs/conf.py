"""Sphinx makes the documentation of these pages: ``make docs``."""

from kfjlab.version import __version__

project = "kfjlab"
author = "the kfjlab authors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"kfjlab {release}"
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
# Pages link to files of the repository, which are no pages here, as they do where the repository is read.
suppress_warnings = ["myst.xref_missing"]
autodoc_typehints = "description"
exclude_patterns = ["_build"]
nitpicky = False
