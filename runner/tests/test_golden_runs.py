"""What a run writes is what the golden transcripts say, under every Python."""

import pytest

import golden_runs


@pytest.mark.parametrize("name", list(golden_runs.RUNS))
def test_transcript(python, name):
    assert golden_runs.transcript(name, python=python) == (golden_runs.GOLDEN / ("run-%s.jsonl" % name)).read_text(encoding="utf-8")
