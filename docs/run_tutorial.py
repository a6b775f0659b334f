"""Runs the tutorial from top to bottom and keeps its output in it, without a word of the machine.

    pip install '.[docs]' && python docs/run_tutorial.py

Some six minutes on two cores that do nothing else. What the cells write goes into a directory that is removed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_name("tutorial.ipynb")


def main() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as directory:
        NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": directory}}).execute()
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, NOTEBOOK)


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """A cell's outputs, with what was printed at several moments in one, and each picture as PNG alone."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        output.get("data", {}).pop("image/jpeg", None)
        if output.output_type == "stream" and joined and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


if __name__ == "__main__":
    main()
