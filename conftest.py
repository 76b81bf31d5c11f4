import os

# Above all tests, so that the kernels that nbval starts inherit it.

# A progress bar in a cell's output would never be the same twice.
os.environ["LRCOURSE_PROGRESS"] = "0"

# By default a waiting OpenMP thread spins. On a machine that is busy with something else, it spins on the core that the
# thread it waits for needs: seen with one other process on two cores, training then took twice as long as with this.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_addoption(parser):
    parser.addoption("--all-notebooks", action="store_true", help="run every notebook in the browser, not only two")
