"""A model's directory on the Hub."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from sfumato.errors import SfumatoError, hub_reason
from sfumato.models.adaptation import forget_place
from sfumato.models.place import ADAPTER


def push(write: Callable[[Path], object], repository: str, *, private: bool, token: str | None) -> str:
    """Upload what ``write`` writes into a directory to 'owner/name'. Returns the address of the commit.

    Raises SfumatoError where the Hub refuses or cannot be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        if Path(folder, ADAPTER).is_file():  # where its base lies here is nobody's business
            forget_place(Path(folder))
        try:
            api.create_repo(repository, private=private, exist_ok=True)
            done = api.upload_folder(repo_id=repository, folder_path=folder, commit_message="A model from sfumato")
        except Exception as error:  # which ones the client raises differs between its versions
            raise SfumatoError(
                f"{repository}: cannot be uploaded: {hub_reason(error)}; "
                "if you have not done so yet, log in with 'hf auth login'"
            ) from error
    return str(done)
