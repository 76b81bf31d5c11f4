"""lrcourse: learning rates in PyTorch, by measurement.

The author writes plain PyTorch; lrcourse runs it (``fit``), watches it (``record``), foresees it
(``simulate``), draws it (``plot_*``) and holds the prose to account (``expect``).
"""

from importlib import import_module

from lrcourse.base import find_what_moved, tell_once

# In which folder or module each public name lives. They are imported when they are first used (PEP 562), so that
# `import lrcourse` does not wait for matplotlib, ipywidgets or torchvision.
_HOME = {
    "FlipAndCrop": "training",
    "ResNet9": "training",
    "SmallCNN": "training",
    "decompose": "steps",
    "effective_lr": "steps",
    "evaluate": "training",
    "expect": "lessons",
    "explore_adaptive": "explorers",
    "explore_descent": "explorers",
    "explore_schedule": "explorers",
    "explore_two_clocks": "explorers",
    "fit": "training",
    "grid": "training",
    "guard": "schedules",
    "load_data": "images",
    "lr_range_test": "training",
    "plot_history": "plots",
    "plot_lr": "plots",
    "plot_range_test": "plots",
    "plot_step": "plots",
    "plot_trace": "plots",
    "plot_two_clocks": "plots",
    "predict": "lessons",
    "record": "steps",
    "record_live": "explorers",
    "simulate": "schedules",
    "sweep": "training",
}

__all__ = sorted(_HOME)
__version__ = "0.1.0"
tell_once()
find_what_moved()


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"lrcourse.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lrcourse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
