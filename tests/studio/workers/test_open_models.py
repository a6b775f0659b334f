import shutil
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.models import Generation
from sfumato.studio.model_folders import id_of
from sfumato.studio.workers import open_models
from sfumato.studio.workers.open_models import OpenModels


def test_a_model_stays_open_until_others_are_asked_for(copied: Any) -> None:
    runs = copied.place.runs
    for name in ("second", "third"):
        shutil.copytree(runs / "tiny", runs / name)
    models = OpenModels(copied.place)
    first = models.opened("tiny")
    assert models.opened("tiny") is first
    models.opened("second")
    assert models.opened("tiny") is first
    models.opened("third")
    assert models.opened("tiny") is first, "the one that was asked for least lately goes"


def test_one_that_has_changed_on_the_disk_is_opened_again(copied: Any) -> None:
    models = OpenModels(copied.place)
    first = models.opened("tiny")
    card = copied.place.runs / "tiny" / "model" / "README.md"
    card.write_text("# Another\n")
    assert models.opened("tiny").card == "# Another\n"
    assert models.opened("tiny") is not first


def test_where_memory_is_short_one_is_open_at_a_time(copied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(copied.place.runs / "tiny", copied.place.runs / "second")
    monkeypatch.setattr(open_models, "available_bytes", lambda _: 1 << 20)
    models = OpenModels(copied.place)
    first = models.opened("tiny")
    models.opened("second")
    assert models.opened("tiny") is not first


def test_the_model_of_a_recipe_is_found_by_its_weights(copied: Any, tmp_path: Any) -> None:
    recipe = Generation.of(OpenModels(copied.place).opened("tiny"), steps=2).recipe(0)
    assert OpenModels(copied.place).of_recipe(recipe)[0] == "tiny"
    elsewhere = tmp_path / "root" / "mine"
    elsewhere.parent.mkdir()
    (copied.place.runs / "tiny" / "model").rename(elsewhere)
    with pytest.raises(SfumatoError, match="bring that model back"):
        OpenModels(copied.place).of_recipe(recipe)
    id, model = OpenModels(copied.place, [tmp_path / "root"]).of_recipe(recipe)
    assert id == id_of(elsewhere)
    assert model.weights_digest == recipe.model.digest
    with pytest.raises(SfumatoError, match="has made no model yet"):
        OpenModels(copied.place).opened("tiny")
