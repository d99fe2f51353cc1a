import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The frames of a video, each as a vector of an encoder of pictures.
struct VideoFrontEnd: MediaFrontEnd {
  /// The frames in a second, unless another rate is wanted.
  static let usualRate = 5.0
  /// The most frames of a video. Later ones do not count.
  static let mostFrames = 64

  let record: EncoderRecord
  let width: Int
  let batch = 1
  let isSequence = true
  private let frames: PictureFrontEnd
  private let rate: Double

  init(
    _ folder: EncoderFolder, layer: Int, pooling: Pooling?, rate: Double?, _ detector: DetectorFolder?
  ) throws(Fault) {
    guard (pooling ?? folder.pooling) != .none else {
      throw Fault(
        .usage, "each frame of a video is one vector", key: "--pooling", found: "none",
        expected: folder.family.hasEmbedding ? "embedding, mean or first" : "mean or first")
    }
    self.rate = rate ?? Self.usualRate
    frames = try PictureFrontEnd(folder, layer: layer, pooling: pooling, detector)
    width = frames.width
    var record = frames.record
    (record.content, record.longest, record.rate) = (RawContent.video.rawValue, Self.mostFrames, self.rate)
    self.record = record
  }

  /// Prepares the reading of frames, `[frames, 3, height, width]`. Only one frame at a time has its full size. Frames in
  /// which a detector finds no face are left out.
  func reading() throws(Fault) -> (String) throws(Fault) -> Tensor {
    let prepare = try frames.preparing()
    return { (path) throws(Fault) in
      var prepared: [Tensor] = []
      var hasFrame = false
      try MediaProgram.frames(of: path, rate: rate, most: Self.mostFrames) { (picture) throws(Fault) in
        hasFrame = true
        if let pixels = try prepare(picture) { prepared.append(pixels) }
      }
      guard let first = prepared.first else {
        throw Fault(.badData, hasFrame ? "no frame of the video shows a face" : "the video has no frame", file: path)
      }
      guard prepared.allSatisfy({ $0.shape == first.shape }) else {
        throw Fault(.badData, "the frames of the video have several sizes", file: path)
      }
      return .stacked(prepared)
    }
  }

  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] {
    let compute = try frames.computation()
    return { (videos) throws(Fault) in
      var results: [Tensor] = []
      for video in videos {
        var vectors: [Tensor] = []
        for start in stride(from: 0, to: video.size(0), by: frames.batch) {
          let end = min(start + frames.batch, video.size(0))
          vectors += try compute((start..<end).map { video[$0] })
        }
        results.append(.stacked(vectors))
      }
      return results
    }
  }
}

extension MediaFeatures {
  /// Describes the features of the frames of videos.
  /// - Parameters:
  ///   - folder: the folder of an encoder of pictures.
  ///   - layer: the layer whose states are the features. −1 is the last one.
  ///   - pooling: the way from patches to a frame. By default it is what the folder suggests.
  ///   - rate: the frames in a second. By default there are 5, and at most 64 of a video.
  ///   - detector: a detector of faces. Frames are then cut to their largest face, and those without a face are left out.
  ///   - cache: a folder that keeps features from one run to the next. By default none is kept.
  /// - Throws: `Fault` for a folder that is no encoder of pictures, for a layer or pooling that it does not have, and for a
  ///   detector of speech.
  public init(
    video folder: EncoderFolder, layer: Int = -1, pooling: Pooling? = nil, rate: Double? = nil,
    detector: DetectorFolder? = nil, cache: String? = nil
  ) throws(Fault) {
    self.init(try VideoFrontEnd(folder, layer: layer, pooling: pooling, rate: rate, detector), .video, cache: cache)
  }
}
