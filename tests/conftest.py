"""What all tests share: Hypothesis tries the same examples each time, so that a failure is news."""

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.load_profile("same")
