import Torch

extension MultimodalModel {
  /// A model with random starting values.
  /// - Throws: `Fault` of kind `usage` for a configuration that cannot be built.
  public convenience init(_ configuration: ModelConfiguration) throws(Fault) {
    self.init(try Architectures.make(configuration))
  }
}
