"""What the tables cost, and how to make them."""

from experiments.__main__ import QUESTIONS
from experiments.report.reading import DATA, read
from experiments.report.section import Section


def section() -> Section:
    """Return a line for each table: the command, how many runs there are, and their processor time."""
    rows = []
    for question in QUESTIONS:
        if question == "12":  # named by its number of images, too: of all or a tenth of CIFAR-10
            continue
        tables = read(question)
        runs = [f"{len(tables[d].rows)} of {tables[d].planned}" if d in tables else "none" for d in DATA]
        rows.append([f"`make experiments ARGS={question}`", *runs, minutes(tables)])
    return Section(
        "costs",
        "Commands, runs and time",
        {data: table for data, table in read("reset").items()},
        head=["command", *DATA.values(), "processor time of a run"],
        rows=rows,
        note="On the data set that is found: CIFAR-10 if `LRCOURSE_CIFAR10` or the cache has it, else Shapes-10. Two"
        " runs side"
        " by side on two cores take half of the time. Where no time stands, the table is older than its recording.",
    )


def minutes(tables) -> str:
    """Return the mean processor time of a run, where it was recorded."""
    seconds = [table.rows.seconds for table in tables.values() if "seconds" in table.rows]
    return f"{sum(map(sum, seconds)) / sum(map(len, seconds)):.0f} s" if seconds else ""
