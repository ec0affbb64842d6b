"""A project of its own, with a small program in the server's place, in which the scripts are tested."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Project:
    """It lies in a folder whose name has a blank, since people have such folders."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve() / "the project"
        shutil.copytree(ROOT / "tests/scripts/project", self.folder)
        shutil.copytree(ROOT / "scripts", self.folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("CMakePresets.json", "package.json", "package-lock.json", ".clang-format", ".clang-tidy"):
            shutil.copy(ROOT / name, self.folder)
        # Its npm packages are this project's: the set-up looks at the stamp alone.
        modules = self.folder / "node_modules"
        modules.mkdir()
        shutil.copy(ROOT / "node_modules/.set-up", modules)
        self.source = self.folder / "chapter08/main.cpp"
        self.text = self.source.read_text()
        self.command = [str(self.folder / "scripts/run.sh")]

    def change(self, old, new):
        text = self.source.read_text()
        assert old in text
        self.source.write_text(text.replace(old, new))

    def write(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
