import Foundation

extension FolderKind {
  /// A data set: `dataset.json`, the files of its splits and their stamps, `ids.json` and `volumes.json`.
  public static let dataset = FolderKind("a data set", mark: "dataset.json") { folder in
    let usual = ["train", "valid", "test"].map { "\($0).safetensors" }
    guard let data = FileManager.default.contents(atPath: "\(folder)/dataset.json"),
      let document = try? OrderedJSON(parsing: String(decoding: data, as: UTF8.self))
    else { return Set(usual + usual.map { $0 + SplitStamp.ending } + lists) }  // a damaged description
    guard document["modalities"] != nil, case .object(let splits)? = document["splits"] else { return nil }
    let files = splits.compactMap { member -> String? in
      guard case .string(let file)? = member.value["file"], !file.contains("/") else { return nil }
      return file
    }
    return Set(files + files.map { $0 + SplitStamp.ending } + lists)
  }

  private static let lists = ["ids.json", VolumeList.fileName]
}
