"""The client that openapi-python-client generates for intake, called with its input; prints the answers.

Runs in the environment of the generator, in the folder of the package `client`.
"""

import json
import sys
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, "")
client, models, types = (import_module(f"client.{name}") for name in ("client", "models", "types"))
given = json.load(sys.stdin)
platform = client.AuthenticatedClient(base_url=given["url"], token=given["key"])
stranger = client.AuthenticatedClient(base_url=given["url"], token="unknown")
answers: list[dict[str, Any]] = []


def call(operation: str, *arguments: Any, sender: Any = platform, **more: Any) -> Any:
    """Call an operation by its id, note its answer, and return the parsed one."""
    module = import_module(f"client.api.platform.{operation}")
    answer = module.sync_detailed(*arguments, client=sender, **more)
    found = {"status": int(answer.status_code)}
    if isinstance(answer.parsed, models.Problem):
        found["code"] = answer.parsed.code
        if answer.parsed.faults:
            found["faults"] = len(answer.parsed.faults)
    answers.append(found)
    return answer.parsed


def upload(path: str) -> str:
    body = types.File(payload=BytesIO(Path(path).read_bytes()))
    return str(call("upload_scan", body=body, programme=given["application"]["programme"]).id)


def file(key: str, body: Any, **more: Any) -> Any:
    return call("submit_application", body=body, idempotency_key=key, **more)


scans = [{"kind": kind, "file_id": upload(path), "stamped": True} for kind, path in given["scans"].items()]
application = models.ApplicationIn.from_dict(given["application"] | {"scans": scans})
filed = file("call-0001", application)
call("read_application", filed.id)
call("list_applications", sender=stranger)
call("read_application", UUID("00000000-0000-4000-8000-000000000000"))
application.past_participant = not application.past_participant
file("call-0001", application)
key = {"programme": application.programme, "platform_no": "call-draft"}
draft = file("call-0002", models.DraftIn.from_dict(key), draft=True)
patch = models.DraftPatch.from_dict({"unit_code": None, "interview_mode": "online"})
call("patch_draft", draft.id, body=patch)
call("file_draft", draft.id)
file("call-0003", models.DraftIn.from_dict(key | {"resume": "x" * 300 * 1024}), draft=True)
sys.stdout.write(json.dumps(answers))
