"""Allows the jobs of the tests to Celery workers; the workers that tests start import this."""

from pwlapp.compute.celery import calls
from tests.support import jobs

calls.ALLOWED |= {f"tests.support.jobs:{name}" for name, job in vars(jobs).items() if callable(job)}
