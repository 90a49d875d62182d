"""Imported by the workers that tests start: they may call the tests' jobs as well."""

from pwlapp.runtime import calls
from tests.runtime import jobs

calls.ALLOWED |= {f"tests.runtime.jobs:{name}" for name, job in vars(jobs).items() if callable(job)}
