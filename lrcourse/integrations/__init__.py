"""A line for trainers that make their optimizer themselves: one module for each, which imports it when it is used."""

__all__: list[str] = []
