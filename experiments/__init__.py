"""The experiment files: one TOML file a question, found by name."""
