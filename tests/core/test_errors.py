from __future__ import annotations

import pickle

import pytest

from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost
from pwlapp.sessions.state import UnknownSession
from pwlapp.sessions.stores.protocol import StorageFailed, UnknownRoom


def test_the_text_has_code_and_arguments():
    assert str(UserError("data_empty")) == "data_empty"
    assert str(UserError("bad_epochs", min=1, max=9)) == "bad_epochs: min=1, max=9"


def test_can_be_pickled():
    error = pickle.loads(pickle.dumps(UserError("data_not_number", column="y", row=3)))
    assert isinstance(error, ValueError)
    assert (error.code, error.args_) == ("data_not_number", {"column": "y", "row": 3})
    assert str(error) == "data_not_number: column=y, row=3"


@pytest.mark.parametrize("kind", [StorageFailed, UnknownRoom, UnknownSession, WorkerLost])
def test_kinds_with_a_code_of_their_own_can_be_pickled(kind: type[UserError]):
    error = pickle.loads(pickle.dumps(kind()))
    assert isinstance(error, kind)
    assert error.code == kind().code
