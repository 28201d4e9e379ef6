"""A tagged notebook → one :class:`~kfjlab.notebook.pipeline.Pipeline` value."""
