import Foundation
import Testing

@testable import Polyphony

/// The expected calibration error agrees with an independent computation, and bins have the ends of the literature.
@Suite struct CalibrationTests {
  @Test func theErrorIsThatOfThePublishedLoop() {
    // The figure comes from the published loop of Guo et al. (2017) over (lower, upper] in Python, on the same numbers.
    let confidences = (0..<400).map { Double($0 * 37 % 101) / 101 * 0.9 + 0.1 }
    let correct = (0..<400).map { Double($0 * 53 % 97) / 97 < pow(confidences[$0], 1.3) }
    let calibration = Calibration(confidences: confidences, correct: correct)
    #expect(correct.count { $0 } == 192)
    #expect(abs((calibration.error ?? 0) - 0.07677227722772281) < 1e-12)
    #expect(calibration.count == 400 && calibration.bins.count == 15)
    // The same figure, computed over samples in place of bins.
    let groups = Dictionary(grouping: confidences.indices) { (confidences[$0] * 15).rounded(.up) }
    let error = groups.values.reduce(0.0) { sum, members in
      sum + abs(members.reduce(0.0) { $0 + confidences[$1] - (correct[$1] ? 1 : 0) })
    }
    #expect(abs((calibration.error ?? 0) - error / 400) < 1e-12)
  }

  @Test func binsHoldTheirUpperEnds() {
    let calibration = Calibration(confidences: [0, 0.5, 0.500001, 1], correct: [true, true, false, true], bins: 2)
    #expect(calibration.bins.map(\.count) == [2, 2] && calibration.bins.map(\.correct) == [2, 1])
    #expect(calibration.bins[0].meanConfidence == 0.25 && calibration.bins[1].accuracy == 0.5)
  }

  @Test func certainAnswersHaveNoErrorOrAll() {
    #expect(Calibration(confidences: [1, 1], correct: [true, true]).error == 0)
    #expect(Calibration(confidences: [1, 1], correct: [false, false]).error == 1)
    #expect(Calibration(confidences: [], correct: []).error == nil)
    // Errors of opposite sign in one bin cancel. Those in two bins do not.
    #expect(abs((Calibration(confidences: [0.95, 0.95], correct: [true, false]).error ?? 0) - 0.45) < 1e-12)
    var sum = Calibration(confidences: [0.9], correct: [true])
    sum += Calibration(confidences: [0.3], correct: [false])
    #expect(abs((sum.error ?? 0) - 0.2) < 1e-12)
  }
}
