"""Write docs/results.md and its pictures from the tables of the experiments.

python -m experiments.report
"""

import sys

import matplotlib as mpl
from matplotlib.figure import Figure

from experiments.report import (
    both,
    budgets,
    capstone,
    careful,
    costs,
    cycles,
    plateau_noise,
    reset,
    seeds,
    warm_up,
    why_up,
)
from experiments.report.section import Section
from experiments.training import ROOT

DOCS = ROOT / "docs"
QUESTIONS = (both, budgets, careful, warm_up, reset, why_up, cycles, plateau_noise, capstone, seeds, costs)
INTRODUCTION = """\
# What was measured

Some sentences of the lessons stand on more trainings than a lesson has time for. Here they are: for each question what
the numbers say, and what they cannot say. All of this page is computed from the tables in `notebooks/results/` by
`make results`; `make experiments` trains what a table lacks, and can be stopped at any time.

The network is the small one of the course. *CIFAR-10* is a tenth of CIFAR-10: 4,000 images to train on and 1,000 to
validate, where nothing else is said, and as many of *Shapes-10*. The same seed has the same first weights and the same
order of images in every cell of a table, so cells are compared seed by seed: a number such as +1.2 ± 0.4 is the mean of
these differences, with its *standard error*, the spread of the differences divided by the root of their number. With
only three of them luck is large: a mean of two standard errors comes up by luck in one case of five, and it takes 4.3
to be as rare as one in twenty. **Bold** is what is that rare. No choice was made by test images.
"""


def sections() -> list[Section]:
    """Return all sections, in the order of the page."""
    return [question.section() for question in QUESTIONS]


def page(made: list[Section]) -> str:
    """Return the page as text."""
    return "\n".join([INTRODUCTION, *(section.markdown() for section in made)])


def draw(section: Section) -> None:
    """Write the picture of a section; the same tables give the same file."""
    figure = Figure(figsize=section.size, layout="constrained")
    section.draw(figure)
    with mpl.rc_context({"svg.hashsalt": section.name, "svg.fonttype": "none"}):
        figure.savefig(DOCS / "results" / f"{section.name}.svg", metadata={"Date": None})


def main() -> int:
    """Write page and pictures."""
    made = sections()
    text = page(made)
    (DOCS / "results").mkdir(exist_ok=True)
    for section in made:
        if section.draw:
            draw(section)
    (DOCS / "results.md").write_text(text, encoding="utf-8")
    print(DOCS / "results.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
