"""Harnesses for atheris, of what reads what strangers send. Short in the tests, long by `make fuzz`."""
