"""One service's database: tables of the infrastructure, transactions, locks, bulk inserts, migrations, the audit log."""
