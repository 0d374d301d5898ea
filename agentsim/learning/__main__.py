"""`python -m agentsim.learning`: train the learners, or check that the shipped tables are theirs."""

import sys

from agentsim.learning.making import main

if __name__ == "__main__":
    sys.exit(main())
