"""What is wrong, and what to do."""

import copy

from hswarm.errors import HswarmError


def test_a_copy_has_the_hint_too():
    again = copy.copy(HswarmError("It is wrong.", hint="Mend it."))
    assert (type(again), str(again), again.hint) == (HswarmError, "It is wrong.", "Mend it.")
