"""The command line: the verbs without a browser."""
