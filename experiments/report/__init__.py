"""What the tables of the experiments say: a module for each question, which gives a section of ``docs/results.md``.

A sentence whose truth depends on a sign or a size carries the comparison that it rests on. ``python -m
experiments.report`` refuses to write a sentence that its table contradicts, and a test reads them all.
"""
