"""Judging: the hidden suites' means (`api`), the process that runs them (`judge`) and its caller (`court`)."""
