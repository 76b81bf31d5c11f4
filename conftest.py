import os
from importlib.util import find_spec

from lrcourse.base import settle

# Above all tests, so that the kernels that nbval starts inherit it; and before torch, which reads some of it when it is
# imported.
settle()
# Side by side (make test), each worker gets its share of the cores: threads that wait for each other are slower.
workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if workers > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))

# Their examples need the trainer; make integrations installs all of them.
collect_ignore = [f"lrcourse/integrations/{name}.py" for name in ("lightning", "transformers") if not find_spec(name)]


def pytest_addoption(parser):
    parser.addoption("--all-notebooks", action="store_true", help="run every notebook in the browser, not only two")


def pytest_collection_modifyitems(items):
    """Take the lessons first: side by side, what is long should not begin last."""
    items.sort(key=lambda item: {"notebooks": 0, "browser": 1}.get(item.path.parent.name, 2))
