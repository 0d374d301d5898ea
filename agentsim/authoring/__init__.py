"""For authors of strategies: worlds to try one in, the conformance battery, measured properties."""
