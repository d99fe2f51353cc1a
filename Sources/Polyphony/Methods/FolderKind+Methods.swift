import Foundation

extension FolderKind {
  /// A model: `config.json` and `model.safetensors`.
  public static let model = FolderKind("a model", mark: ModelFolder.configurationFile) { folder in
    isWritten("\(folder)/\(ModelFolder.configurationFile)", with: "architecture")
      ? [ModelFolder.weightsFile, SourceMoments.fileName] : nil
  }

  /// An adapter: `adapter_config.json`, `adapter_model.safetensors`, and the adapters beneath it.
  public static let adapter = FolderKind("an adapter", mark: AdapterFolder.configurationFile) { folder in
    isWritten("\(folder)/\(AdapterFolder.configurationFile)", with: "base_sha256")
      ? [AdapterFolder.weightsFile, AdapterFolder.beneathFolder] : nil
  }

  /// False for a file of another program, such as the configuration of a model of Hugging Face. A damaged file passes.
  private static func isWritten(_ file: String, with key: String) -> Bool {
    guard let data = FileManager.default.contents(atPath: file),
      let document = try? OrderedJSON(parsing: String(decoding: data, as: UTF8.self))
    else { return true }
    return document[key] != nil
  }
}
