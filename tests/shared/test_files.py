"""Stored files: encrypted on disk, verified against their claim, deletable."""

import pytest

from shared.foundation.errors import NotFound


@pytest.fixture
def store(tools):
    tools.keys.create("P")
    return tools.files


def put(store, content=b"a scan", key="scans/P/1"):
    return store.put(content, kind="form", programme="P", media_type="application/pdf", purpose="scan", key=key)


def test_a_file_is_encrypted_on_disk_and_read_back(store, tmp_path):
    claim = put(store)
    assert store.get(claim, purpose="scan") == b"a scan"
    assert b"a scan" not in (tmp_path / "files/scans/P/1").read_bytes()
    assert (claim.size, len(claim.sha256)) == (6, 64)


def test_a_file_with_altered_content_is_refused(store):
    claim = put(store)
    put(store, b"another")
    with pytest.raises(NotFound, match="摘要"):
        store.get(claim, purpose="scan")


def test_a_deleted_file_is_not_found_and_deleting_twice_does_nothing(store):
    claim = put(store)
    store.delete(claim.key)
    store.delete(claim.key)
    with pytest.raises(NotFound, match="不存在"):
        store.get(claim, purpose="scan")
