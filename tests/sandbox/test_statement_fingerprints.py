from dataclasses import replace

from services.billing.rules.statements.entries import Direction, Statement, fingerprints
from tests.billing.statement_files import FIRST, ICBC_FILE, OWN, SECOND, THIRD, icbc, read_statement, sample


def marks(statement: Statement) -> tuple[str, ...]:
    return fingerprints(statement, key=b"a key of the tests")


def test_a_repeated_file_has_the_same_fingerprints():
    assert marks(sample(ICBC_FILE)) == marks(sample(ICBC_FILE))
    assert len(set(marks(sample(ICBC_FILE)))) == 60


def test_two_equal_transfers_in_one_file_have_different_fingerprints():
    again = FIRST.replace('"26,000.00"', '"51,000.00"')
    first, second = marks(read_statement(icbc(FIRST, again), filename="x.csv"))
    assert first != second
    assert marks(read_statement(icbc(FIRST), filename="x.csv")) == (first,)


def test_two_payers_of_one_amount_in_one_second_have_different_fingerprints():
    other = FIRST.replace("某甲机械", "某丁机械").replace('"26,000.00"', '"51,000.00"')
    assert len(set(marks(read_statement(icbc(FIRST, other), filename="x.csv")))) == 2


def test_an_overlapping_file_repeats_only_the_fingerprints_of_the_overlap():
    first = set(marks(read_statement(icbc(FIRST, SECOND), filename="x.csv")))
    second = set(marks(read_statement(icbc(SECOND, THIRD), filename="x.csv")))
    assert len(first & second) == 1
    assert len(first | second) == 3


def test_a_bank_serial_identifies_an_entry_even_where_its_text_changed():
    entry = sample("layout_cmb.xlsx").entries[1]
    statement = replace(sample("layout_cmb.xlsx"), entries=(entry,))
    reworded = replace(statement, entries=(replace(entry, remark="另一说法"),))
    fee = replace(statement, entries=(replace(entry, amount_fen=500, direction=Direction.DEBIT),))
    assert marks(statement) == marks(reworded)
    assert marks(statement) != marks(fee)


def test_fingerprints_depend_on_the_key_and_the_own_account():
    statement = sample(ICBC_FILE)
    assert not set(marks(statement)) & set(fingerprints(statement, key=b"another key"))
    assert not set(marks(statement)) & set(marks(replace(statement, account=OWN)))
