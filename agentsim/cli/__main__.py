"""`python -m agentsim.cli` is the command `agentsim`."""

import sys

from agentsim.cli import main

if __name__ == "__main__":  # worker processes may read this file again
    sys.exit(main())
