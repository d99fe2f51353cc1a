import Foundation

/// JSON files that decode into Swift types. Errors name the file and the key.
package enum JSONFile {
  /// Reads a file into a type.
  /// - Throws: `Fault(.missingInput)` if it does not exist, `Fault(.badData)` for a missing or wrong key.
  package static func read<Value: Decodable>(_ type: Value.Type, from path: String, remedy: String? = nil) throws(Fault)
    -> Value
  {
    let data = try contents(of: path, remedy)
    do {
      return try JSONDecoder().decode(Value.self, from: data)
    } catch let error as DecodingError {
      throw fault(error, path, remedy)
    } catch {
      throw Fault(.badData, "the file cannot be decoded: \(error)", file: path, remedy: remedy)
    }
  }

  /// Reads a file of any form. Members keep their order.
  /// - Throws: `Fault(.missingInput)` if it does not exist, `Fault(.badData)` if it is no JSON.
  package static func document(_ path: String, remedy: String? = nil) throws(Fault) -> OrderedJSON {
    let data = try contents(of: path, remedy)
    return try withRawBytes(of: Array(data)) { (bytes) throws(Fault) in try OrderedJSON(parsing: bytes, file: path) }
  }

  private static func contents(of path: String, _ remedy: String?) throws(Fault) -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Fault(.missingInput, "the file is not there or cannot be read", file: path, remedy: remedy)
    }
    return data
  }

  /// Replaces a file with the JSON form of a value, with sorted keys.
  package static func write(_ value: some Encodable, to path: String) throws(Fault) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      let data = try encoder.encode(value)
      try AtomicFile.write(Array(data) + [UInt8(ascii: "\n")], to: path)
    } catch let fault as Fault {
      throw fault
    } catch {
      throw Fault(.failure, "a value has no JSON form: \(error)", file: path)
    }
  }

  private static func fault(_ error: DecodingError, _ path: String, _ remedy: String?) -> Fault {
    func key(_ context: DecodingError.Context, _ last: CodingKey? = nil) -> String? {
      let keys = (context.codingPath + (last.map { [$0] } ?? [])).map { $0.intValue.map(String.init) ?? $0.stringValue }
      return keys.isEmpty ? nil : keys.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let missing, let context):
      return Fault(.badData, "a key is missing", file: path, key: key(context, missing), remedy: remedy)
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return Fault(
        .badData, "a value has the wrong type", file: path, key: key(context), expected: context.debugDescription,
        remedy: remedy)
    case .dataCorrupted(let context):
      let reason = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
      return Fault(
        .badData, "the file is not valid", file: path, key: key(context), found: reason ?? context.debugDescription,
        remedy: remedy)
    @unknown default: return Fault(.badData, "the file cannot be decoded", file: path, remedy: remedy)
    }
  }
}
