"""Names in a work directory: none is taken twice, and all are explained."""

from braincl_jax.runtime import workdir

NAMES = {name: value for name, value in vars(workdir).items() if name.isupper()}


def test_no_name_is_taken_twice():
    assert len(set(NAMES.values())) == len(NAMES)


def test_every_name_is_explained_and_nothing_else_is():
    explained = [line.split()[0].rstrip("/") for line in (workdir.__doc__ or "").splitlines()[2:]]
    assert sorted(explained) == sorted(NAMES.values())
