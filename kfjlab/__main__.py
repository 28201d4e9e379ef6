"""``python -m kfjlab`` is the program ``kfjlab``."""

from kfjlab.cli.main import main

if __name__ == "__main__":
    main()
