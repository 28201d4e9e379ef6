"""Where a run happens. Each target is one folder (or another package's entry point in ``kfjlab.targets``)."""
