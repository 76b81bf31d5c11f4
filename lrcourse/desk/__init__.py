"""The learner's desk: copies of the lessons to work in, what was answered, and progress."""

__all__: list[str] = []
