import Polyphony
import Torch

/// The listings in the comments of `Sources/Polyphony/Methods`.
public enum MethodListings {
  /// ``ArchitectureDefaults``
  public static func defaults() {
    let defaults = Architectures.defaults(of: "unet")
    print(defaults.width, defaults.training.epochs)
  }

  /// ``Architectures``
  public static func registerBackbone() {
    Architectures.register("wide_fusion") { (configuration) in
      var wide = configuration
      wide.width *= 2
      return LateFusion(wide)
    }
  }

  /// ``BalancingMethods``
  public static func registerStrategy() {
    BalancingMethods.register("strong-cggm") { (_, model) throws(Fault) in
      var settings = CGGMSettings()
      settings.lambda = 0.5
      return try ClassifierGuidedModulation(settings, model)
    }
  }

  /// ``TuningMethods``
  public static func registerTuning() -> TuneLife {
    TuningMethods.register("output-bias") { (_, _) throws(Fault) in OutputBiasTuning() }
    let life = TuneLife(model: "runs/base/model", data: .folder("mosi"), methods: ["bitfit", "output-bias"])
    return life
  }

  /// ``AdaptationMethods``
  public static func registerAdaptation() throws(Fault) -> AdaptLife {
    AdaptationMethods.register("our-tent") { (reader, _) throws(Fault) in try Tent(reader) }
    let life = try AdaptLife(model: "runs/base/model", data: "target", methods: ["tent", "our-tent"])
    return life
  }

  /// ``ModelFolder``
  public static func copyModel(_ inputs: Inputs) throws(Fault) -> Tensor {
    let model = try ModelFolder.read("runs/base/model")
    let predictions = model(inputs).prediction
    try ModelFolder.write(model.backbone, to: "models/copy")
    return predictions
  }

  /// ``AdapterFolder``
  public static func mergeAdapter() throws(Fault) {
    let model = try ModelFolder.read("runs/base/model")
    try AdapterFolder.attach("runs/lora/adapter", to: model, base: "runs/base/model")
    try AdapterFolder.merge("runs/lora/adapter", base: "runs/base/model", to: "runs/merged")
  }

  /// ``AdapterDescription``
  public static func describeAdapter() throws(Fault) {
    let description = try AdapterFolder.description(of: "runs/wander/adapter")
    print(description.method, description.settings.yaml(), description.base)
  }

  /// ``AdapterSet``
  public static func switchAdapters(_ inputs: Inputs) throws(Fault) -> Tensor {
    let adapters = try AdapterSet(base: "runs/base/model")
    try adapters.add("runs/lora/adapter", as: "lora")
    try adapters.add("runs/wander/adapter", as: "wander")
    try adapters.activate("wander")
    let prediction = adapters.model(inputs).prediction
    return prediction
  }
}
