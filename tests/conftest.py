"""What all tests share: Hypothesis tries the same examples each time, so that a failure is news."""

import os

import pytest
from hypothesis import settings

from agentsim.strategy import added

settings.register_profile("same", derandomize=True)
settings.load_profile("same")


@pytest.fixture(autouse=True, scope="module")
def _strategies_of_a_module_stay_in_it():
    """What a module's tests add to the strategies is not known to the next one's."""
    before = os.environ.get(added.PATHS)
    yield
    if before is None:
        os.environ.pop(added.PATHS, None)
    else:
        os.environ[added.PATHS] = before
