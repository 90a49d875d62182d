"""Imported by the workers that tests start: they may call the tests' jobs as well."""

from pwlapp.compute.celery import calls
from tests.support import jobs

calls.ALLOWED |= {f"tests.support.jobs:{name}" for name, job in vars(jobs).items() if callable(job)}
