"""The metadata of cards are what the Hub takes, and say unknown where nothing is known."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from huggingface_hub import DatasetCard, ModelCard, constants

from sfumato.cards.hub import dataset_card, model_card
from sfumato.cards.hub_metadata import hub_licence, size_category
from sfumato.cards.subject import Known, Subject
from sfumato.collection.holdings import Holdings, Tally

PDM = "https://creativecommons.org/publicdomain/mark/1.0/"
NKC = "http://rightsstatements.org/vocab/NKC/1.0/"
# What the Hub allows, of its documentation (model cards, dataset cards, licences, tasks).
LICENCES = {
    "unknown", "other", "mit", "apache-2.0", "unlicense", "wtfpl", "ofl-1.1", "cc0-1.0", "cc-by-2.0", "cc-by-2.5",
    "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0",
    "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
}  # fmt: skip
TASKS = {"unconditional-image-generation", "image-to-image", "image-classification", "text-to-image"}
SIZES = {"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B",
         "10B<n<100B", "100B<n<1T", "n>1T"}  # fmt: skip
ANNOTATORS = {"found", "crowdsourced", "expert-generated", "machine-generated", "no-annotation", "other"}


def faults(kind: str, card: str) -> Iterator[str]:
    """As the Hub's own check of a card has them."""
    data = yaml.safe_load(card.split("---\n")[1])
    licences = data.get("license", [])
    licences = [licences] if isinstance(licences, str) else licences
    if not licences or not set(licences) <= LICENCES or (kind == "model" and len(licences) > 1):
        yield f'"license" must be one of {sorted(LICENCES)}'
    if ("license_name" in data) != (licences == ["other"]):
        yield '"license_name" goes with the license "other"'
    if not str(data.get("license_link", "https://")).startswith("https://") and "rightsstatements" not in str(data):
        yield '"license_link" must be an address'
    if kind == "model" and data.get("pipeline_tag") not in TASKS:
        yield '"pipeline_tag" is no task'
    if kind == "dataset" and not set(data["size_categories"]) <= SIZES:
        yield '"size_categories" is no size'
    if kind == "dataset" and not set(data["task_categories"]) <= TASKS:
        yield '"task_categories" is no task'
    if kind == "dataset" and not set(data["annotations_creators"]) <= ANNOTATORS:
        yield '"annotations_creators" is nobody'


class Hub(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = list(faults(body["repoType"], body["content"])) if self.path == "/api/validate-yaml" else ["no page"]
        answer = "; ".join(found).encode()
        self.send_response(400 if found else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_hubs_check_takes_the_cards(
    hub: str, model: Subject, collection: Subject, hostile: tuple[Subject, Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", hub)
    for card in (ModelCard(model_card(model)), ModelCard(model_card(hostile[0]))):
        card.validate()
    for data in (DatasetCard(dataset_card(collection)), DatasetCard(dataset_card(hostile[1]))):
        data.validate()
    with pytest.raises(ValueError, match="license"):
        ModelCard("---\nlicense: made-up\npipeline_tag: image-to-image\n---\n").validate()


def test_metadata_say_what_is_known_and_nothing_else(model: Subject, collection: Subject) -> None:
    data = ModelCard(model_card(model)).data.to_dict()
    assert data == {
        "license": "unknown", "library_name": "sfumato", "pipeline_tag": "unconditional-image-generation",
        "tags": ["diffusion", "art", "sfumato"], "datasets": ["ana/art"],
    }  # fmt: skip
    assert DatasetCard(dataset_card(collection)).data.to_dict() == {
        "pretty_name": "art", "license": "other", "license_name": "several-see-the-card",
        "size_categories": ["n<1K"], "annotations_creators": ["found"], "source_datasets": ["extended"],
        "task_categories": ["unconditional-image-generation", "image-classification", "text-to-image"],
        "tags": ["art", "image", "sfumato"],
    }  # fmt: skip


def test_a_collection_without_classes_and_texts_has_no_annotation(holdings: Callable[..., Holdings]) -> None:
    held = holdings(classes=Tally(counts={"": 30}), captions=0, origin=None, owner="")
    subject = Subject("x", collections=(Known(held.collection, held.licences, held),))
    data = DatasetCard(dataset_card(subject)).data.to_dict()
    assert data["annotations_creators"] == ["no-annotation"]
    assert data["task_categories"] == ["unconditional-image-generation"]
    assert "source_datasets" not in data


@pytest.mark.parametrize(
    ("licences", "said"),
    [
        ([], {"license": "unknown"}),
        (["unknown"], {"license": "unknown"}),
        ([NKC], {"license": "other", "license_name": "nkc", "license_link": NKC}),
        (["CC-BY-4.0"], {"license": "cc-by-4.0"}),
        (["CC-BY-4.0", "unknown", "CC0-1.0"], {"license": ["cc-by-4.0", "cc0-1.0", "unknown"]}),
        ([PDM], {"license": "other", "license_name": "pdm-1.0", "license_link": PDM}),
        (["own"], {"license": "other", "license_name": "own"}),
        (["LicenseRef-ask-me"], {"license": "other", "license_name": "licenseref-ask-me"}),
        (["CC-BY-4.0", PDM], {"license": "other", "license_name": "several-see-the-card"}),
    ],
)
def test_licences_have_the_hubs_names_or_are_others(licences: list[str], said: dict[str, object]) -> None:
    assert hub_licence(dict.fromkeys(licences, 1)) == said


def test_sizes_have_the_hubs_names() -> None:
    assert [size_category(count) for count in (0, 999, 1000, 99_999, 10**9, 10**13)] == [
        "n<1K", "n<1K", "1K<n<10K", "10K<n<100K", "1B<n<10B", "n>1T",
    ]  # fmt: skip
