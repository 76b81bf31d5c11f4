"""What an optimizer's step is made of, and watching it while a model trains."""

from lrcourse.steps.decomposition import Step, decompose, effective_lr
from lrcourse.steps.recording import Log, record
from lrcourse.steps.rules import Parts, Seen, overwritten, rule
from lrcourse.steps.seeing import Before, look_before
from lrcourse.steps.series import QUANTILES, Series
from lrcourse.steps.traces import Trace

__all__ = [
    "QUANTILES",
    "Before",
    "Log",
    "Parts",
    "Seen",
    "Series",
    "Step",
    "Trace",
    "decompose",
    "effective_lr",
    "look_before",
    "overwritten",
    "record",
    "rule",
]
