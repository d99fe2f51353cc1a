/// The form that `polyphony export` writes.
public enum ExportFormat: String, CaseIterable, Sendable {
  /// Weights and one file of PyTorch code without dependencies.
  case pytorch
  /// One ONNX graph for all patterns of missing modalities.
  case onnx
  /// A folder for the Hugging Face Hub: a model card, the configuration and the weights.
  case huggingface
}
