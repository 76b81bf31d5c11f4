"""Many runs side by side, on this machine or on a cluster."""

from __future__ import annotations

import csv
import io
import itertools
import os
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import torch

from lrcourse.base import as_python, bar, tell, write_whole

if TYPE_CHECKING:
    import pandas

ERROR = "error"


def grid(**values: Iterable) -> list[dict]:
    """Return one configuration for each combination of the values.

    >>> grid(lr=[0.1, 0.01], seed=[0, 1])[:3]
    [{'lr': 0.1, 'seed': 0}, {'lr': 0.1, 'seed': 1}, {'lr': 0.01, 'seed': 0}]
    """
    return [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]


def sweep(
    run: Callable[..., Mapping],
    configs: Iterable[Mapping],
    *,
    jobs: int | None = None,
    results: str | os.PathLike | None = None,
    progress: bool = True,
) -> pandas.DataFrame:
    """Call ``run(**config)`` for each configuration, several at a time, and return a table with a row for each.

    Each run has one torch thread, so that its result does not depend on how many run beside it. Where they run is
    joblib's business: ``with joblib.parallel_config(backend="ray"):`` around the call hands them to a Ray cluster.

    Args:
        run: trains, and returns its results by name: numbers, text or truth values.
        configs: arguments of the runs, by name; the same names in each. ``grid`` makes them. Numbers of NumPy, pandas
            and torch are handed on as Python's.
        jobs: how many runs at a time; without, as many as joblib is set to, else as there are cores.
        results: a CSV file. It is written after each run (under Ray, after each round of runs), and what it holds
            is not run again, so that an interrupted sweep goes on where it stopped. Runs that failed are run again.
        progress: show one progress bar over all runs.

    Returns:
        The configurations' columns, then the results', in the order of ``configs``. A run that raised an exception has
        what it said in the column ``error``, and the others are not held up.

    Raises:
        ValueError: no configurations, two that are equal, or with different names; or a file of another sweep.
        TypeError: ``configs`` is not a list of dicts.
        RuntimeError: a worker process was killed from outside. What is in the file stays.

    >>> sweep(lambda lr, seed: {"loss": seed - lr}, grid(lr=[0.5], seed=[1, 2]), jobs=1).loss.tolist()
    [0.5, 1.5]
    """
    import pandas  # takes a moment, and most notebooks do without

    rows = list(configs)
    if not all(isinstance(config, Mapping) for config in rows):
        raise TypeError(
            f"configs must be a list of dicts, one for each run, got {type(configs).__name__}: make it with"
            " grid(lr=[0.1, 0.01]), or of a table with table.to_dict('records')"
        )
    configs = [_plain(config) for config in rows]
    keys = _keys(configs)
    known = {} if results is None else _read(Path(results), list(configs[0]))
    missing = [(key, config) for key, config in zip(keys, configs, strict=True) if key not in known]
    tasks = [joblib.delayed(_run)(run, key, config) for key, config in missing]
    try:
        for key, row in bar(_finished(tasks, jobs), what="runs", shown=progress, total=len(tasks)):
            known[key] = row
            if results is not None:
                _write(Path(results), list(known.values()))
    except BrokenProcessPool as error:
        kept = "none is kept, since no results= was given" if results is None else f"they are kept in {results}"
        raise RuntimeError(
            f"a worker process was killed, most likely for want of memory. Of {len(keys)} runs {len(known)} are done;"
            f" {kept}. Call sweep again, with fewer jobs, to run the others"
        ) from error
    table = pandas.DataFrame([known[key] for key in keys])
    failed = table[table[ERROR].notna()] if ERROR in table else table[:0]
    if len(failed):
        first = failed.iloc[0][[*configs[0], ERROR]].to_dict()
        tell(f"{len(failed)} of {len(table)} runs failed and will be run again next time. The first: {first}")
    return table


def _finished(tasks: list, jobs: int | None) -> Iterator[tuple[tuple, dict]]:
    """Yield what the tasks return, as soon as the backend of joblib can tell."""
    backend, set_to = joblib.parallel.get_active_backend()
    if jobs is None:
        jobs = set_to or os.cpu_count()
    if backend.supports_return_generator:
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(tasks)
        return
    # Ray's and other backends only return when all is done, so they get one round of runs at a time.
    together = joblib.effective_n_jobs(jobs)
    for start in range(0, len(tasks), together):
        yield from joblib.Parallel(n_jobs=jobs, batch_size=1)(tasks[start : start + together])


def _run(run: Callable, key: tuple, config: dict) -> tuple[tuple, dict]:
    """Return the row of one run; called in a worker."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        result = run(**config)
        if not isinstance(result, Mapping):
            raise TypeError(f"run must return a mapping of results by name; it returned {type(result).__name__}")
        return key, {**config, **_plain(result)}
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return key, {**config, ERROR: f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"}
    finally:
        torch.set_num_threads(threads)


def _keys(configs: list[dict]) -> list[tuple]:
    """Return what tells the configurations apart, also after they were written to a file."""
    if not configs:
        raise ValueError("there is no configuration to run: pass at least one, for instance grid(lr=[0.1, 0.01])")
    for config in configs:
        if config.keys() != configs[0].keys() or ERROR in config:
            raise ValueError(
                f"each configuration must have the same names, none of them {ERROR!r}; got {list(configs[0])}"
                f" and {list(config)}"
            )
    keys = [_key(config.values()) for config in configs]
    if len(set(keys)) < len(keys):
        twice = next(config for key, config in zip(keys, configs, strict=True) if keys.count(key) > 1)
        raise ValueError(f"this configuration stands twice: {twice}; give each run a seed of its own")
    return keys


def _plain(values: Mapping) -> dict:
    """Return them with the numbers of NumPy, pandas and torch as Python's, since in a file there is no other kind."""
    return {name: as_python(value) for name, value in values.items()}


def _key(values: Iterable) -> tuple:
    return tuple("" if value is None else str(value) for value in values)


def _read(path: Path, names: list[str]) -> dict[tuple, dict]:
    """Return the rows of the runs in the file that did not fail, by their keys."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows, columns = list(reader), reader.fieldnames or []
    if not set(names) <= set(columns):
        raise ValueError(
            f"{path} holds another sweep, with the columns {columns}; wanted are {names}. Name another file"
        )
    return {
        _key(row[name] for name in names): {name: _value(text) for name, text in row.items() if name != ERROR}
        for row in rows
        if not row.get(ERROR)
    }


def _value(text: str) -> object:
    """Return the number, truth value or text that was written."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"True": True, "False": False, "": None}.get(text, text)


def _write(path: Path, rows: list[dict]) -> None:
    """Write the rows as CSV; numbers with all their digits, so that they come back exactly."""
    columns = dict.fromkeys(name for row in rows for name in row)
    with write_whole(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
