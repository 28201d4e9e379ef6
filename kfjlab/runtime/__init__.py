"""What runs inside a step, on any target. Python ≥ 3.9; imports only the standard library, IPython and cloudpickle."""
