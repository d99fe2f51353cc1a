import Torch

// The shifts of images alone. A pixel that is exactly 0 lies outside the brain and stays.

extension ShiftedModality {
  /// The power e^±strength of the values between the extremes of the split; the sign is drawn.
  func withContrast(_ strength: Double, _ generator: Generator) -> Tensor {
    let sign = Tensor.normal([1], generator: generator).item < 0 ? -1.0 : 1.0
    let greatest = x.maximum(0, 2, 3, keep: true)
    let power = x.power(Tensor([Float(sign * strength)]).exp(), from: least, to: greatest)
    return keepingZero(power * (greatest - least) + least)
  }

  /// The values over the least of the split, times e^(strength · f). f is a random polynomial of order 3 in both
  /// directions, from −1 to 1.
  func underField(_ strength: Double, _ generator: Generator) -> Tensor {
    let (height, width) = (x.size(2) / slices, x.size(3))
    func coordinates(_ size: Int) -> Tensor { Tensor.range(size).to(.float32) * (2 / Double(max(1, size - 1))) - 1 }
    let (rows, columns) = (coordinates(height).unsqueezed(1), coordinates(width).unsqueezed(0))
    let coefficients = Tensor.normal([10], generator: generator).floats.map(Double.init)
    let powers = (0...3).flatMap { row in (0...(3 - row)).map { (row, $0) } }
    let terms = zip(powers, coefficients).map { rows.pow(Double($0.0)) * columns.pow(Double($0.1)) * $1 }
    let sum = terms.reduce(Tensor.zeros([height, width]), +)
    let (low, high) = (sum.minimum(0, 1), sum.maximum(0, 1))
    let slice = (sum - low) / (high - low).clamped(1e-6, nil) * 2 - 1
    let field = slices == 1 ? slice : slice.unsqueezed(0).expanded(slices, height, width).flattened(0, 1)
    return keepingZero((x - least) * (field * strength).exp() + least)
  }

  private var least: Tensor { x.minimum(0, 2, 3, keep: true) }

  private func keepingZero(_ changed: Tensor) -> Tensor { x.selected(where: x .== 0, otherwise: changed) }
}
