"""Open a model for what it hides: how long each phoneme lasts, to read and to stretch, and its random noise.

An ONNX file is a protobuf message: a list of (field, bytes). It is read here as that list and written back, so that
no library is needed for the few fields that change:
ModelProto.graph = 7; GraphProto.node = 1, .input = 11, .output = 12; NodeProto.input = 1, .output = 2, .op_type = 4,
.attribute = 5; AttributeProto.name = 1, .i = 3, .type = 20.
"""

from __future__ import annotations

from collections.abc import Iterator

GRAPH, NODE, GRAPH_INPUT, GRAPH_OUTPUT = 7, 1, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_TYPE, NODE_ATTRIBUTE = 1, 2, 4, 5
NAME, TYPE = 1, 2
WIDTHS = {1: 8, 5: 4}
FLOAT, INT64 = b"\x08\x01", b"\x08\x07"  # TensorProto.DataType
EXCLUSIVE = b"\x0a\x09exclusive\x18\x01\xa0\x01\x02"  # the attribute exclusive = 1 of CumSum


def with_ports(model: bytes, durations: str) -> bytes:
    """Return a model whose `durations` (a tensor of whole numbers, one per phoneme) can be read and stretched.

    It has the output `durations`, and these inputs: `stretch` (float, one number), by which durations are multiplied
    and rounded so that their sum is right too; `least` (float, one number), the shortest duration; `axis` (int64, one
    number), the axis of the phonemes; and `noise0`, `noise1`... (float, three axes) where it drew random numbers. A
    noise may be longer than what is used of it.
    """
    written = []
    for field, whole, content in _fields(memoryview(model)):
        written.append(_block(GRAPH, *_graph(content, durations)) if field == GRAPH else bytes(whole))
    return b"".join(written)


def _graph(graph: memoryview, durations: str) -> Iterator[bytes]:
    noises = 0
    for field, whole, content in _fields(graph):
        if field == NODE and _names(content, NODE_TYPE) == ["RandomNormalLike"]:
            like, drawn = _names(content, NODE_INPUT)[0], _names(content, NODE_OUTPUT)[0]
            yield from _sliced(f"noise{noises}", like, drawn)
            noises += 1
        elif field == NODE and durations in _names(content, NODE_OUTPUT):
            yield _block(NODE, *_renamed(content, durations, "natural"))
            yield from _stretched("natural", durations)
        else:
            yield bytes(whole)
    yield _block(GRAPH_OUTPUT, _block(NAME, durations.encode()))


def _renamed(node: memoryview, output: str, name: str) -> Iterator[bytes]:
    for field, whole, content in _fields(node):
        is_it = field == NODE_OUTPUT and bytes(content) == output.encode()
        yield _block(NODE_OUTPUT, name.encode()) if is_it else bytes(whole)


def _stretched(natural: str, durations: str) -> Iterator[bytes]:
    """Stretch where phonemes end and round that: to round each duration would leave the short ones as they are."""
    yield _node("Mul", [natural, "stretch"], "exact")
    yield _node("CumSum", ["exact", "axis"], "exact_end")
    yield _node("CumSum", ["exact", "axis"], "exact_start", EXCLUSIVE)
    yield _node("Round", ["exact_end"], "end")
    yield _node("Round", ["exact_start"], "start")
    yield _node("Sub", ["end", "start"], "stretched")
    yield _node("Max", ["stretched", "least"], durations)
    one = _block(1, b"\x08\x01")  # a dimension of size 1
    for name, kind, sizes in (("stretch", FLOAT, one), ("least", FLOAT, one), ("axis", INT64, b"")):
        yield _input(name, kind, sizes)


def _sliced(noise: str, like: str, drawn: str) -> Iterator[bytes]:
    """Give `drawn` as much of the input `noise` as the tensor `like` is large, in place of a node that draws it."""
    shape, zero = f"{noise}_shape", f"{noise}_zero"
    yield _node("Shape", [like], shape)
    yield _node("Sub", [shape, shape], zero)
    yield _node("Slice", [noise, zero, shape], drawn)
    sizes = [_block(1, _block(2, f"{noise}_{axis}".encode())) for axis in range(3)]
    yield _input(noise, FLOAT, *sizes)


def _input(name: str, kind: bytes, *sizes: bytes) -> bytes:
    return _block(GRAPH_INPUT, _block(NAME, name.encode()), _block(TYPE, _block(1, kind, _block(2, *sizes))))


def _node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    named = [_block(NODE_INPUT, name.encode()) for name in inputs]
    settings = [_block(NODE_ATTRIBUTE, attribute) for attribute in attributes]
    return _block(NODE, *named, _block(NODE_OUTPUT, output.encode()), _block(NODE_TYPE, kind.encode()), *settings)


def _names(node: memoryview, wanted: int) -> list[str]:
    return [bytes(content).decode() for field, _, content in _fields(node) if field == wanted]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Yield the number of each field, its bytes with the tag, and its content."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _read_varint(message, at)
        kind = tag & 7
        size = WIDTHS.get(kind, 0)
        if kind == 0:
            _, at = _read_varint(message, at)
        elif kind == 2:  # noqa: PLR2004  bytes that follow their length
            size, at = _read_varint(message, at)
        yield tag >> 3, message[start : at + size], message[at : at + size]
        at += size


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # noqa: PLR2004  the last byte has no high bit
            return value, at


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _block(field: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _varint(field << 3 | 2) + _varint(len(content)) + content
