import Foundation
import SwiftProtobuf
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

@Suite struct CRC32CTests {
  /// Compares with known vectors: the check value of the polynomial's catalogue entry, and those of RFC 3720, B.4.
  @Test(
    arguments: [
      (Array("123456789".utf8), 0xE306_9283), ([], 0), (Array(repeating: 0, count: 32), 0x8A91_36AA),
      (Array(repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
    ] as [([UInt8], UInt32)])
  func vectors(bytes: [UInt8], checksum: UInt32) {
    #expect(CRC32C.checksum(bytes) == checksum)
  }

  @Test func mask() {
    // E3069283 rotated right by 15 is 2507C60D. Plus A282EAD8 it is C78AB0E5.
    #expect(CRC32C.masked(Array("123456789".utf8)) == 0xC78A_B0E5)
  }
}

@Suite struct TensorBoardWriterTests {
  /// Parses an event file, and checks its checksums.
  private func events(at path: String) throws -> [TensorBoardEvent] {
    var rest = try Data(contentsOf: URL(fileURLWithPath: path))
    var events: [TensorBoardEvent] = []
    while !rest.isEmpty {
      let bytes = [UInt8](rest)
      let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
      let checksum = { (start: Int) in bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
      let data = bytes[12..<12 + length]
      #expect(checksum(8) == CRC32C.masked(bytes[0..<8]))
      #expect(checksum(12 + length) == CRC32C.masked(data))
      events.append(try TensorBoardEvent(serializedBytes: Array(data)))
      rest = Data(bytes[(16 + length)...])
    }
    return events
  }

  @Test func writesWhatReadersExpect() throws {
    try withTemporaryFolder { folder in
      let writer = try TensorBoardWriter(folder: folder + "/deep/run", now: { 1_700_000_000.5 })
      #expect(URL(fileURLWithPath: writer.path).lastPathComponent.hasPrefix("events.out.tfevents.1700000000."))
      try writer.add(["mae": 0.5, "corr": nil, "acc7": 0.25], step: 7, prefix: "valid/")
      try writer.add(["corr": nil], step: 8)
      #expect(try events(at: writer.path).count == 1)
      try writer.flush()
      let events = try events(at: writer.path)
      #expect(events.count == 2)
      #expect(events[0].fileVersion == "brain.Event:2")
      #expect(events[1].wallTime == 1_700_000_000.5)
      #expect(events[1].step == 7)
      #expect(events[1].summary.value.map(\.tag) == ["valid/mae", "valid/acc7"])
      #expect(events[1].summary.value.map(\.simpleValue) == [0.5, 0.25])
    }
  }

  @Test func aResumedRunBeginsALaterFile() throws {
    try withTemporaryFolder { folder in
      let first = try TensorBoardWriter(folder: folder, now: { 1_700_000_000 })
      let second = try TensorBoardWriter(folder: folder, resumingAfter: 40, now: { 1_700_000_000 })
      #expect(first.path < second.path)
      let events = try events(at: second.path)
      #expect(events.count == 2)
      #expect(events[1].sessionLog.status == .start)
      #expect(events[1].step == 41)
    }
  }

  /// A run that was killed before its first checkpoint starts anew in the same folder.
  @Test func aNewRunVoidsAllEarlierEvents() throws {
    try withTemporaryFolder { folder in
      // Its name would sort after one of the same second.
      try AtomicFile.write("", to: folder + "/events.out.tfevents.1700000000.zzz.1.000")
      let writer = try TensorBoardWriter(folder: folder, now: { 1_700_000_000 })
      #expect(URL(fileURLWithPath: writer.path).lastPathComponent.hasPrefix("events.out.tfevents.1700000001."))
      let events = try events(at: writer.path)
      #expect(events.count == 2)
      #expect(events[1].sessionLog.status == .start)
      #expect(events[1].step == 0)
    }
  }

  @Test func aFolderThatCannotBeMadeIsAFault() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write("", to: folder + "/file")
      let fault = #expect(throws: Fault.self) { try TensorBoardWriter(folder: folder + "/file/run") }
      #expect(fault?.kind == .cannotWrite)
    }
  }
}

@Suite struct MetricsLogTests {
  @Test func recordsAreLines() throws {
    try withTemporaryFolder { folder in
      let log = try MetricsLog(path: folder + "/metrics.jsonl")
      try log.append(["mae": 0.1, "corr": nil], split: "valid", at: .init(epoch: 1, step: 20))
      try log.append(["loss": 1e-7], split: "train", at: .init(epoch: 2, step: 40))
      try log.flush()
      #expect(
        try String(contentsOfFile: log.path, encoding: .utf8) == """
          {"epoch": 1, "step": 20, "split": "valid", "mae": 0.1, "corr": null}
          {"epoch": 2, "step": 40, "split": "train", "loss": 1e-07}

          """)
    }
  }

  @Test func aResumedRunGoesOnWhereTheCheckpointStands() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/metrics.jsonl"
      let log = try MetricsLog(path: path)
      for epoch in 1...3 {
        try log.append(["loss": Double(epoch)], split: "train", at: .init(epoch: epoch, step: 10 * epoch))
        try log.append(["mae": Double(epoch)], split: "valid", at: .init(epoch: epoch, step: 10 * epoch))
      }
      let whole = try String(contentsOfFile: path, encoding: .utf8)
      // A kill leaves a line without its end.
      try (whole + #"{"epoch": 1, "st"#).write(toFile: path, atomically: false, encoding: .utf8)
      let resumed = try MetricsLog(path: path)
      try resumed.truncate(after: .init(epoch: 2, step: 20))
      for (name, split) in [("loss", "train"), ("mae", "valid")] {
        try resumed.append(
          MetricValues(dictionaryLiteral: (name, 3)), split: split, at: .init(epoch: 3, step: 30))
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == whole)
      try resumed.truncate(after: nil)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["metrics.jsonl"])
    }
  }

  @Test func positionsAreOrdered() {
    #expect(MetricsLog.Position(epoch: 1, step: 9) < .init(epoch: 2, step: 0))
    #expect(MetricsLog.Position(epoch: 1, step: 9) < .init(epoch: 1, step: 10))
  }

  @Test func aFolderThatIsNotThereIsAFault() {
    let fault = #expect(throws: Fault.self) { try MetricsLog(path: "/none/metrics.jsonl") }
    #expect(fault?.kind == .cannotWrite)
    #expect(fault?.found == "No such file or directory")
  }
}
