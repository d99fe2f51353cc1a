import Torch

extension MultimodalModel {
  /// Makes a model with random starting values.
  /// - Throws: `Fault(.usage)` for a configuration that cannot be built.
  public convenience init(_ configuration: ModelConfiguration) throws(Fault) {
    self.init(try Architectures.make(configuration))
  }
}
