extension FolderKind {
  /// A checkpoint of a training, a tuning or an adaptation: `state.json`, the tensors and their hashes.
  public static let checkpoint = FolderKind("a checkpoint", mark: "state.json", or: "SHA256SUMS") { _ in
    let tensors = ["model", "optimizer", "strategy", "best", "adapted", "method", "good", "stream"]
    return Set(tensors.map { "\($0).safetensors" } + ["SHA256SUMS"])
  }
}
