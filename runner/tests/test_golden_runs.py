"""What a run writes is what the golden transcripts say, under every Python; also where bootstrap and runner are of different versions."""

import hashlib
import json

import driver
import pytest

import golden_runs

OLD_POD = {"bootstrap": driver.OLD_BOOTSTRAP, "runner": driver.OLD_RUNNER}


@pytest.mark.parametrize("name", list(golden_runs.RUNS))
def test_transcript(python, name):
    assert golden_runs.transcript(name, python=python) == (golden_runs.GOLDEN / ("run-%s.jsonl" % name)).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(golden_runs.RUNS))
def test_transcript_of_the_previous_version(python, name):
    assert golden_runs.transcript(name, python=python, **OLD_POD) == (driver.OLD / ("run-%s.jsonl" % name)).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "version", "folder"), [({"bootstrap": driver.OLD_BOOTSTRAP}, 1, golden_runs.GOLDEN), ({"runner": driver.OLD_RUNNER}, 2, driver.OLD)]
)
def test_a_bootstrap_takes_the_other_versions_runner(python, change, version, folder):
    """A pod outlives the operator that made it: whoever comes then sends its own runner."""
    wanted = [json.loads(line) for line in (folder / "run-mixed.jsonl").read_text(encoding="utf-8").splitlines()]
    wanted[0]["v"] = version
    assert [json.loads(line) for line in golden_runs.transcript("mixed", python=python, **change).splitlines()] == wanted


def test_the_previous_versions_texts_are_as_they_were():
    for line in (driver.OLD / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((driver.OLD / name).read_bytes()).hexdigest() == digest, name
