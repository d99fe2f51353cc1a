/// An entry of the registry of backbones.
struct Architecture: Sendable {
  /// The kinds of modalities of which the backbone makes maps. Without any it reads sequences and vectors.
  var maps: Set<Modality.Kind> = []
  /// The defaults of a recipe for the backbone.
  var defaults = ArchitectureDefaults()
  /// Makes the backbone.
  var make: Architectures.Maker
}
