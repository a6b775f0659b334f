import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sfumato.provenance.verification import read_credentials
from sfumato.studio.jobs.specs import Generate, Import, OfWork, Sign
from sfumato.studio.uploads import Upload
from sfumato.works import read_work


@pytest.fixture(scope="module")
def job(filled: Any) -> Any:
    return filled.done(Generate(model="tiny", asked={"steps": 2, "seed": 3}, count=2))


def test_a_signed_copy_tells_nothing_of_the_settings(filled: Any, job: Any) -> None:
    from sfumato.errors import SfumatoError

    (first, _) = filled.works(job)
    signed = filled.done(Sign(work=first.id))
    path = filled.place.path / signed.result["file"]
    assert read_credentials(path).status == "trusted"
    with pytest.raises(SfumatoError, match="no recipe"):
        read_work(path)
    assert b"seed" not in path.read_bytes()
    assert OfWork(work=first.id).work == signed.result["work"]


def test_works_of_the_command_line_come_in_and_stay_where_they_are(
    filled: Any, job: Any, tmp_path: Path, paint: Callable[..., Image.Image]
) -> None:
    folder = tmp_path / "works"
    folder.mkdir()
    for work in filled.works(job):
        shutil.copy(filled.gallery.path_of(work), folder / f"{work.index:04d}.png")
    paint(1).save(folder / "mine.png")
    brought = filled.done(Import(path=str(folder)))
    assert brought.result == {"works": 2, "others": 1}
    found = [work for work in filled.gallery.search(limit=500).works if work.file.startswith(str(folder))]
    assert {work.model_id for work in found} == {"tiny"}
    assert all(work.kind == "import" for work in found)
    total = filled.gallery.search().total
    assert filled.done(Import(path=str(folder))).result["works"] == 2
    assert filled.done(Import(path=str(filled.place.works))).state == "finished"
    assert filled.gallery.search().total == total, "none comes in twice"


def test_works_that_were_uploaded_are_kept(filled: Any, job: Any) -> None:
    upload = Upload.begin(filled.place)
    (first, _) = filled.works(job)
    data = filled.gallery.path_of(first).read_bytes()
    upload.add([(io.BytesIO(data), "a.png"), (io.BytesIO(b"none"), "b.txt")])
    brought = filled.done(Import(upload=upload.id))
    (work,) = filled.works(brought)
    shutil.rmtree(upload.path)
    assert filled.gallery.path_of(work).read_bytes() == data
    assert work.recipe == first.recipe


def test_where_there_is_no_work_that_is_said(filled: Any, tmp_path: Path) -> None:
    assert "no work of sfumato" in filled.done(Import(path=str(tmp_path))).reason
    assert "any more" in filled.done(Import(path=str(tmp_path / "gone"))).reason
