"""The many trainings that lessons stand on: a module for each question, a table for each module and data set.

A module has ``configs()``, the runs in the order of what tells most, and ``run(**config)``, which trains one and
returns what it came to. ``python -m experiments`` computes what the tables in ``notebooks/results/`` do not hold yet.

Runs are paired: the same seed gives the same first weights and the same order of images, whatever else differs. They
are scored on the validation images. Only the capstone's two designs are looked at with the test images, at the end; and
the lessons' own tables, 10 and 12, have a column of them, by which nothing is chosen.
"""
