"""The methods whose adapters the program writes."""
