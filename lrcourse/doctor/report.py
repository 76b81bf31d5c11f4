"""Look at everything, whatever is wrong with a part of it, and say what was found."""

from __future__ import annotations

from lrcourse.base import tell
from lrcourse.doctor import installed, machine, surroundings

CHECKS = (
    installed.python,
    installed.packages,
    installed.torch_and_torchvision,
    installed.lrcourse_itself,
    installed.verified_torch,
    installed.kernel,
    installed.widgets,
    surroundings.variables,
    surroundings.profile_of_ipython,
    surroundings.matplotlibrc,
    surroundings.files_that_hide_modules,
    machine.devices,
    machine.threads,
    machine.memory,
    machine.images,
    machine.cache,
    machine.desk,
)


class Report:
    """What was found: lines are printed at once, the rest at the end."""

    def __init__(self) -> None:
        self.problems: list[str] = []  # with which the course cannot run
        self.disturbing: dict[str, list[str]] = {}  # with which it runs, but not as it is meant
        self.notes: list[str] = []  # good to know

    def line(self, name: str, text: object) -> None:
        """Say at once what is here."""
        tell(f"{name:<12} {text}")

    def problem(self, text: str) -> None:
        """Keep what hinders the course, once, and what to do."""
        if text not in self.problems:
            self.problems.append(text)

    def disturb(self, name: str, text: str) -> None:
        """Keep what will disturb the lessons: its name, for the last line, and what to do."""
        self.disturbing.setdefault(name, []).append(text)

    def end(self) -> None:
        """Say what is wrong, and whether the course can run."""
        for text in self.notes:
            self.line("note", text)
        for texts in self.disturbing.values():
            for text in texts:
                self.line("DISTURBS", text)
        for text in self.problems:
            self.line("PROBLEM", text)
        if self.problems:
            tell("The course cannot run here yet.")
        elif self.disturbing:
            tell(f"The course can run here, but see above what disturbs it: {', '.join(self.disturbing)}.")
        else:
            tell("The course can run here.")


def doctor() -> bool:
    """Print what is here, and what to do about what is not as it should be; return whether the course can run."""
    report = Report()
    for check in CHECKS:
        try:
            check(report)
        except ModuleNotFoundError as error:
            report.problem(f"{error.name} is missing: pip install {error.name}")
        except (Exception, SystemExit) as error:  # whatever is wrong, the other checks are made
            name = check.__name__.replace("_", " ")
            report.disturb(name, f"{name}: this could not be looked at. {type(error).__name__}: {error}")
    report.end()
    return not report.problems
