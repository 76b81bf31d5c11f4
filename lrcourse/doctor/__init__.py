"""``lrcourse doctor``: what is here, what is missing, what will disturb the lessons, and the one step to take."""

from lrcourse.doctor.report import doctor

__all__ = ["doctor"]
