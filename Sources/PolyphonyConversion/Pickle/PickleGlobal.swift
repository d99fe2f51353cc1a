import Polyphony
import Torch

/// The only names that a pickle may mention.
///
/// They are the names by which NumPy describes an array, and by which protocols 0 to 2 write bytes. A file of weights may
/// also mention those by which PyTorch describes a tensor.
enum PickleGlobal: Equatable {
  /// The class `numpy.ndarray`, an argument of `_reconstruct`.
  case arrayClass
  /// The call `numpy.dtype(name, align, copy)`.
  case type
  /// The call `_reconstruct(ndarray, (0,), b'b')`, an array whose state follows.
  case reconstruct
  /// The call `scalar(dtype, bytes)`, one number.
  case scalar
  /// The call `_frombuffer(bytes, dtype, shape, order)`, an array in protocol 5.
  case fromBuffer
  /// The call `_codecs.encode(text, 'latin1')`, bytes in protocols 0 to 2.
  case encode
  /// The call `bytes()`, an empty byte string in protocols 0 to 2.
  case bytes
  /// The call `bytearray(bytes)`.
  case byteArray
  /// The call `collections.OrderedDict()`.
  case orderedDictionary
  /// The call `_rebuild_tensor_v2(storage, offset, shape, strides, …)`.
  case rebuildTensor
  /// The call `_rebuild_parameter(tensor, …)`.
  case rebuildParameter
  /// A class such as `torch.FloatStorage`, an argument of a storage's description.
  case storage(SafetensorsType)

  /// Finds a name in a module, in the forms of NumPy 1.x and 2.x and of Python 2 and 3. It is nil for any other name.
  init?(module: String, name: String, tensors: Bool) {
    if tensors, let global = Self.ofTensors(module, name) {
      self = global
      return
    }
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

  private static func ofTensors(_ module: String, _ name: String) -> PickleGlobal? {
    switch (module, name) {
    case ("collections", "OrderedDict"): .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): .rebuildParameter
    case ("torch", "DoubleStorage"): .storage(.f64)
    case ("torch", "FloatStorage"): .storage(.f32)
    case ("torch", "HalfStorage"): .storage(.f16)
    case ("torch", "BFloat16Storage"): .storage(.bf16)
    case ("torch", "LongStorage"): .storage(.i64)
    case ("torch", "IntStorage"): .storage(.i32)
    case ("torch", "ShortStorage"): .storage(.i16)
    case ("torch", "CharStorage"): .storage(.i8)
    case ("torch", "ByteStorage"): .storage(.u8)
    case ("torch", "BoolStorage"): .storage(.bool)
    default: nil
    }
  }
}
