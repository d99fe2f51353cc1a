import Foundation
import Testing
import Torch

@Suite struct SafetensorsTests {
  @Test func whatWasWrittenReadsBack() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.safetensors"
      try SafetensorsWriter.write(
        to: path,
        [
          .init("weight", .f32, [2, 3], elements: [1, 2, 3, 4, 5, 6] as [Float]),
          .init("count", .i64, [], elements: [Int64(-7)]),
          .init("nothing", .f64, [0, 4], elements: [Double]()),
          .init("été/🎵 \"x\"", .u8, [3], elements: [1, 2, 3] as [UInt8]),
          .init("pieces", .u8, [4]) { (sink) throws(Fault) in
            try withRawBytes(of: [1, 9] as [UInt8], sink)
            try withRawBytes(of: [9, 9] as [UInt8], sink)
          },
        ], metadata: ["format": "pt", "config": #"{"width": 40}"#])
      let file = try SafetensorsFile(path: path)
      #expect(file.entries.map(\.name) == ["weight", "count", "nothing", "été/🎵 \"x\"", "pieces"])
      #expect(file.metadata == ["format": "pt", "config": #"{"width": 40}"#])
      #expect(file["weight"]?.shape == [2, 3])
      #expect(file["count"]?.dtype == .i64)
      #expect(file["nothing"]?.range.isEmpty == true)
      #expect(file["none"] == nil)
      let weight = try file.withBytes(of: "weight") { Array($0.assumingMemoryBound(to: Float.self)) }
      #expect(weight == [1, 2, 3, 4, 5, 6])
      #expect(try file.withBytes(of: "count") { $0.loadUnaligned(as: Int64.self) } == -7)
      #expect(try file.withBytes(of: "pieces") { Array($0) } == [1, 9, 9, 9])
      #expect((file.entries.first?.range.lowerBound ?? 1) % 8 == 0)
      let fault = #expect(throws: Fault.self) { try file.withBytes(of: "wieght") { _ in } }
      #expect(fault?.key == "wieght")
    }
  }

  @Test func theSameTensorsGiveTheSameBytes() throws {
    try withTemporaryFolder { folder in
      let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key\($0)", "\($0)") })
      for name in ["a", "b"] {
        try SafetensorsWriter.write(
          to: "\(folder)/\(name)", [.init("x", .f32, [1], elements: [Float(1)])], metadata: metadata)
      }
      #expect(FileManager.default.contentsEqual(atPath: folder + "/a", andPath: folder + "/b"))
    }
  }

  /// The file has exactly the bytes that the reference implementation documents.
  @Test func theLayoutIsThatOfTheFormat() throws {
    try withTemporaryFolder { folder in
      try SafetensorsWriter.write(to: folder + "/a", [.init("x", .i16, [2], elements: [1, -1] as [Int16])])
      let header = #"{"x": {"dtype": "I16", "shape": [2], "data_offsets": [0, 4]}}"#
      let padded = header + String(repeating: " ", count: 64 - header.utf8.count)
      let expected: [UInt8] = [64, 0, 0, 0, 0, 0, 0, 0] + Array(padded.utf8) + [1, 0, 255, 255]
      #expect(try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/a"))) == expected)
    }
  }

  @Test func whatCannotBeWrittenLeavesTheOldFile() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a"
      try SafetensorsWriter.write(to: path, [.init("x", .f32, [1], elements: [Float(1)])])
      let cases: [([SafetensorsWriter.Item], String)] = [
        ([.init("x", .f32, [2], elements: [Float(1)])], "a tensor's bytes do not fit its shape"),
        ([.init("x", .f32, [1], elements: [Float(1), 2])], "a tensor's bytes do not fit its shape"),
        (
          [.init("x", .u8, [0], elements: [UInt8]()), .init("x", .u8, [0], elements: [UInt8]())],
          "a tensor's name stands twice or is reserved"
        ),
        ([.init("__metadata__", .u8, [0], elements: [UInt8]())], "a tensor's name stands twice or is reserved"),
        ([.init("x", .u8, [-1], elements: [UInt8]())], "a tensor has an impossible shape"),
        ([.init("x", .f64, [.max], elements: [UInt8]())], "a tensor has an impossible shape"),
      ]
      for (tensors, problem) in cases {
        let fault = #expect(throws: Fault.self) { try SafetensorsWriter.write(to: path, tensors) }
        #expect(fault?.problem == problem)
      }
      let fault = #expect(throws: Fault.self) {
        try FileStep.intercept.withValue({ $0 == .write ? ENOSPC : 0 }) {
          try SafetensorsWriter.write(to: path, [.init("x", .u8, [1], elements: [UInt8(1)])])
        }
      }
      #expect(fault?.kind == .cannotWrite)
      #expect(try SafetensorsFile(path: path)["x"]?.dtype == .f32)
      #expect(try names(in: folder) == ["a"])
    }
  }

  @Test func filesThatAreNoneAreFaults() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Fault.self) { try SafetensorsFile(path: folder) }
      let missing = #expect(throws: Fault.self) { try SafetensorsFile(path: folder + "/none") }
      #expect(missing?.kind == .missingInput)
      #expect(missing?.found == "No such file or directory")
      try AtomicFile.write("1234567", to: folder + "/short")
      let short = #expect(throws: Fault.self) { try SafetensorsFile(path: folder + "/short") }
      #expect(short?.found == "7 bytes")
      #expect(short?.file == folder + "/short")
    }
  }
}

@Suite struct SafetensorsHeaderTests {
  /// Makes a file of a header and some bytes of data.
  static func file(_ header: String, data: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  private static func fault(_ bytes: [UInt8]) -> Fault? {
    #expect(throws: Fault.self) { try bytes.withUnsafeBytes { try SafetensorsHeader(parsing: $0, file: "f") } }
  }

  private static let x = #""dtype":"F32","shape":[2],"data_offsets":[0,8]"#

  @Test(
    arguments: [
      ("[]", 0, nil, "the header of a safetensors file must be a JSON object"),
      (" {}", 0, nil, "the header of a safetensors file must be a JSON object"),
      ("", 0, nil, "the header of a safetensors file must be a JSON object"),
      ("{", 0, nil, "this is not valid JSON"),
      (#"{"x":{\#(x)},"x":{\#(x)}}"#, 8, "x", "a key stands twice in one object"),
      (#"{"x":{\#(x),"shape":[2]}}"#, 8, "shape", "a key stands twice in one object"),
      (#"{"x":1}"#, 0, "x", "a tensor must be described by an object"),
      (#"{"x":{}}"#, 0, "x", "a tensor has no dtype"),
      (#"{"x":{"dtype":4}}"#, 0, "x", "a tensor has no dtype"),
      (#"{"x":{"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]}}"#, 1, "x", "the dtype is unknown"),
      (#"{"x":{"dtype":"f32","shape":[],"data_offsets":[0,4]}}"#, 4, "x", "the dtype is unknown"),
      (#"{"x":{"dtype":"F32"}}"#, 0, "x", "a tensor has no shape"),
      (#"{"x":{"dtype":"F32","shape":2}}"#, 0, "x", "a tensor has no shape"),
      (#"{"x":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, 8, "x", "shape must hold integers"),
      (#"{"x":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}"#, 8, "x", "shape must hold integers"),
      (
        #"{"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#, 8, "x",
        "shape must hold integers"
      ),
      (#"{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "x", "a shape holds a negative extent"),
      (#"{"x":{"dtype":"F32","shape":[0,-2],"data_offsets":[0,0]}}"#, 0, "x", "a shape holds a negative extent"),
      (#"{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8, "x", "a shape is too large"),
      (#"{"x":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}"#, 8, "x", "a shape is too large"),
      (#"{"x":{"dtype":"F32","shape":[2]}}"#, 8, "x", "a tensor has no data_offsets"),
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, 8, "x", "data_offsets make no range"),
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}"#, 8, "x", "data_offsets make no range"),
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "x", "data_offsets make no range"),
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8, "x", "data_offsets make no range"),
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,"8"]}}"#, 8, "x", "data_offsets must hold integers"),
      (
        #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "x",
        "a tensor reaches beyond the end of the file"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775799,9223372036854775807]}}"#, 8, "x",
        "a tensor reaches beyond the end of the file"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "x",
        "a tensor's data has another size than its shape"
      ),
      (#"{"x":{\#(x)},"y":{"dtype":"U8","shape":[2],"data_offsets":[7,9]}}"#, 9, "y", "two tensors overlap"),
      (
        #"{"x":{\#(x)},"y":{"dtype":"U8","shape":[2],"data_offsets":[9,11]}}"#, 11, "y",
        "there is a gap before a tensor"
      ),
      (#"{"x":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3, "x", "there is a gap before a tensor"),
      (#"{"x":{\#(x)}}"#, 9, nil, "bytes stand behind the last tensor"),
      (#"{"__metadata__":[]}"#, 0, "__metadata__", "the metadata must be an object"),
      (#"{"__metadata__":{"a":1}}"#, 0, "__metadata__.a", "a metadata entry must be a string"),
      (#"{"x":{"dtype":"F32","shape":[[[[[[[[[2]]]]]]]]]}}"#, 0, nil, "this is not valid JSON"),
    ] as [(String, Int, String?, String)])
  func refuses(header: String, data: Int, key: String?, problem: String) {
    let fault = Self.fault(Self.file(header, data: data))
    #expect(fault?.problem == problem)
    #expect(fault?.key == key)
    #expect(fault?.file == "f")
    #expect(fault?.kind == .badData)
  }

  @Test func refusesLengthsBeyondTheFile() {
    #expect(Self.fault([])?.found == "0 bytes")
    #expect(Self.fault([1, 0, 0, 0])?.found == "4 bytes")
    #expect(Self.fault([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])?.problem == "the safetensors file ends within its header")
    #expect(Self.fault([UInt8](repeating: 255, count: 16))?.problem == "the header of the safetensors file is too long")
    #expect(Self.fault([0, 0, 0, 0, 1, 0, 0, 0])?.problem == "the header of the safetensors file is too long")
  }

  @Test func tensorsComeInTheOrderOfTheirData() throws {
    let header =
      #"{"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"empty":{"dtype":"F64","shape":[0],"data_offsets":[4,4]},"#
      + #""a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"later":"ignored"}}   "#
    let bytes = Self.file(header, data: 6)
    let parsed = try bytes.withUnsafeBytes { try SafetensorsHeader(parsing: $0) }
    #expect(parsed.entries.map(\.name) == ["a", "empty", "b"])
    #expect(parsed.entries.map(\.shape) == [[], [0], [2]])
    #expect(parsed.entries.last?.range == bytes.count - 2..<bytes.count)
  }
}
