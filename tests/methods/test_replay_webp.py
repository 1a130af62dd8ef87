"""WebP: what its strings are."""


def test_its_strings_are_webp(make_method, tiny_stream):
    memorise = make_method(method="replay_webp(ratio=2.0)").phases(tiny_stream)[1]
    string = bytes(next(iter(memorise.batches(0))).string[0])
    assert (string[:4], string[8:12]) == (b"RIFF", b"WEBP")
