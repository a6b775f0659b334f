"""Forms with pictures, which are kept as an upload that the job names: they are decoded by its worker."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from sfumato.errors import faults_of
from sfumato.studio.jobs.specs import Uploaded
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.openai.bodies import EditRequest, VariationRequest, Wanted
from sfumato.studio.server.services import Services
from sfumato.studio.server.uploads import check_space
from sfumato.studio.uploads import Upload

MOST_PICTURES: Final = 16  # of one form, as there
_MOST_FIELDS: Final = 100
_MOST_FIELD_BYTES: Final = 1 << 20
_PICTURES: Final = ("image", "image[]")
B = TypeVar("B", bound=Wanted)


@dataclass
class Sent:
    """The pictures of a form. ignored: names of fields that do nothing."""

    pictures: list[Uploaded]
    mask: Uploaded | None = None
    ignored: set[str] = field(default_factory=set)


async def read_form(request: Request, services: Services, kind: type[B]) -> tuple[B, Sent]:
    """The fields and the pictures of a form. Raises HttpError 400 where a picture is missing, or a field is wrong."""
    most = MOST_PICTURES + 1
    async with request.form(max_files=most, max_fields=_MOST_FIELDS, max_part_size=_MOST_FIELD_BYTES) as form:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        try:
            body = kind.model_validate({name: value for name, value in fields.items() if value != ""})
        except ValidationError as error:
            fault = faults_of(error)[0]
            raise HttpError(400, str(fault), code="invalid", param=fault.name or None) from error
        return body, await asyncio.to_thread(_kept, services, form)


def _kept(services: Services, form: FormData) -> Sent:
    files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    pictures = [value for name, value in files if name.startswith("image")]
    mask = next((value for name, value in files if name == "mask"), None)
    if not pictures:
        raise HttpError(400, "image: send a picture as a file", code="missing_required_parameter", param="image")
    check_space(services, sum(each.size or 0 for each in (*pictures, *filter(None, [mask]))))
    upload = Upload.begin(services.place)
    added = upload.add((each.file, each.filename or "picture") for each in [*pictures, *filter(None, [mask])])
    named = [Uploaded(upload=upload.id, file=each.number) for each in added]
    known = {name for name, _ in files if name.startswith("image")} | {"mask"}
    sent = Sent(named[: len(pictures)], named[-1] if mask is not None else None)
    sent.ignored = {name for name, _ in files} - known
    return sent


def _body(kind: type[Wanted], **more: Any) -> dict[str, Any]:
    """For the schema: the fields of a form, and its pictures."""
    schema = kind.model_json_schema()
    picture = {"type": "string", "format": "binary"}
    properties = {
        **schema["properties"],
        "image": {"oneOf": [picture, {"type": "array", "items": picture, "maxItems": MOST_PICTURES}]},
        **more,
    }
    required = [*schema.get("required", []), "image"]
    form = {"type": "object", "properties": properties, "required": required}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


EDIT_BODY: Final = _body(EditRequest, mask={"type": "string", "format": "binary"})
VARIATION_BODY: Final = _body(VariationRequest)
