import OrderedCollections
import Torch

/// The settings of several methods that share a section of a recipe. Each method's settings are read once.
///
/// A key of one method is no error for another. Reading a method's settings makes an instance, which serves the first
/// run. Each further run makes its own instance from the settings with every default filled in.
final class MethodSettings<Method> {
  /// Makes a method from its settings.
  typealias Maker = (SettingsReader) throws(Fault) -> Method

  private let makers: OrderedDictionary<String, Maker>
  private let resolved: [String: SettingsTree]
  private var unused: [String: Method]

  /// Reads the settings of all methods from a section.
  /// - Throws: `Fault(.usage)` for unknown methods and invalid values.
  init(
    _ methods: [String], in section: SettingsReader, _ maker: (String) throws(Fault) -> Maker
  ) throws(Fault) {
    var makers: OrderedDictionary<String, Maker> = [:]
    var resolved: [String: SettingsTree] = [:]
    var made: [String: Method] = [:]
    for method in methods {
      let make = try maker(method)
      let (instance, own) = try section.part(make)
      (makers[method], resolved[method], made[method]) = (make, own, instance)
    }
    (self.makers, self.resolved, unused) = (makers, resolved, made)
  }

  /// The settings of a method, with every default filled in.
  func settings(for method: String) -> SettingsTree { resolved[method] ?? .empty }

  /// Checks an instance of every method before its first run.
  func check(_ body: (Method) throws(Fault) -> Void) throws(Fault) {
    for method in makers.keys { if let instance = unused[method] { try body(instance) } }
  }

  /// Makes an instance of a method for one run alone.
  /// - Throws: The errors of reading its settings.
  func make(_ method: String) throws(Fault) -> Method {
    if let instance = unused.removeValue(forKey: method) { return instance }
    guard let make = makers[method] else {
      throw Fault(
        .usage, "the method was not prepared", key: method, expected: makers.keys.joined(separator: ", "))
    }
    return try SettingsReader.read(settings(for: method), make).value
  }
}
