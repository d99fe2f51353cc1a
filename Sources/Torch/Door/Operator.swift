import CTorchInterface
import Foundation

/// An argument of an operator, in the order of its schema.
package enum OperatorArgument {
  case none
  case tensor(Tensor?)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case string(StaticString)
  case ints([Int])
  case doubles([Double])
  case bools([Bool])
  case tensors([Tensor])
  case optionalTensors([Tensor?])
  case generator(Generator?)
  case device(Device)
  case dtype(DType?)
}

/// An operator of libtorch's dispatcher, looked up by name once and called with positional arguments.
///
/// Arguments omitted at the end take the schema's defaults. A call that libtorch refuses is a programming error: the
/// process ends with the operator's name, the arguments' shapes and libtorch's reason.
package struct Operator: @unchecked Sendable {
  private let handle: ctorch_operator
  private let name: String

  /// Looks up an operator, such as `Operator("aten::add", "Tensor")`.
  package init(_ name: String, _ overload: String = "") {
    self.name = overload.isEmpty ? name : "\(name).\(overload)"
    var found: ctorch_operator?
    let message = Door.message { found = Door.table.find(name, overload, $0) }
    guard let found else { Door.fail("libtorch has no operator \(self.name): \(message ?? "")") }
    handle = found
  }

  /// Calls an operator that returns one tensor.
  package func callAsFunction(_ arguments: OperatorArgument...) -> Tensor {
    call(arguments) { results in
      guard results.count >= 1, results[0].tag == CTORCH_TENSOR else { Door.fail("\(name) gave no tensor") }
      for extra in results.dropFirst() where extra.tag == CTORCH_TENSOR { Door.table.release(extra.as.tensor) }
      return Tensor(owning: results[0].as.tensor)
    }
  }

  /// Calls an operator that returns several tensors. An undefined tensor becomes nil.
  package func all(_ arguments: OperatorArgument...) -> [Tensor?] {
    call(arguments) { results in
      results.map { $0.tag == CTORCH_TENSOR ? Tensor(owning: $0.as.tensor) : nil }
    }
  }

  /// Calls an operator that returns a list of tensors.
  package func list(_ arguments: OperatorArgument...) -> [Tensor] {
    call(arguments) { results in
      guard results.count == 1, results[0].tag == CTORCH_TENSORS else { Door.fail("\(name) gave no list") }
      let handles = results[0].as.tensors!
      defer { free(UnsafeMutableRawPointer(mutating: handles)) }
      return (0..<Int(results[0].count)).map { Tensor(owning: handles[$0]!) }
    }
  }

  /// Calls an operator that returns a text.
  package func text(_ arguments: OperatorArgument...) -> String {
    call(arguments) { results in
      guard results.count == 1, results[0].tag == CTORCH_STRING, let text = results[0].as.string else {
        Door.fail("\(name) gave no text")
      }
      defer { free(UnsafeMutableRawPointer(mutating: text)) }
      return String(cString: text)
    }
  }

  /// Calls an operator for its effect on the arguments.
  package func run(_ arguments: OperatorArgument...) {
    call(arguments) { results in
      for result in results where result.tag == CTORCH_TENSOR { Door.table.release(result.as.tensor) }
    }
  }

  private func call<Result>(
    _ arguments: [OperatorArgument], _ take: (UnsafeMutableBufferPointer<ctorch_value>) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: ctorch_value.self, capacity: Operator.maximumResults) { results in
      var produced: Int32 = 0
      let message = Door.message { error in
        Marshalling.with(arguments) { values in
          _ = Door.table.call(
            handle, values.baseAddress, Int32(values.count), results.baseAddress, Int32(results.count), &produced,
            error)
        }
      }
      if let message { Door.fail(describe(arguments, message)) }
      return take(UnsafeMutableBufferPointer(rebasing: results[..<Int(produced)]))
    }
  }

  private static let maximumResults = 16

  private func describe(_ arguments: [OperatorArgument], _ message: String) -> String {
    let forms = arguments.map { argument -> String in
      switch argument {
      case .tensor(let tensor?): tensor.description
      case .tensors(let tensors): "[\(tensors.map(\.description).joined(separator: ", "))]"
      case .tensor(nil), .none: "none"
      case .int(let value): "\(value)"
      case .double(let value): "\(value)"
      case .ints(let values): "\(values)"
      default: "…"
      }
    }
    return "\(name)(\(forms.joined(separator: ", "))): \(message)"
  }
}
