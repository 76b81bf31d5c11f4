"""The command line. What each command does is tested where it is: doctor/, images/, desk/."""

import pytest

from lrcourse.cli import main


def test_an_unknown_command_is_an_error(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["dotcor"])
    assert stop.value.code == 2
    assert "invalid choice: 'dotcor'" in capsys.readouterr().err
