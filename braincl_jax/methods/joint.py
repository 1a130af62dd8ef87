"""Joint training: all images of all tasks so far, whatever they weigh; what every other method is measured by."""

from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("joint")
@settings()
class Joint(ExemplarMethod):
    """A memory as large as the data set."""

    @property
    def capacity(self) -> int:
        return self.parts.spec.num_images
