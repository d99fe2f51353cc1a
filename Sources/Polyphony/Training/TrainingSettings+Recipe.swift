import Torch

extension TrainingSettings {
  /// Reads the section `training` of a recipe.
  public init(_ reader: SettingsReader) throws(Fault) {
    self.init()
    epochs = try reader.int("epochs", default: epochs, in: 1...)
    batchSize = try reader.int("batch_size", default: batchSize, in: 1...)
    optimizer = try reader.choice("optimizer", default: optimizer)
    learningRate = try reader.double("learning_rate", default: learningRate, in: Above(0))
    weightDecay = try reader.double("weight_decay", default: weightDecay, in: 0...)
    momentum = try reader.double("momentum", default: momentum, in: 0..<1)
    clip = try reader.double("clip", default: clip, in: 0...)
    schedule = try reader.choice("schedule", default: schedule)
    schedulePatience = try reader.int("schedule_patience", default: schedulePatience, in: 0...)
    scheduleFactor = try reader.double("schedule_factor", default: scheduleFactor, in: 0...1)
    warmup = try reader.int("warmup", default: warmup, in: 0...)
    earlyStop = try reader.int("early_stop", default: earlyStop, in: 0...)
    loss = try reader.optional("loss", .choice(of: TaskLoss.Form.self))
    classWeights = try reader.optional("class_weights", .list(of: .double(in: 0...)))
    select = try reader.string("select", default: select)
  }
}
