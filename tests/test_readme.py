"""What README and the pages beside it say about using the course is so."""

import subprocess
import sys


def test_the_package_is_found_beside_a_clone_that_has_its_name(tmp_path):
    (tmp_path / "lrcourse").mkdir()  # Python could take the clone for a package
    code = "from lrcourse import SmallCNN; print(SmallCNN.__name__)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout == "SmallCNN\n", ran.stderr
