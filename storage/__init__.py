"""What must survive: tables, repositories, migrations, the outbox and the sealing of personal data."""
