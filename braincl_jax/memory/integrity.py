"""Damage is an error that names its slot, never a noise image."""

INTACT = -1


class CorruptMemoryError(RuntimeError):
    """A stored string failed its integrity check; the message names the slot."""


def check_intact(corrupt_slot: int) -> None:
    """Raises `CorruptMemoryError` unless `corrupt_slot` is -1."""
    if corrupt_slot != INTACT:
        raise CorruptMemoryError(
            f"the string in slot {corrupt_slot} of long-term memory is damaged: it does not decode to "
            "the state that it was encoded from. The results of this run cannot be trusted from here on."
        )
