"""Imported by the Celery workers that tests start: allows them to run the jobs of the tests."""

from pwlapp.compute.celery import calls
from tests.support import jobs

calls.ALLOWED |= {f"tests.support.jobs:{name}" for name, job in vars(jobs).items() if callable(job)}
