"""Exit codes, as ``docs/cli.md`` has them."""

SUCCEEDED = 0
FAILED = 1
"""A step failed."""
REFUSED = 2
"""Nothing was done: wrong usage, a notebook with errors, no such run, …"""
INTERNAL = 70
"""kfjlab itself failed (EX_SOFTWARE of sysexits.h)."""
CANCELLED = 130
"""As a shell has it for a program that SIGINT ended."""
BROKEN_PIPE = 141
"""The same for SIGPIPE."""
