import os

# Above all tests, so that the kernels that nbval starts inherit it.

# A progress bar in a cell's output would never be the same twice.
os.environ["LRCOURSE_PROGRESS"] = "0"

# By default a waiting OpenMP thread spins for milliseconds. On a busy machine it spins on the core that the thread it
# waits for needs: seen with one other process on two cores, training then took twelve times as long as with these.
# GNU's OpenMP, which torch has on Linux, then spins for some microseconds before it sleeps, because sleeping at once
# costs half as much again on an idle machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
# Side by side (make test), each worker gets its share of the cores: threads that wait for each other are slower.
workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if workers > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def pytest_addoption(parser):
    parser.addoption("--all-notebooks", action="store_true", help="run every notebook in the browser, not only two")


def pytest_collection_modifyitems(items):
    """Take the lessons first: side by side, what is long should not begin last."""
    items.sort(key=lambda item: {"notebooks": 0, "browser": 1}.get(item.path.parent.name, 2))
