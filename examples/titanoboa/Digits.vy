# pragma version ~=0.4.3
"""
@title Classifies images of handwritten digits and keeps the digit on each
@notice Vyper's half of contracts/src/examples/DigitClassifier.sol: the model gives its class as one i32.
"""

INFERENCE: constant(address) = 0x4D45544900000000000000000000000000000001
INFER: constant(bytes4) = method_id("infer(bytes32,bytes)", output_type=bytes4)
# Input of the model, and what the precompile answers: offset, length, and four bytes in a word of their own.
IMAGE_BYTES: constant(uint256) = 64
CLASS_BYTES: constant(uint256) = 4
ANSWER_BYTES: constant(uint256) = 96
CLASSES: constant(uint8) = 10

event Classified:
    id: indexed(uint256)
    digit: uint8

model: public(immutable(bytes32))
digitOf: public(HashMap[uint256, uint8])


@deploy
def __init__(model_id: bytes32):
    model = model_id


@external
def classify(id: uint256, image: Bytes[IMAGE_BYTES]) -> uint8:
    digit: uint8 = self._infer(image)
    self.digitOf[id] = digit
    log Classified(id=id, digit=digit)
    return digit


@external
@view
def preview(image: Bytes[IMAGE_BYTES]) -> uint8:
    return self._infer(image)


@internal
@view
def _infer(image: Bytes[IMAGE_BYTES]) -> uint8:
    # A revert of the precompile reverts this call with the same data.
    answer: Bytes[ANSWER_BYTES] = raw_call(
        INFERENCE,
        abi_encode(model, image, method_id=INFER),
        max_outsize=ANSWER_BYTES,
        is_static_call=True,
    )
    # An EVM without the precompile answers with nothing, and a model of another shape with another length.
    assert len(answer) == ANSWER_BYTES, "no inference here"
    assert convert(slice(answer, 32, 32), uint256) == CLASS_BYTES, "the model gives no class"
    # Tensors are little-endian: the class is the first of the four bytes, as it is less than ten.
    digit: uint8 = convert(slice(answer, 64, 1), uint8)
    assert digit < CLASSES, "no digit"
    return digit
