"""The steps of a quarter, one file each, in the order in which `agentsim.quarter` takes them."""
