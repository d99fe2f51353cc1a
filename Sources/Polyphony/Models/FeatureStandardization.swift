/// The standardisation of one modality's features by a caller of a model: y = (x − mean) / deviation for each feature.
///
/// A caller that copies samples into a batch standardises them on the way, which saves a pass over the memory. The bits
/// are those of the model's own standardisation.
package struct FeatureStandardization: Sendable {
  private let mean: [Float]
  private let deviation: [Float]

  init(_ statistics: FeatureStatistics) { (mean, deviation) = (statistics.mean, statistics.deviation) }

  /// Copies samples and standardises them.
  /// - Parameters:
  ///   - source: numbers of single precision, of any alignment. The features of a step stand side by side.
  ///   - target: memory for as many numbers.
  package func copy(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) {
    let size = MemoryLayout<Float>.size
    let width = mean.count
    let target = target.assumingMemoryBound(to: Float.self)
    mean.withUnsafeBufferPointer { mean in
      deviation.withUnsafeBufferPointer { deviation in
        for first in stride(from: 0, to: source.count / size, by: width) {
          let row = target + first
          for place in 0..<width {
            let value = source.loadUnaligned(fromByteOffset: (first &+ place) &* size, as: Float.self)
            row[place] = (value - mean[place]) / deviation[place]
          }
        }
      }
    }
  }
}
