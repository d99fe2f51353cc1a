import Torch

/// The maps of images between encode and fuse: their channels at each resolution.
struct MapShape {
  /// The names of the images.
  let names: [String]
  /// The channels at each resolution, the finest first.
  let channels: [Int]

  /// Measures a model's backbone with one sample of zeros.
  /// - Throws: `Fault(.usage)` for a model of one modality, for a model without maps, and for images whose maps differ in
  ///   shape.
  init(of model: MultimodalModel, method: String) throws(Fault) {
    let (backbone, configuration) = (model.backbone, model.configuration)
    try PromptSite.checkCount(configuration, method: method)
    guard backbone.promptSite?.stage == .maps else {
      throw Fault(
        .usage, "the method acts on the maps of images, and this model has none", key: method,
        found: configuration.architecture, expected: "unet or deeplab_v3plus",
        remedy: "use prompts, reconstruction or modality_dropout for sequences")
    }
    let shapes = model.evaluating {
      noGrad {
        backbone.encode(backbone.embed(backbone.zeroSample), afterLayer: nil).map { image in
          image.maps.map { Array($0.shape.dropFirst()) }
        }
      }
    }
    let first = shapes[0]
    guard shapes.allSatisfy({ $0 == first }) else {
      throw Fault(
        .usage, "the method makes up an image's maps from those of the others, and their shapes differ", key: method,
        found: "\(shapes)", expected: "the same shapes for all images", remedy: "use modality_dropout")
    }
    names = configuration.modalities.map(\.name)
    channels = first.map { $0[0] }
  }
}
