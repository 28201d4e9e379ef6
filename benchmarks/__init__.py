"""Measurements against other tools; ``python -m benchmarks`` runs them."""
