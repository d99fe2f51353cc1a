import Polyphony

/// Prompts for models of images: what is missing is made up at each resolution, and signal and type prompts are added.
struct MapPromptsGraph: GraphMethod {
  let parameters: GraphParameters
  let settings: PromptSettings
  let names: [String]

  var handlesMissing: Bool { true }
  var makesUpMissing: Bool { settings.generative }

  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    GraphTokens.changed(tokens) { level, maps in
      self.changed(maps, parameters.at("levels").at(level), context.inputs)
    }
  }

  private func changed(_ maps: [GraphTensor], _ level: GraphParameters, _ inputs: GraphInputs) -> [GraphTensor] {
    let types = settings.type ? TypePromptsGraph(parameters: level, names: names)(inputs).squeezed(2) : nil
    return maps.enumerated().map { image, map in
      var result = map
      if settings.generative, let made = made(image, maps, level, inputs), let present = inputs.isPresent(image) {
        result = map.selected(where: present.unsqueezed(1, 2, 3), otherwise: made)
      }
      if settings.signal { result = result + signal(image, level, inputs).unsqueezed(2, 3) }
      if let types { result = result + types.select(1, image).unsqueezed(2, 3) }
      return result
    }
  }

  /// GELU(U_m G_m + b_m + Σ_k U_{mk} GELU(W_{k→m} x_k)) over the present images k.
  private func made(
    _ target: Int, _ maps: [GraphTensor], _ level: GraphParameters, _ inputs: GraphInputs
  ) -> GraphTensor? {
    let length = level.shape("generative_prompt")[1]
    let parts = names.indices.filter { $0 != target }.compactMap { source -> GraphTensor? in
      guard let present = inputs.isPresent(source)?.floats else { return nil }
      let values = level.at("features.\(names[source])").linearAtEachPlace(maps[source]).gelu()
      // A source has no part for itself.
      let first = (target < source ? target : target - 1) * length
      return values.slice(1, first, first + length) * present.unsqueezed(1, 2, 3)
    }
    guard !parts.isEmpty else { return nil }
    let start = level.at("start.\(names[target])").linear(level["generative_prompt"].slice(0, target, target + 1))
    let sum = level.at("join.\(names[target])").linearAtEachPlace(.concatenated(parts, 1))
    return (sum + start.unsqueezed(2, 3)).gelu()
  }

  /// The signal prompt that holds for an image, `[B or 1, C]`.
  private func signal(_ image: Int, _ level: GraphParameters, _ inputs: GraphInputs) -> GraphTensor {
    let own = level.at("signal.\(names[image])")
    let present = own["present"].permuted(1, 0)
    guard let isPresent = inputs.isPresent(image) else { return present }
    return present.selected(where: isPresent.unsqueezed(1), otherwise: own["missing"].permuted(1, 0))
  }
}

/// Shared and specific maps of images: the mean of the shared ones stands for a missing image.
struct SharedSpecificGraph: GraphMethod {
  let parameters: GraphParameters
  let names: [String]

  var handlesMissing: Bool { true }
  var makesUpMissing: Bool { true }

  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    GraphTokens.changed(tokens) { level, maps in
      fused(maps, parameters.at("levels").at(level), context.inputs)
    }
  }

  private func fused(_ maps: [GraphTensor], _ level: GraphParameters, _ inputs: GraphInputs) -> [GraphTensor] {
    let shared = maps.map { level.at("shared").linearAtEachPlace($0) }
    let fused = zip(names, zip(shared, maps)).map { name, own in
      let specific = level.at("specific.\(name)").linearAtEachPlace(own.1)
      return own.0 + level.at("fusion").linearAtEachPlace(.concatenated([own.0, specific], 1))
    }
    guard let presence = inputs.presence else { return fused }
    let flags = presence.floats
    let count = flags.sum(1, keep: true).clamped(flags.builder.constant(Float(1)))
    let parts = shared.enumerated().map { $1 * (flags / count).select(1, $0).unsqueezed(1, 2, 3) }
    let mean = parts.dropFirst().reduce(parts[0], +)
    return fused.enumerated().map { image, map in
      map.selected(where: presence.select(1, image).unsqueezed(1, 2, 3), otherwise: mean)
    }
  }
}

extension GraphTokens {
  /// The images after a function of their maps at each resolution, the finest first.
  static func changed(
    _ tokens: [GraphTokens], _ change: (_ level: Int, _ maps: [GraphTensor]) -> [GraphTensor]
  ) -> [GraphTokens] {
    let maps = tokens.map { $0.details + [$0.values] }
    let changed = maps[0].indices.map { level in change(level, maps.map { $0[level] }) }
    return tokens.indices.map { image in
      let own = changed.map { $0[image] }
      return GraphTokens(own[own.count - 1], details: Array(own.dropLast()))
    }
  }
}
