"""Contract tests: what each kind of part promises, to be inherited by the tests of a new one."""
