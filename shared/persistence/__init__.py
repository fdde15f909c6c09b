"""One service's database: infrastructure tables, transactions, locks, bulk inserts, migrations, the audit log."""
