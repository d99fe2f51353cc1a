import Foundation
import Polyphony

/// The checked values of a Hugging Face `config.json`, or of an object inside one.
///
/// A value that is absent or null takes the default, and a value without a default must be there. A value of another
/// type or out of range is an error that names file and key.
struct ConfigurationReader {
  /// The path of the file.
  let file: String
  private let place: String
  private let document: OrderedJSON

  /// Reads `config.json` in a folder.
  /// - Throws: `Fault(.missingInput)` if there is none, `Fault(.badData)` if it is not a JSON object.
  init(folder: String) throws(Fault) {
    try self.init(
      file: "\(folder)/config.json", remedy: "an encoder's folder holds config.json and model.safetensors")
  }

  /// Reads `preprocessor_config.json` in a folder. It is nil if there is none.
  /// - Throws: `Fault(.badData)` if it is not a JSON object.
  init?(preparationOf folder: String) throws(Fault) {
    let file = "\(folder)/preprocessor_config.json"
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    try self.init(file: file, remedy: "copy the folder again")
  }

  /// The preparation of inputs in the configuration of an encoder inside a model. It is nil if there is none.
  /// - Throws: `Fault(.badData)` if it is not a JSON object.
  func preparation() throws(Fault) -> ConfigurationReader? {
    holds("preprocessor_config") ? try section("preprocessor_config") : nil
  }

  /// Reads a file of this form.
  /// - Throws: The errors of ``init(folder:)``.
  init(file: String, remedy: String) throws(Fault) {
    (self.file, place) = (file, "")
    document = try JSONFile.document(file, remedy: remedy)
    guard case .object = document else {
      throw Fault(.badData, "this is no configuration", file: file, found: document.kindName, expected: "an object")
    }
  }

  /// Takes a configuration from elsewhere, such as that of a model with the encoder inside.
  init(_ document: OrderedJSON, file: String) { self.init(file, "", document) }

  private init(_ file: String, _ place: String, _ document: OrderedJSON) {
    (self.file, self.place, self.document) = (file, place, document)
  }

  /// Returns an object inside this one.
  func section(_ key: String) throws(Fault) -> ConfigurationReader {
    guard let value = value(key), case .object = value else { throw fault(key, "an object") }
    return ConfigurationReader(file, "\(place)\(key).", value)
  }

  /// True if there is a value that is not null.
  func holds(_ key: String) -> Bool { value(key) != nil }

  /// True if the value is an object.
  func isObject(_ key: String) -> Bool { if case .object? = value(key) { true } else { false } }

  /// Returns a text, or nil if there is none.
  func text(_ key: String) throws(Fault) -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value else { throw fault(key, "a text") }
    return text
  }

  /// Returns an integer within bounds.
  func integer(_ key: String, _ bounds: ClosedRange<Int>, default absent: Int? = nil) throws(Fault) -> Int {
    guard let value = value(key) ?? absent.map(OrderedJSON.integer), case .integer(let integer) = value,
      bounds.contains(integer)
    else { throw fault(key, "an integer from \(bounds.lowerBound) to \(bounds.upperBound)") }
    return integer
  }

  /// Returns a list of integers within bounds.
  func integers(
    _ key: String, _ bounds: ClosedRange<Int>, count: ClosedRange<Int>, default absent: [Int]? = nil
  ) throws(Fault) -> [Int] {
    let expected =
      "\(count.lowerBound) to \(count.upperBound) integers from \(bounds.lowerBound) to \(bounds.upperBound)"
    let list = value(key) ?? absent.map { .array($0.map(OrderedJSON.integer)) }
    guard case .array(let elements)? = list, count.contains(elements.count) else { throw fault(key, expected) }
    var integers: [Int] = []
    for case .integer(let integer) in elements where bounds.contains(integer) { integers.append(integer) }
    guard integers.count == elements.count else { throw fault(key, expected) }
    return integers
  }

  /// Returns a finite number within bounds.
  func number(_ key: String, _ bounds: ClosedRange<Double>, default absent: Double? = nil) throws(Fault) -> Double {
    guard let number = (value(key) ?? absent.map(OrderedJSON.number))?.finite, bounds.contains(number) else {
      throw fault(key, "a number from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    return number
  }

  /// Returns so many finite numbers within bounds. One number stands for equal ones.
  func numbers(
    _ key: String, _ bounds: ClosedRange<Double>, count: Int, default absent: [Double]
  ) throws(Fault) -> [Double] {
    guard let value = value(key) else { return absent }
    let numbers = value.finite.map { Array(repeating: $0, count: count) } ?? value.elements.compactMap(\.finite)
    guard numbers.count == count, value.elements.count <= count, numbers.allSatisfy(bounds.contains) else {
      throw fault(key, "\(count) numbers from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    return numbers
  }

  /// Returns a truth value.
  func flag(_ key: String, default absent: Bool) throws(Fault) -> Bool {
    guard case .bool(let flag) = value(key) ?? .bool(absent) else { throw fault(key, "true or false") }
    return flag
  }

  /// Returns a text that is one of the raw values of a type.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, default absent: Choice? = nil
  ) throws(Fault) -> Choice where Choice.RawValue == String {
    let text = value(key) ?? absent.map { .string($0.rawValue) }
    guard case .string(let name)? = text, let choice = Choice(rawValue: name) else {
      throw fault(key, "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  /// The name of the class that wrote the file, empty if it gives none.
  var architecture: String {
    guard case .string(let name)? = document["architectures"]?.elements.first else { return "" }
    return name
  }

  /// The family that the file names, known here or not.
  var familyName: String? { try? text("model_type") }

  /// Describes a value that cannot be used.
  func fault(_ key: String, _ expected: String) -> Fault {
    let found = value(key).map { $0.text(.line) } ?? "nothing"
    return Fault(
      .badData, "the configuration cannot be used", file: file, key: place + key,
      found: found.count > 80 ? "\(found.prefix(80))…" : found, expected: expected)
  }

  private func value(_ key: String) -> OrderedJSON? {
    let value = document[key]
    return value == .null ? nil : value
  }
}
