import OrderedCollections
import Torch

/// A recipe's section `adaptation`, read for several methods at once: a key of one of them is not unknown to another.
public struct AdaptationRecipe {
  private var resolved: OrderedDictionary<String, SettingsTree> = [:]

  /// Reads a recipe, in which nothing else may stand.
  /// - Throws: `Fault(.usage)` for unknown methods, unknown keys and values that make no sense.
  public init(_ recipe: SettingsTree, methods: [String], _ configuration: ModelConfiguration) throws(Fault) {
    _ = try SettingsReader.read(recipe) { (reader) throws(Fault) in
      try reader.section("adaptation") { (section) throws(Fault) in
        for method in methods { _ = try AdaptationMethods.maker(method)(section, configuration) }
      }
    }
    for method in methods {
      let maker = try AdaptationMethods.maker(method)
      let defaults = try SettingsReader.read(.empty) { (reader) throws(Fault) in try maker(reader, configuration) }
        .resolved
      guard case .map(let known) = defaults.content else { continue }
      var own = OrderedDictionary<String, SettingsTree>()
      if case .map(let given)? = recipe["adaptation"]?.content { own = given.filter { known[$0.key] != nil } }
      resolved[method] = try SettingsReader.read(SettingsTree(.map(own))) { (reader) throws(Fault) in
        try maker(reader, configuration)
      }.resolved
    }
  }

  /// What a method reads, with every default filled in.
  public func settings(for method: String) -> SettingsTree { resolved[method] ?? .empty }
}
