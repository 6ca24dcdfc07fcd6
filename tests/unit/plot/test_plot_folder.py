"""The folder that plot reads and writes is that of the data set."""

import re
from pathlib import Path

import pytest

import plot
from pipeline.errors import LogError
from pipeline.run import Run


@pytest.mark.parametrize(("data_set", "name"), [("diabetes", "logs"), ("iris", "logs/iris")])
def test_the_folder_that_cannot_be_used_is_told(data_set: str, name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.parent.mkdir(exist_ok=True)
    folder.touch()
    settings = plot.PlotSettings(dataset=data_set, logs_dir=tmp_path / "logs", plot_port=0)
    with pytest.raises(LogError, match=re.escape(f"{folder} (LOGS_DIR) cannot be used: ")):
        plot.main(settings, Run("plot"))
