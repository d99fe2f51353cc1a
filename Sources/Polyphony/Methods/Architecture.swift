/// An entry of the registry of backbones.
struct Architecture: Sendable {
  /// True if the backbone makes maps from images; otherwise it reads sequences and vectors.
  var readsImages = false
  /// The defaults of a recipe for the backbone.
  var defaults = ArchitectureDefaults()
  /// Makes the backbone.
  var make: Architectures.Maker
}
