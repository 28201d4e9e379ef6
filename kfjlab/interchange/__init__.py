"""Pipelines of other tools, read. Knows of notebooks and files, not of servers, processes or Kubernetes."""
