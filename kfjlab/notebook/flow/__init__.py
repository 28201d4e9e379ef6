"""The dataflow analysis behind :mod:`kfjlab.notebook.dataflow`: an abstract interpreter of cells."""
