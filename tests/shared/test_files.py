"""Stored files: sealed on disk, checked against their claim, gone when they are gone."""

import pytest

from shared.foundation.errors import NotFound


@pytest.fixture
def store(tools):
    tools.keys.create("P")
    return tools.files


def put(store, content=b"a scan", key="scans/P/1"):
    return store.put(content, kind="form", programme="P", media_type="application/pdf", purpose="scan", key=key)


def test_a_file_comes_back_and_lies_sealed_on_disk(store, tmp_path):
    claim = put(store)
    assert store.get(claim, purpose="scan") == b"a scan"
    assert b"a scan" not in (tmp_path / "files/scans/P/1").read_bytes()
    assert (claim.size, len(claim.sha256)) == (6, 64)


def test_a_file_that_was_replaced_by_other_content_is_refused(store):
    claim = put(store)
    put(store, b"another")
    with pytest.raises(NotFound, match="摘要"):
        store.get(claim, purpose="scan")


def test_a_file_that_is_gone_says_so_and_going_twice_is_harmless(store):
    claim = put(store)
    store.delete(claim.key)
    store.delete(claim.key)
    with pytest.raises(NotFound, match="不存在"):
        store.get(claim, purpose="scan")
