"""The wheel holds all that the tree holds, and takes no name but `agentsim`."""

import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]

# folder in the tree -> where it is installed
INSTALLED_AS = {
    "agentsim": PurePosixPath("agentsim"),
    "strategies": PurePosixPath("agentsim/strategies"),
    "experiments": PurePosixPath("agentsim/experiments"),
}

# One of each kind that people add, so that the test does not hang on what there is today.
ADDED = [
    "agentsim/calibration/added.csv",
    "agentsim/calibration/added.toml",
    "experiments/added.toml",
    *(
        f"strategies/{role}/added.py"
        for role in ("hyperscaler", "chip_vendor", "memory_maker", "lender")
    ),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy to build from: building writes into the tree, and reads what older builds left."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, copy)
    for folder in INSTALLED_AS:
        shutil.copytree(
            ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    for name in ADDED:
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("# added\n")
    return copy


def test_wheel(tree: Path, tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, tree],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert built.returncode == 0, built.stdout
    (wheel,) = tmp_path.glob("*.whl")
    in_wheel = {PurePosixPath(name) for name in ZipFile(wheel).namelist()}

    top_level = {name.parts[0] for name in in_wheel}
    version = wheel.name.split("-")[1]
    assert top_level == {"agentsim", f"agentsim-{version}.dist-info"}

    in_tree = {
        place / file.relative_to(tree / folder).as_posix()
        for folder, place in INSTALLED_AS.items()
        for file in (tree / folder).rglob("*")
        if file.is_file() and file.suffix != ".md"
    }
    missing = sorted(map(str, in_tree - in_wheel))
    assert not missing, (
        "not in the wheel: list the package in [tool.setuptools] packages of pyproject.toml, "
        f"or the kind of file in package-data: {missing}"
    )


def test_every_folder_of_modules_is_a_regular_package() -> None:
    # Python would import it all the same, but import-linter passes over it without a word.
    assert not [
        str(file.parent.relative_to(ROOT))
        for folder in INSTALLED_AS
        for file in (ROOT / folder).rglob("*.py")
        if not (file.parent / "__init__.py").exists()
    ]


def test_mapped_folders_are_importable_as_installed() -> None:
    import agentsim.experiments
    import agentsim.strategies.hyperscaler

    # An editable install reads the folders of this tree; an installed wheel its own.
    package = Path(agentsim.__file__).resolve().parent
    for name, module in [
        ("strategies", agentsim.strategies),
        ("experiments", agentsim.experiments),
    ]:
        folder = Path(module.__file__).resolve().parent
        assert folder in (package / name, package.parent / name)
