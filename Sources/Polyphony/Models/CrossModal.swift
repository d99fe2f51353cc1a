import Torch

/// `mult`: a cross-modal encoder for every ordered pair of modalities, a memory encoder per modality (Tsai et al. 2019).
///
/// The memory encoder of modality m reads the outputs of its M − 1 cross-modal encoders side by side,
/// `[B, L_m, (M−1)·width]`. r = the last real steps of all modalities `[B, M·(M−1)·width]`;
/// ŷ = out(W₂ relu(W₁ r) + r). With one modality the memory encoder reads the projection itself. Of a modality whose
/// steps are newest first (``Modality/order``), r has the first step.
public final class CrossModal: Module, Backbone {
  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration
  /// Projections to the width by modality, without bias. A modality with as many features as the width has none.
  @Child("proj") public var projections: NamedModules
  /// Cross-modal encoders by `target.source`.
  @Child public var cross: NamedModules
  /// Memory encoders by modality.
  @Child public var memory: NamedModules
  @Child("proj1") var first: Linear
  @Child("proj2") var second: Linear
  /// The last layer.
  @Child("out_layer") public var outputLayer: Linear

  private let names: [String]

  /// A model with random starting values.
  /// - Parameters:
  ///   - configuration: the configuration, which determines the shapes.
  ///   - alwaysProjects: gives a modality a projection even where it has as many features as the width.
  public init(_ configuration: ModelConfiguration, alwaysProjects: Bool = false) {
    self.configuration = configuration
    names = configuration.modalities.map(\.name)
    super.init()
    let others = max(1, names.count - 1)
    let causal = configuration.causal ?? false
    var projections = NamedModules()
    var cross = NamedModules()
    var memory = NamedModules()
    for modality in configuration.modalities where alwaysProjects || modality.features != configuration.width {
      projections[modality.name] = Conv1d(modality.features ?? 0, configuration.width, bias: false)
    }
    for target in names {
      for source in names where source != target {
        cross["\(target).\(source)"] = configuration.encoder(causal: causal)
      }
      memory[target] = configuration.encoder(
        width: others * configuration.width, layers: configuration.memoryLayers ?? max(configuration.layers, 3),
        causal: causal)
    }
    (self.projections, self.cross, self.memory) = (projections, cross, memory)
    let combined = names.count * others * configuration.width
    first = Linear(combined, combined)
    second = Linear(combined, combined)
    outputLayer = Linear(combined, configuration.task.outputs)
  }

  /// Projections.
  public func embed(_ inputs: Inputs) -> [Tokens] { project(inputs, with: names.map { projections[$0] as? Conv1d }) }

  /// The features of a modality's M − 1 cross-modal encoders together.
  public var encodedWidth: Int { max(1, names.count - 1) * configuration.width }

  /// For each modality the outputs of its cross-modal encoders side by side.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    guard names.count > 1 else { return embedded }
    return embedded.indices.map { target in
      let tokens = embedded[target]
      let parts = embedded.indices.filter { $0 != target }.map { source in
        encoder(cross, "\(names[target]).\(names[source])")(
          tokens.values, memory: embedded[source].values, mask: tokens.mask, memoryMask: embedded[source].mask)
      }
      return Tokens(.concatenated(parts, -1), mask: tokens.mask)
    }
  }

  /// The memory encoders.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] {
    zip(names, encoded).map { Tokens(encoder(memory, $0)($1.values, mask: $1.mask), mask: $1.mask) }
  }

  /// The newest steps side by side.
  public func represent(_ fused: [Tokens]) -> Tensor {
    .concatenated(fused.enumerated().map { readout($0).steps(of: $1.values, mask: $1.mask).squeezed(1) }, -1)
  }

  /// Memory encoders that compute no more of their last layer than the newest step.
  public func represent(encoded: [Tokens]) -> Tensor {
    .concatenated(
      encoded.enumerated().map {
        encoder(memory, names[$0])($1.values, mask: $1.mask, readout: readout($0)).squeezed(1)
      }, -1)
  }

  /// The place of a modality's newest step, which the representation has.
  private func readout(_ index: Int) -> Readout {
    configuration.modalities[index].order == .newestFirst ? .first : .last
  }

  /// The residual block.
  public func headFeatures(_ representation: Tensor) -> Tensor { residualBlock(representation, first, second) }

  /// The layers after the representation.
  public static let headPrefixes = ["proj1", "proj2", "out_layer"]

  /// Projection, the cross-modal encoders of which this modality is the target, and its memory encoder.
  public func encoderPrefixes(_ index: Int) -> [String] {
    ["proj.\(names[index]).", "cross.\(names[index]).", "memory.\(names[index])."]
  }

  /// The cross-modal and the memory encoders.
  public var fusionPrefixes: [String] { ["cross.", "memory."] }

  /// Behind the input of each memory encoder.
  public var promptSite: PromptSite? { PromptSite(.encoded, width: encodedWidth) }

  /// The published names for text, audio and vision: `proj_l`, `trans_l_with_a`, `trans_l_mem`.
  public func fileKey(_ key: String) -> String { CrossModal.publishedKey(key, modalities: names) }

  static func publishedKey(_ key: String, modalities: [String]) -> String {
    guard modalities == ["text", "audio", "vision"] else { return key }
    let letters = ["text": "l", "audio": "a", "vision": "v"]
    let parts = key.split(separator: ".").map(String.init)
    switch parts[0] {
    case "proj": return "proj_\(letters[parts[1]]!).\(parts[2...].joined(separator: "."))"
    case "cross":
      return "trans_\(letters[parts[1]]!)_with_\(letters[parts[2]]!).\(parts[3...].joined(separator: "."))"
    case "memory": return "trans_\(letters[parts[1]]!)_mem.\(parts[2...].joined(separator: "."))"
    default: return key
    }
  }

  private func encoder(_ modules: NamedModules, _ name: String) -> TransformerEncoder {
    // The initialiser has added every name that this class asks for, with this type.
    unsafeDowncast(modules[name]!, to: TransformerEncoder.self)
  }
}
