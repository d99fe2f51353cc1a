import OrderedCollections
import Torch

/// The settings of several methods that share a section of a recipe, each read once.
///
/// A key that one method reads is not unknown to another. The instance that reading a method's settings has made serves its
/// first run; further runs make theirs from the settings with every default filled in.
final class MethodSettings<Method> {
  /// Makes a method from its settings.
  typealias Maker = (SettingsReader) throws(Fault) -> Method

  private let makers: OrderedDictionary<String, Maker>
  private let resolved: [String: SettingsTree]
  private var unused: [String: Method]

  /// Reads the settings of all methods from a section.
  /// - Throws: `Fault(.usage)` for unknown methods and values that make no sense.
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

  /// What a method reads, with every default filled in.
  func settings(for method: String) -> SettingsTree { resolved[method] ?? .empty }

  /// A method that no other run has.
  /// - Throws: What reading its settings throws.
  func make(_ method: String) throws(Fault) -> Method {
    if let instance = unused.removeValue(forKey: method) { return instance }
    guard let make = makers[method] else {
      throw Fault(
        .usage, "the method was not prepared", key: method, expected: makers.keys.joined(separator: ", "))
    }
    return try SettingsReader.read(settings(for: method), make).value
  }
}
