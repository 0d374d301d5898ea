"""docs/strategies.md holds: its files and commands, in its order, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

from agentsim.strategy import added

# Under another name: who follows the README has a patient_builder in the library already.
PAGE = (Path(__file__).resolve().parents[1] / "docs" / "strategies.md").read_text(encoding="utf-8")
PAGE = PAGE.replace("patient_builder", "patient_builder_of_the_guide")
PARTS = re.compile(
    r"(?:^`(?P<file>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.M | re.S
)


def test_the_page_works_from_the_first_line_to_the_last(tmp_path):
    site = tmp_path / "site"
    bare = {name: each for name, each in os.environ.items() if name != added.PATHS}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = bare | {"PATH": path, "PYTHONPATH": str(site)}
    here = tmp_path / "empty"
    here.mkdir()
    ran = 0
    for part in PARTS.finditer(PAGE):
        file, kind, text = part["file"], part["kind"], part["text"]
        if file:
            (here / file).parent.mkdir(parents=True, exist_ok=True)
            (here / file).write_text(text)
            continue
        if kind == "sh":
            # What a reader installs goes into a folder of its own, and nothing is fetched.
            offline = f"pip install -q --no-deps --no-build-isolation --target {site}"
            command = ["bash", "-e", "-c", text.replace("pip install", offline)]
        else:
            assert kind == "python", f"a block of {kind} has no file"
            command = [sys.executable, "-c", text]
        done = subprocess.run(
            command, cwd=here, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        ran += 1
    assert ran >= 9
    for folder in (
        "trial_patient_builder_of_the_guide_microsoft",
        "trial_stretch_microsoft",
        "mine",
        "sweep",
    ):
        assert (here / "results" / folder / "manifest.json").exists(), folder
    figures = here / "results" / "trial_patient_builder_of_the_guide_microsoft" / "figures"
    assert (figures / "situations.png").exists()
