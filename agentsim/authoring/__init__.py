"""What authors of strategies use: a file to start from, the battery, measured properties, a trial."""
