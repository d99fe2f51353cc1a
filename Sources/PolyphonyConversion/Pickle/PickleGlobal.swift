import Polyphony

/// The only names that a pickle may mention: what NumPy needs to describe an array, and how protocols 0 to 2 write bytes.
enum PickleGlobal: Equatable {
  /// `numpy.ndarray`, an argument of `_reconstruct`.
  case arrayClass
  /// `numpy.dtype(name, align, copy)`.
  case type
  /// `_reconstruct(ndarray, (0,), b'b')`: an array whose state follows.
  case reconstruct
  /// `scalar(dtype, bytes)`: one number.
  case scalar
  /// `_frombuffer(bytes, dtype, shape, order)`: an array in protocol 5.
  case fromBuffer
  /// `_codecs.encode(text, 'latin1')`: bytes in protocols 0 to 2.
  case encode
  /// `bytes()`: no bytes, in protocols 0 to 2.
  case bytes
  /// `bytearray(bytes)`.
  case byteArray

  /// The name for a module and a name in it, as NumPy 1.x and 2.x and Python 2 and 3 write them; nil for every other.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("numpy", "ndarray"): self = .arrayClass
    case ("numpy", "dtype"): self = .type
    case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"): self = .reconstruct
    case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"): self = .scalar
    case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"): self = .fromBuffer
    case ("_codecs", "encode"): self = .encode
    case ("__builtin__", "bytes"), ("builtins", "bytes"): self = .bytes
    case ("__builtin__", "bytearray"), ("builtins", "bytearray"): self = .byteArray
    default: return nil
    }
  }
}
