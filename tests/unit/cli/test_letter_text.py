"""The list of dead letters in a pipe: a line for each, whatever the environment asks for."""

import pytest

from pipeline_cli.letter_text import Row, print_newest


def test_in_a_pipe_each_letter_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    rows = [Row(f"a-{index}", "-", "features", "a reason " * 30, "{}") for index in range(3)]
    print_newest(rows)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["ID", "TIME", "QUEUE", "REASON", "BODY"]
    assert [line.split()[0] for line in lines] == ["a-0", "a-1", "a-2"]
    assert len({line.index("{}") for line in lines}) == 1
