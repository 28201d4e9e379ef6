"""The example notebooks."""

from __future__ import annotations

from kfjlab.verbs.examples import copy_example, list_examples

from . import models
from .context import Context


def list_them(context: Context) -> models.Examples:
    """The examples."""
    return models.Examples(
        examples=[
            models.Example(name=example.name, title=example.title, description=example.description)
            for example in list_examples()
        ]
    )


def copy(context: Context, body: models.ExampleRequest) -> models.ExampleCopy:
    """Copy an example to where it can be opened."""
    path = copy_example(body.name, context.folder(body.folder))
    return models.ExampleCopy(path=context.contents_path(str(path)) or path.name)
