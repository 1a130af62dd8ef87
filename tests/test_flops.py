"""Operations beside the compiler's own count, and beside what can be worked out by hand."""

import jax
import jax.numpy as jnp
import pytest

from braincl_jax.flops import flops_of


def shape(*sizes, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(sizes, dtype)


def compilers_count(function, *arguments) -> float:
    """What XLA counts in the program before it optimises it."""
    return (jax.jit(function).lower(*arguments).cost_analysis() or {})["flops"]


@pytest.mark.parametrize(
    ("one", "other", "flops"),
    [
        (shape(5, 7), shape(7, 3), 2 * 5 * 7 * 3),
        (shape(4, 5, 7), shape(4, 7, 3), 4 * 2 * 5 * 7 * 3),
        (shape(7), shape(7), 2 * 7),
        (shape(5, 7, dtype=jnp.bfloat16), shape(7, 3, dtype=jnp.bfloat16), 2 * 5 * 7 * 3),
        (shape(5, 7, dtype=jnp.int32), shape(7, 3, dtype=jnp.int32), 0),
    ],
    ids=["matrices", "batch", "vectors", "bfloat16", "integers"],
)
def test_a_product_has_two_operations_for_each_multiplication(one, other, flops):
    assert flops_of(jnp.matmul, one, other) == flops


def convolve(stride=1, padding="SAME", dilation=1, groups=1):
    def function(image, kernel):
        return jax.lax.conv_general_dilated(
            image,
            kernel,
            (stride, stride),
            padding,
            rhs_dilation=(dilation, dilation),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )

    return function


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("dilation", "groups"), [(1, 1), (2, 1), (1, 3)])
def test_convolutions_and_their_gradients_are_counted_as_by_the_compiler(
    stride, padding, dilation, groups
):
    image, kernel = shape(2, 9, 8, 6), shape(3, 3, 6 // groups, 12)
    function = convolve(stride, padding, dilation, groups)
    assert flops_of(function, image, kernel) == compilers_count(function, image, kernel)

    # The gradient alone: what is convolved forward is not needed for it.
    def backward(image, kernel):
        result, pull = jax.vjp(function, image, kernel)
        return pull(jax.lax.stop_gradient(jnp.zeros_like(result)))

    everything = flops_of(backward, image, kernel)
    assert everything == pytest.approx(compilers_count(backward, image, kernel), rel=1e-6)


def test_padding_is_not_multiplied():
    # Of 3 elements with a kernel of 3: the ones at the edge meet 2 of them, the one in the middle 3.
    assert flops_of(convolve(), shape(1, 3, 3, 1), shape(3, 3, 1, 1)) == 2 * (2 + 3 + 2) ** 2


def test_a_loop_counts_as_often_as_it_is_run_and_the_compiler_counts_it_once():
    def looped(matrix, vector):
        return jax.lax.scan(lambda x, _: (matrix @ x, None), vector, length=6)[0]

    arguments = shape(8, 8), shape(8)
    assert flops_of(looped, *arguments) == 6 * 2 * 8 * 8
    assert compilers_count(looped, *arguments) < 2 * 2 * 8 * 8


def test_of_branches_the_most_expensive_counts_and_what_is_called_counts_too():
    @jax.jit
    def twice(matrix, vector):
        return matrix @ (matrix @ vector)

    def either(matrix, vector):
        return jax.lax.cond(vector[0] > 0, twice, lambda m, v: m @ v, matrix, vector)

    def remembered(matrix, vector):
        return jax.checkpoint(either)(matrix, vector)

    assert flops_of(remembered, shape(8, 8), shape(8)) == 2 * 2 * 8 * 8


def test_a_network_is_counted_as_by_the_compiler_but_for_what_is_no_product(make_method):
    method = make_method(network="resnet8(width=16)")
    network, images = method.parts.network, shape(8, 16, 16, 1, dtype=jnp.uint8)
    params, stats = jax.eval_shape(
        lambda key: network.init(key, images.shape[1:]), jax.random.key(0)
    )

    def loss(params, stats, images):
        seen = jnp.ones(method.parts.spec.num_classes, bool)
        logits, _ = network.predict(params, stats, seen, images, train=True)
        return logits.sum()

    gradient, arguments = jax.grad(loss), (params, stats, images)
    ours, theirs = flops_of(gradient, *arguments), compilers_count(gradient, *arguments)
    assert 0.9 * theirs < ours < theirs
