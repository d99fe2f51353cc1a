import Torch

/// The methods of this room by name, as ``TuningMethods`` lists them.
enum MissingMethods {
  static let all: [(name: String, make: TuningMethods.Maker)] = [
    ("prompts", { (reader, _) throws(Fault) in try PromptTuning(reader) }),
    ("zero_fill", { (reader, _) throws(Fault) in try FillTuning(reader, mean: false, trained: .none) }),
    ("mean_fill", { (reader, _) throws(Fault) in try FillTuning(reader, mean: true, trained: .none) }),
    // What makes it dropout is that the run takes modalities away in training: any run with a missing protocol.
    ("modality_dropout", { (reader, _) throws(Fault) in try FillTuning(reader, mean: false, trained: .all) }),
    ("missing_aware_prompts", { (reader, _) throws(Fault) in try MissingAwareTuning(reader) }),
    ("reconstruction", { (reader, _) throws(Fault) in try ReconstructionTuning(reader) }),
  ]
}
