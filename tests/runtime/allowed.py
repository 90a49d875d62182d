"""Imported by the workers that tests start: they may call the tests' jobs as well."""

from pwlapp.runtime import calls

calls.PACKAGES.add("tests")
