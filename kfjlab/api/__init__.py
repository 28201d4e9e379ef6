"""HTTP handlers: each validates a request, calls one room and answers. No logic."""
