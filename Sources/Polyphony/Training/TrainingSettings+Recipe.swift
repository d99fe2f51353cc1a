import Torch

extension TrainingSettings {
  /// Reads the section `training` of a recipe.
  /// - Parameter standard: the settings for keys that the section does not have.
  public init(_ reader: SettingsReader, default standard: TrainingSettings = .init()) throws(Fault) {
    self = standard
    // Products of these counts must fit into 64 bits.
    let counts = 0...TrainingState.largestCount
    epochs = try reader.int("epochs", default: epochs, in: 1...counts.upperBound)
    batchSize = try reader.int("batch_size", default: batchSize, in: 1...counts.upperBound)
    accumulate = try reader.int("accumulate", default: accumulate, in: 1...65536)
    optimizer = try reader.choice("optimizer", default: optimizer)
    learningRate = try reader.double("learning_rate", default: learningRate, in: Above(0))
    encoderRate = try reader.double("encoder_rate", default: encoderRate, in: Above(0))
    weightDecay = try reader.double("weight_decay", default: weightDecay, in: 0...)
    momentum = try reader.double("momentum", default: momentum, in: 0..<1)
    clip = try reader.double("clip", default: clip, in: 0...)
    schedule = try reader.choice("schedule", default: schedule)
    schedulePatience = try reader.int("schedule_patience", default: schedulePatience, in: counts)
    scheduleFactor = try reader.double("schedule_factor", default: scheduleFactor, in: 0...1)
    warmup = try reader.int("warmup", default: warmup, in: counts)
    earlyStop = try reader.int("early_stop", default: earlyStop, in: counts)
    loss = try reader.optional("loss", .choice(of: TaskLoss.Form.self))
    classWeights = try reader.optional("class_weights", .classWeights)
    select = try reader.string("select", default: select)
    augment = try reader.list("augment", of: .choice(of: ImageAugmentation.Change.self), default: augment)
    patch = try reader.optional("patch", .list(of: .int(in: 1...Modality.largestSize), count: 2...3))
    patches = try reader.optional("patches", .int(in: 1...65536))
    foreground = try reader.optional("foreground", .double(in: 0...1))
  }
}

extension Setting where Value == ClassWeights {
  /// A list of numbers, or the word `balanced`.
  static var classWeights: Setting {
    let (list, word) = (Setting<[Double]>.list(of: .double(in: 0...)), Setting<String>.choice(of: [ClassWeights.word]))
    return Setting(
      read: { (value) throws(Fault) in
        if case .scalar = value.tree.content {
          _ = try word.read(value)
          return .balanced
        }
        return .given(try list.read(value))
      },
      write: { weights in
        switch weights {
        case .given(let numbers): list.write(numbers)
        case .balanced: word.write(ClassWeights.word)
        }
      })
  }
}

extension TrainingSettings {
  /// The settings with class weights as numbers, for the targets of a training split.
  ///
  /// - Throws: `Fault(.usage)` for weights that do not fit the task.
  func weighted(for split: LabelledSplit, _ task: PredictionTask) throws(Fault) -> TrainingSettings {
    guard let classWeights else { return self }
    var settings = self
    settings.classWeights = .given(try classWeights.values(for: split.target, task))
    return settings
  }

  /// A recipe's section `training` with the class weights of these settings.
  func writingWeights(into recipe: SettingsTree) -> SettingsTree {
    guard let classWeights, case .map(var sections) = recipe.content,
      case .map(var training)? = sections["training"]?.content
    else { return recipe }
    training["class_weights"] = Setting<ClassWeights>.classWeights.write(classWeights)
    sections["training"]?.content = .map(training)
    return SettingsTree(.map(sections), origin: recipe.origin)
  }
}
