import os

# A progress bar in a cell's output would never be the same twice. Here, above all tests, so that the kernels
# that nbval starts inherit it.
os.environ["LRCOURSE_PROGRESS"] = "0"
