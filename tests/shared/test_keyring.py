"""Sealed values: opened only with the purpose's key, unreadable without it, protected against alteration."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.keyring import KeyRing, Purpose, mask_account, mask_email, mask_identity, mask_mobile, mask_name
from shared.foundation.errors import Forbidden, NotFound

ALL: tuple[Purpose, ...] = ("identity", "contact", "bank", "scan")


@pytest.fixture
def keys(tmp_path):
    ring = KeyRing(tmp_path, purposes=ALL)
    ring.create("P-2021")
    return ring


def test_a_sealed_value_can_be_opened_and_contains_only_its_mask_in_clear(keys):
    sealed = keys.seal("identity", "P-2021", "500103197803123012", mask="5****************2")
    assert keys.open("identity", sealed) == "500103197803123012"
    assert "197803" not in sealed.model_dump_json()


def test_equal_values_have_equal_indexes_within_a_purpose_and_across_programmes_only(keys):
    keys.create("P-2022")
    one = keys.seal("identity", "P-2021", "500103197803123012", mask="")
    other = keys.seal("identity", "P-2022", "500103197803123012", mask="")
    assert one.index == other.index
    assert one.sealed != other.sealed
    assert keys.index("contact", "500103197803123012") != one.index


def test_a_process_without_the_purpose_cannot_open(keys, tmp_path):
    sealed = keys.seal("bank", "P-2021", "6222", mask="")
    with pytest.raises(Forbidden):
        KeyRing(tmp_path, purposes=("contact",)).open("bank", sealed)


def test_a_value_sealed_for_one_purpose_does_not_open_for_another(keys):
    sealed = keys.seal("bank", "P-2021", "6222", mask="")
    with pytest.raises(NotFound):
        keys.open("contact", sealed)


def test_an_altered_value_does_not_open(keys):
    sealed = keys.seal("bank", "P-2021", "6222", mask="")
    raw = bytearray(base64.b64decode(sealed.sealed))
    raw[-1] ^= 1
    forged = sealed.model_copy(update={"sealed": base64.b64encode(raw).decode()})
    with pytest.raises(NotFound, match="改动"):
        keys.open("bank", forged)


def test_reading_never_recreates_a_destroyed_key(keys, tmp_path):
    sealed = keys.seal("bank", "P-2021", "6222", mask="")
    (tmp_path / "bank" / "P-2021.key").unlink()
    fresh = KeyRing(tmp_path, purposes=ALL)
    with pytest.raises(NotFound, match="销毁"):
        fresh.open("bank", sealed)
    assert not (tmp_path / "bank" / "P-2021.key").exists()


def test_creating_keys_twice_keeps_the_first(keys, tmp_path):
    before = (tmp_path / "scan" / "P-2021.key").read_bytes()
    keys.create("P-2021")
    assert (tmp_path / "scan" / "P-2021.key").read_bytes() == before
    assert (tmp_path / "scan" / "P-2021.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../etc", "a/b", "", "x" * 61])
def test_a_key_name_cannot_leave_its_folder(keys, name):
    with pytest.raises(Forbidden):
        keys.encrypt("scan", name, b"")


@given(st.binary(max_size=300))
def test_any_bytes_can_be_encrypted_and_decrypted(tmp_path_factory, content):
    ring = KeyRing(tmp_path_factory.getbasetemp() / "ring", purposes=("scan",))
    ring.create("P")
    assert ring.decrypt("scan", ring.encrypt("scan", "P", content)) == content


def test_masks_of_each_kind_of_value():
    assert mask_identity("500103197803123012") == "5****************2"
    assert mask_identity("E12345678") == "*******78"
    assert mask_mobile("+8613812348000") == "138****8000"
    assert mask_email("wang@example.cn") == "w***@example.cn"
    assert mask_account("831132695373605") == "****3605"
    assert [mask_name(name) for name in ("杨𬍛", "𬍛致远", "John Smith", "")] == ["杨**", "𬍛**", "J**", "**"]
