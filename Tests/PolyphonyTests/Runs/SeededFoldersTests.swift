import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// The folders that a path on the command line may mean.
@Suite struct SeededFoldersTests {
  /// Makes folders that look like models or adapters.
  private func make(_ folder: String, _ paths: String...) throws {
    for path in paths {
      let full = "\(folder)/\(path)"
      try FileManager.default.createDirectory(atPath: full, withIntermediateDirectories: true)
      let mark = path.hasSuffix("adapter") ? "adapter_config.json" : "config.json"
      try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(full)/\(mark)"))
    }
  }

  @Test func aRunAndItsModelMeanTheSame() throws {
    try withTemporaryFolder { folder in
      try make(folder, "base/model")
      for path in ["\(folder)/base", "\(folder)/base/model"] {
        let models = SeededFolders(path, .model)
        #expect(models.seeds.isEmpty)
        #expect(try models.folder(seed: 3) == "\(folder)/base/model" && models.only() == "\(folder)/base/model")
      }
    }
  }

  @Test func aRunOverSeedsAndTheModelOfASingleRunMeanTheSame() throws {
    try withTemporaryFolder { folder in
      try make(folder, "base/seed-0/model", "base/seed-10/model", "base/seed-9/model")
      for path in ["base", "base/", "base/model", "base/model/"] {
        let models = SeededFolders("\(folder)/\(path)", .model)
        #expect(models.seeds == [0, 9, 10], "\(path)")
        let place = (try models.folder(seed: 9) as NSString).standardizingPath
        #expect(place == ("\(folder)/base/seed-9/model" as NSString).standardizingPath)
        let absent = expectFault(.missingInput) { _ = try models.folder(seed: 1) }
        #expect(absent?.expected?.contains("0, 9, 10") == true && absent?.remedy?.contains("seed-0/model") == true)
        let several = expectFault(.usage) { _ = try models.only() }
        #expect(several?.found == "seed-0/model, seed-9/model, seed-10/model")
        #expect(several?.remedy?.contains("base/seed-0/model") == true)
      }
      let one = SeededFolders("\(folder)/base/seed-9", .model)
      #expect(one.seeds.isEmpty)
      #expect(try one.only() == "\(folder)/base/seed-9/model")
    }
  }

  @Test func oneSeedIsTheOnlyOne() throws {
    try withTemporaryFolder { folder in
      try make(folder, "base/seed-4/model")
      #expect(try SeededFolders("\(folder)/base", .model).only() == "\(folder)/base/seed-4/model")
    }
  }

  @Test func whatIsBelowIsListed() throws {
    try withTemporaryFolder { folder in
      for seed in 0..<5 { try make(folder, "base/cggm/seed-\(seed)/model") }
      try make(folder, "tuned/lora/adapter", "tuned/head/adapter")
      let models = expectFault(.missingInput) { _ = try SeededFolders("\(folder)/base", .model).folder(seed: 0) }
      #expect(models?.found == "cggm/seed-0/model … cggm/seed-4/model")
      #expect(models?.remedy == "name one, such as --model \(folder)/base/cggm/seed-0/model")
      let adapters = expectFault(.missingInput) { _ = try SeededFolders("\(folder)/tuned", .adapter).folder(seed: 0) }
      #expect(adapters?.found == "head/adapter, lora/adapter")
      let nothing = expectFault(.missingInput) { _ = try SeededFolders("\(folder)/none", .model).only() }
      #expect(nothing?.found == "no such folder")
      let empty = expectFault(.missingInput) { _ = try SeededFolders(folder, .model).only() }
      #expect(empty?.found == "no config.json in it or below it")
    }
  }

  @Test func modelAndAdapterAreNotConfused() throws {
    try withTemporaryFolder { folder in
      try make(folder, "base/model", "tuned/adapter")
      let model = expectFault(.usage) { _ = try SeededFolders("\(folder)/tuned/adapter", .model).folder(seed: 0) }
      #expect(model?.problem.contains("adapter, not a model") == true && model?.remedy?.contains("--adapter") == true)
      let adapter = expectFault(.usage) { _ = try SeededFolders("\(folder)/base/model", .adapter).folder(seed: 0) }
      #expect(adapter?.problem.contains("a model, not an adapter") == true)
      #expect(adapter?.remedy?.contains("--model") == true)
    }
  }
}
