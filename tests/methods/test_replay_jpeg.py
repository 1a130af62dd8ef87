"""JPEG: what its strings are."""


def test_its_strings_are_jpeg(make_method, tiny_stream):
    # 256 bytes a raw image: too few for the tables of any JPEG.
    method = make_method(method="replay_jpeg(ratio=1.0)", image_side=0)
    assert method.codec == "JPEG"
    assert method.string_bytes == 256
