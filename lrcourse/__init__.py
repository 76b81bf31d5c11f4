"""lrcourse: learning rates in PyTorch, by measurement.

The author writes plain PyTorch; lrcourse runs it (``fit``), watches it (``record``), foresees it
(``simulate``), draws it (``plot_*``) and holds the prose to account (``expect``).
"""

from importlib import import_module

from lrcourse.versions import tell_once

# Where each public name lives. They are imported when they are first used (PEP 562), so that
# `import lrcourse` does not wait for matplotlib, ipywidgets or torchvision.
_HOME = {
    "FlipAndCrop": "models",
    "ResNet9": "models",
    "SmallCNN": "models",
    "decompose": "adaptive",
    "effective_lr": "adaptive",
    "evaluate": "training",
    "expect": "claims",
    "explore_adaptive": "explore_factors",
    "explore_descent": "explore_paths",
    "explore_schedule": "explore_schedules",
    "explore_two_clocks": "explore_traces",
    "fit": "training",
    "grid": "sweeps",
    "load_data": "data",
    "lr_range_test": "range_test",
    "plot_history": "plots",
    "plot_lr": "plots",
    "plot_range_test": "plots",
    "plot_step": "plots",
    "plot_trace": "plots",
    "plot_two_clocks": "plots",
    "predict": "claims",
    "record": "recording",
    "simulate": "schedules",
    "sweep": "sweeps",
}

__all__ = sorted(_HOME)
__version__ = "0.1.0"
tell_once()


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"lrcourse.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lrcourse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
