"""The audit log has a leaf hash per entry, kept apart from the body, and triggers that keep it append-only"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = 'plumbing_0003'
down_revision = 'plumbing_0002'
branch_labels = None
depends_on = None

_PAGE = 1000
_INDEXED = ('action', 'actor', 'subject')
_FIELDS = ('at', 'actor', 'action', 'subject', 'details', 'correlation_id')


def _table(name: str, *columns: str) -> sa.TableClause:
    at, details = sa.column('at', sa.DateTime(timezone=True)), sa.column('details', sa.JSON)
    text = (sa.column(column) for column in (*columns, 'actor', 'action', 'subject', 'correlation_id'))
    return sa.table(name, *text, at, details)


_CHAINED = _table('audit_chained', 'id', 'digest')
_BODY = _table('audit', 'log', 'number')
_LEAF = sa.table('audit_leaf', sa.column('log'), sa.column('number'), sa.column('leaf'))


def upgrade() -> None:
    _put_aside('audit', 'audit_chained')
    _put_aside('audit_head', 'audit_head_chained')
    _create_tables()
    count, digest, chain_end, broken = _copy_entries()
    head = op.get_bind().execute(sa.text('SELECT count AS count_, digest FROM audit_head_chained')).one()
    if broken is None and tuple(head) != (count, chain_end):
        broken = count + 1
    if broken is not None:
        found = {'number': broken, 'entries': count, 'head_count': head.count_, 'head_digest': head.digest}
        count, digest = _note_break(count, digest, found)
    head = sa.text("INSERT INTO audit_head (log, count, digest) VALUES ('main', :count, :digest)")
    op.execute(head.bindparams(count=count, digest=digest))
    op.drop_table('audit_chained')
    op.drop_table('audit_head_chained')
    for statement in _triggers():
        op.execute(statement)


def downgrade() -> None:
    _require_whole_log()
    for table in ('audit', 'audit_leaf', 'audit_head'):
        _drop_triggers(table)
    _put_aside('audit', 'audit_leaved', extra=('at',))
    _put_aside('audit_head', 'audit_head_leaved')
    op.create_table('audit', sa.Column('id', sa.Integer(), primary_key=True), *_body_columns(),
                    sa.Column('digest', sa.String(), nullable=False))
    for name in _INDEXED:
        op.create_index(f'ix_audit_{name}', 'audit', [name])
    op.create_table('audit_head', sa.Column('id', sa.Integer(), primary_key=True),
                    sa.Column('count', sa.Integer(), nullable=False), sa.Column('digest', sa.String(), nullable=False))
    digest, count = '', 0
    bodies, chained = _table('audit_leaved', 'log', 'number'), _table('audit', 'id', 'digest')
    for page in _pages(bodies, bodies.c.number):
        rows = []
        for row in page:
            digest, count = _chained_digest(digest, row['number'], row), row['number']
            rows.append({'id': count, 'digest': digest, **{name: row[name] for name in _FIELDS}})
        op.get_bind().execute(sa.insert(chained), rows)
    head = sa.text('INSERT INTO audit_head (id, count, digest) VALUES (1, :count, :digest)')
    op.execute(head.bindparams(count=count, digest=digest))
    for table in ('audit_leaved', 'audit_head_leaved', 'audit_leaf'):
        op.drop_table(table)
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP FUNCTION audit_refuse')


def _require_whole_log() -> None:
    """The chain of the version before is made from the bodies: it must not hide a changed or a dropped one."""
    digest, count = '', 0
    leaves = {row.number: row.leaf for row in op.get_bind().execute(sa.text('SELECT number, leaf FROM audit_leaf'))}
    for page in _pages(_BODY, _BODY.c.number):
        for row in page:
            count += 1
            if row['number'] != count or leaves.get(count) != _leaf_hash(row):
                raise RuntimeError(f'audit entry {count} is missing or was changed: the log cannot be downgraded')
            digest = hashlib.sha256((digest + leaves[count]).encode()).hexdigest()
    head = op.get_bind().execute(sa.text('SELECT count AS count_, digest FROM audit_head')).one()
    if tuple(head) != (count, digest):
        raise RuntimeError(f'audit entry {count + 1} is missing: the log cannot be downgraded')


def _put_aside(table: str, name: str, extra: tuple[str, ...] = ()) -> None:
    """Renames a table, and frees the names of its indexes."""
    if table == 'audit':
        for column in (*_INDEXED, *extra):
            op.drop_index(f'ix_audit_{column}', table_name='audit')
    op.rename_table(table, name)
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(f'ALTER INDEX {table}_pkey RENAME TO {name}_pkey')


def _body_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('action', sa.String(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('details', sa.JSON(), nullable=False),
        sa.Column('correlation_id', sa.String(), nullable=False),
    ]


def _create_tables() -> None:
    def key() -> list[sa.Column[Any]]:
        return [sa.Column('log', sa.String(), primary_key=True),
                sa.Column('number', sa.Integer(), primary_key=True, autoincrement=False)]

    op.create_table('audit_leaf', *key(), sa.Column('leaf', sa.String(), nullable=False))
    op.create_table('audit', *key(), *_body_columns())
    for name in ('at', *_INDEXED):
        op.create_index(f'ix_audit_{name}', 'audit', [name])
    op.create_table('audit_head', sa.Column('log', sa.String(), primary_key=True),
                    sa.Column('count', sa.Integer(), nullable=False), sa.Column('digest', sa.String(), nullable=False),
                    sa.Column('bodies_from', sa.Integer(), server_default='1', nullable=False))


def _copy_entries() -> tuple[int, str, str, int | None]:
    """Copies every entry. Returns count and digest of the new head, the digest at which the old chain ends, and the number
    at which it breaks, or None."""
    count, digest, before, broken = 0, '', '', None
    for page in _pages(_CHAINED, _CHAINED.c.id):
        bodies, leaves = [], []
        for row in page:
            count += 1
            if broken is None and (row['id'] != count or row['digest'] != _chained_digest(before, count, row)):
                broken = count
            before = row['digest']
            body = {'log': 'main', 'number': count, **{name: row[name] for name in _FIELDS}}
            leaf = _leaf_hash(body)
            digest = hashlib.sha256((digest + leaf).encode()).hexdigest()
            bodies.append(body)
            leaves.append({'log': 'main', 'number': count, 'leaf': leaf})
        op.get_bind().execute(sa.insert(_BODY), bodies)
        op.get_bind().execute(sa.insert(_LEAF), leaves)
    return count, digest, before, broken


def _note_break(count: int, digest: str, found: dict[str, Any]) -> tuple[int, str]:
    """The new log is whole by construction: that the old one was not must stand in it."""
    body = {'log': 'main', 'number': count + 1, 'at': datetime.now(UTC), 'actor': 'migration',
            'action': 'audit_chain_broken', 'subject': 'audit', 'details': found, 'correlation_id': ''}
    leaf = _leaf_hash(body)
    op.get_bind().execute(sa.insert(_BODY), [body])
    op.get_bind().execute(sa.insert(_LEAF), [{'log': 'main', 'number': count + 1, 'leaf': leaf}])
    return count + 1, hashlib.sha256((digest + leaf).encode()).hexdigest()


def _pages(table: sa.TableClause, key: sa.ColumnClause[Any]) -> Iterator[list[dict[str, Any]]]:
    query, last = sa.select(table).order_by(key).limit(_PAGE), None
    while True:
        if last is not None:
            query = sa.select(table).where(key > last).order_by(key).limit(_PAGE)
        page = [dict(row) for row in op.get_bind().execute(query).mappings()]
        if not page:
            return
        for row in page:
            row['at'] = row['at'].replace(tzinfo=UTC) if row['at'].tzinfo is None else row['at'].astimezone(UTC)
        yield page
        last = page[-1][key.name]


def _chained_digest(before: str, number: int, row: dict[str, Any]) -> str:
    told = [number, row['at'].isoformat(), *(row[name] for name in _FIELDS[1:])]
    return hashlib.sha256((before + json.dumps(told, ensure_ascii=False, sort_keys=True)).encode()).hexdigest()


def _leaf_hash(body: dict[str, Any]) -> str:
    canonical = body | {'at': body['at'].astimezone(UTC).isoformat(timespec='microseconds')}
    text = json.dumps(canonical, ensure_ascii=False, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(b'\x00' + text.encode()).hexdigest()


_BACK = 'NEW.count < OLD.count OR NEW.log <> OLD.log'


def _triggers() -> Iterator[str]:
    if op.get_bind().dialect.name == 'postgresql':
        yield ("CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
               "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$")
        for table in ('audit', 'audit_leaf'):
            yield (f'CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} '
                   'FOR EACH ROW EXECUTE FUNCTION audit_refuse()')
        yield ('CREATE TRIGGER audit_head_append_only BEFORE DELETE ON audit_head '
               'FOR EACH ROW EXECUTE FUNCTION audit_refuse()')
        yield (f'CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW WHEN ({_BACK}) '
               'EXECUTE FUNCTION audit_refuse()')
        for table in ('audit', 'audit_leaf', 'audit_head'):
            yield (f'CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()')
    else:
        refuse = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        for table in ('audit', 'audit_leaf'):
            yield f'CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} {refuse}'
        for table in ('audit', 'audit_leaf', 'audit_head'):
            yield f'CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} {refuse}'
        yield f'CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN {_BACK} {refuse}'
        # INSERT OR REPLACE deletes without a delete trigger.
        for table, key in (('audit', 'number'), ('audit_leaf', 'number'), ('audit_head', 'log')):
            same = f'SELECT 1 FROM {table} WHERE log = NEW.log AND {key} = NEW.{key}'
            yield f'CREATE TRIGGER {table}_new BEFORE INSERT ON {table} WHEN EXISTS ({same}) {refuse}'


def _drop_triggers(table: str) -> None:
    on = f' ON {table}' if op.get_bind().dialect.name == 'postgresql' else ''
    for name in ('append_only', 'kept', 'forward', 'new'):
        op.execute(f'DROP TRIGGER IF EXISTS {table}_{name}{on}')
