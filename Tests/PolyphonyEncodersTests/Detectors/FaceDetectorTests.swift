import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyEncoders

/// MTCNN beside facenet-pytorch.
@Suite struct FaceDetectorTests {
  private static let published = ProcessInfo.processInfo.environment["POLYPHONY_MTCNN"]
  private static let settings = ", \"min_face_size\": 16, \"thresholds\": 0.5, \"factor\": 0.6"
  private static let one = DetectorFixtures.drawing(60, 48, [(30, 24, 18)])

  private static func tensor(_ picture: Picture) -> Tensor {
    Tensor(picture.bytes, shape: [1, picture.height, picture.width, 3]).to(.float32).permuted(0, 3, 1, 2)
  }

  /// Boxes agree to half a pixel and probabilities to a thousandth.
  private static func expectEqual(_ found: [Face], _ expected: OrderedJSON?, _ name: String) throws {
    let rows = try #require(expected).elements.map { $0.elements.compactMap(\.finite) }
    #expect(found.count == rows.count, "\(name): \(found.count) faces instead of \(rows.count)")
    for (face, row) in zip(found, rows) {
      let edges = (0..<4).map { abs(Double(face.box[$0]) - row[$0]) }.max() ?? 1
      let rate = abs(Double(face.probability) - row[4])
      #expect(edges < 0.5 && rate < 1e-3, "\(name): edges off by \(edges), the probability by \(rate)")
    }
  }

  @Test(arguments: [("pnet", [21, 18]), ("rnet", [24, 24]), ("onet", [48, 48])])
  func networksAreThoseOfFacenet(part: String, size: [Int]) throws {
    let networks = ["pnet": FaceNetwork.proposal(), "rnet": .refinement(), "onet": .output()]
    let network = try #require(networks[part])
    for (key, stored) in network.parameters() {
      stored.tensor = DetectorFixtures.weight("\(part).\(key)", stored.tensor?.shape ?? [])
    }
    let answer = network(Self.tensor(Self.one).averagePool2d(to: size))
    let expected = try #require(DetectorFixtures.reference()[part])
    for (name, tensor) in [("probabilities", answer.probabilities), ("offsets", answer.offsets)] {
      let numbers = try #require(expected[name]).elements.compactMap(\.finite)
      expectClose(tensor.flattened(), Tensor(numbers.map(Float.init)), relative: 1e-5, "\(part) \(name)")
    }
  }

  @Test func facesAreThoseOfFacenet() throws {
    try withScratch { scratch in
      let folder = try DetectorFixtures.folder(
        .mtcnn, Self.settings, DetectorFixtures.faceShapes(), in: "\(scratch)/mtcnn")
      let detector = try FaceDetector(folder)
      try Self.expectEqual(detector.faces(in: Self.one), DetectorFixtures.reference()["small"], "small")
      // Pictures without a place for the first network, of one pixel or of one colour.
      for (width, height) in [(1, 1), (15, 400), (400, 15)] {
        let picture = Picture(width: width, height: height, bytes: .init(repeating: 9, count: width * height * 3))
        #expect(detector.faces(in: picture).isEmpty)
      }
    }
  }

  @Test(.enabled(if: published != nil, "POLYPHONY_MTCNN names no folder with facenet-pytorch's MTCNN"))
  func publishedWeightsAgree() throws {
    let detector = try FaceDetector(DetectorFolder(try #require(Self.published)))
    let expected = try DetectorFixtures.reference()["mtcnn"]
    let two = DetectorFixtures.drawing(200, 160, [(60, 60, 30), (140, 90, 44)])
    for (name, picture) in [
      ("one", DetectorFixtures.drawing(120, 100, [(55, 50, 30)])), ("two", two),
      ("none", DetectorFixtures.drawing(64, 64, [])),
    ] { try Self.expectEqual(detector.faces(in: picture), expected?[name], name) }
    let cut = try #require(detector.largestFace(in: two))
    #expect(cut == two.part(rows: 46..<134, columns: 107..<173))
    // A picture above the limit is searched in a smaller form, and its faces are as large as in the picture.
    let large = two.resized(width: 2400, height: 1920, .bilinear)
    let face = try #require(detector.faces(in: large).first)
    #expect(abs(face.box.x / 12 - 107.7) < 6 && abs(face.box.w / 12 - 134.6) < 6, "\(face.box)")
  }

  /// What overlaps a more probable face goes, and what only touches one stays.
  @Test func weakerFacesOfOnePlaceGo() {
    let faces = [
      Face(box: [0, 0, 10, 10], probability: 0.8), Face(box: [1, 0, 11, 10], probability: 0.9),
      Face(box: [8, 0, 18, 10], probability: 0.7), Face(box: [2, 1, 6, 6], probability: 0.6),
    ]
    #expect(faces.suppressed(above: 0.5).map(\.probability) == [0.9, 0.7, 0.6])
    // The last one is within the first, which the smaller area shows.
    #expect(faces.suppressed(above: 0.5, .smaller).map(\.probability) == [0.9, 0.7])
    let broken = Face(box: [.infinity, 0, 1, .nan], probability: 1)
    #expect(!broken.isFinite && faces[0].isFinite)
  }

  @Test func refusesWhatIsNoFaceDetector() throws {
    try withScratch { scratch in
      let shapes = DetectorFixtures.faceShapes()
      let cut = try DetectorFixtures.folder(
        .mtcnn, "", shapes.filter { !$0.0.hasPrefix("rnet.") }, in: "\(scratch)/cut")
      let fault = #expect(throws: Fault.self) { try FaceDetector(cut) }
      #expect(fault?.problem == "config.json describes weights that the file lacks")
      for settings in [", \"margin\": 160", ", \"factor\": 1", ", \"thresholds\": [0.5]", ", \"min_face_size\": 2"] {
        let folder = try DetectorFixtures.folder(.mtcnn, settings, [shapes[0]], in: "\(scratch)/bad")
        let fault = #expect(throws: Fault.self) { try FaceDetector(folder) }
        #expect(fault?.file == "\(scratch)/bad/config.json")
      }
      let mute = #expect(throws: Fault.self) { try MediaFeatures(.mfcc, detector: cut) }
      #expect(mute?.kind == .usage && mute?.key == "--detect")
    }
  }
}
