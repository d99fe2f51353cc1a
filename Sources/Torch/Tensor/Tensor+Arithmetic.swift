extension Tensor {
  /// Adds element by element, with broadcasting.
  public static func + (left: Tensor, right: Tensor) -> Tensor { Operators.add(.tensor(left), .tensor(right)) }
  /// Adds a number to every element.
  public static func + (left: Tensor, right: Double) -> Tensor { Operators.addScalar(.tensor(left), .double(right)) }
  /// Adds a number to every element.
  public static func + (left: Double, right: Tensor) -> Tensor { right + left }
  /// Subtracts element by element, with broadcasting.
  public static func - (left: Tensor, right: Tensor) -> Tensor { Operators.sub(.tensor(left), .tensor(right)) }
  /// Subtracts a number from every element.
  public static func - (left: Tensor, right: Double) -> Tensor { left + -right }
  /// Subtracts every element from a number.
  public static func - (left: Double, right: Tensor) -> Tensor {
    Operators.rsubScalar(.tensor(right), .double(left))
  }
  /// Multiplies element by element, with broadcasting.
  public static func * (left: Tensor, right: Tensor) -> Tensor { Operators.mul(.tensor(left), .tensor(right)) }
  /// Multiplies every element by a number.
  public static func * (left: Tensor, right: Double) -> Tensor { Operators.mulScalar(.tensor(left), .double(right)) }
  /// Multiplies every element by a number.
  public static func * (left: Double, right: Tensor) -> Tensor { right * left }
  /// Divides element by element, with broadcasting.
  public static func / (left: Tensor, right: Tensor) -> Tensor { Operators.div(.tensor(left), .tensor(right)) }
  /// Divides every element by a number.
  public static func / (left: Tensor, right: Double) -> Tensor { Operators.divScalar(.tensor(left), .double(right)) }
  /// Divides a number by every element.
  public static func / (left: Double, right: Tensor) -> Tensor { Operators.reciprocal(.tensor(right)) * left }
  /// Returns −x.
  public static prefix func - (tensor: Tensor) -> Tensor { Operators.neg(.tensor(tensor)) }

  /// Returns |x|.
  public func abs() -> Tensor { Operators.abs(.tensor(self)) }
  /// Returns the sign of each element: −1, 0 or 1.
  public func sign() -> Tensor { Operators.sign(.tensor(self)) }
  /// Returns eˣ.
  public func exp() -> Tensor { Operators.exp(.tensor(self)) }
  /// Returns the natural logarithm ln x.
  public func log() -> Tensor { Operators.log(.tensor(self)) }
  /// Returns √x.
  public func sqrt() -> Tensor { Operators.sqrt(.tensor(self)) }
  /// Returns sin x.
  public func sin() -> Tensor { Operators.sin(.tensor(self)) }
  /// Returns cos x.
  public func cos() -> Tensor { Operators.cos(.tensor(self)) }
  /// Returns the hyperbolic tangent tanh x.
  public func tanh() -> Tensor { Operators.tanh(.tensor(self)) }
  /// Returns the logistic function, 1 / (1 + e⁻ˣ).
  public func sigmoid() -> Tensor { Operators.sigmoid(.tensor(self)) }
  /// Returns max(x, 0).
  public func relu() -> Tensor { Operators.relu(.tensor(self)) }
  /// Returns x·Φ(x), the exact form and not the tanh approximation.
  public func gelu() -> Tensor { Operators.gelu(.tensor(self)) }
  /// Returns ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), the approximation of ``gelu()`` in GPT-2's form.
  public func geluTanh() -> Tensor { Operators.gelu(.tensor(self), .string("tanh")) }
  /// Returns x·σ(x).
  public func silu() -> Tensor { Operators.silu(.tensor(self)) }
  /// Returns xᵖ.
  public func pow(_ exponent: Double) -> Tensor { Operators.powScalar(.tensor(self), .double(exponent)) }
  /// Returns x².
  public func squared() -> Tensor { self * self }
  /// Returns the nearest whole numbers, with halves to even.
  public func rounded() -> Tensor { Operators.round(.tensor(self)) }
  /// Returns the elements clamped to bounds. A nil bound leaves that side open.
  public func clamped(_ minimum: Double?, _ maximum: Double?) -> Tensor {
    Operators.clamp(
      .tensor(self), minimum.map { .double($0) } ?? .none, maximum.map { .double($0) } ?? .none)
  }
  /// Returns the larger of two elements, with broadcasting.
  public static func maximum(_ left: Tensor, _ right: Tensor) -> Tensor {
    Operators.maximum(.tensor(left), .tensor(right))
  }
  /// Returns the smaller of two elements, with broadcasting.
  public static func minimum(_ left: Tensor, _ right: Tensor) -> Tensor {
    Operators.minimum(.tensor(left), .tensor(right))
  }
}

// Comparisons return tensors of Bool.
extension Tensor {
  /// Tests whether the elements are equal.
  public static func .== (left: Tensor, right: Tensor) -> Tensor { Operators.eq(.tensor(left), .tensor(right)) }
  /// Tests whether an element equals a number.
  public static func .== (left: Tensor, right: Double) -> Tensor { Operators.eqScalar(.tensor(left), .double(right)) }
  /// Tests whether the left element is larger.
  public static func .> (left: Tensor, right: Tensor) -> Tensor { Operators.gt(.tensor(left), .tensor(right)) }
  /// Tests whether an element is larger than a number.
  public static func .> (left: Tensor, right: Double) -> Tensor { Operators.gtScalar(.tensor(left), .double(right)) }
  /// Tests whether the left element is larger or equal.
  public static func .>= (left: Tensor, right: Tensor) -> Tensor { Operators.ge(.tensor(left), .tensor(right)) }
  /// Tests whether an element is larger than a number or equal to it.
  public static func .>= (left: Tensor, right: Double) -> Tensor { Operators.geScalar(.tensor(left), .double(right)) }
  /// Tests whether the left element is smaller.
  public static func .< (left: Tensor, right: Tensor) -> Tensor { Operators.lt(.tensor(left), .tensor(right)) }
  /// Tests whether an element is smaller than a number.
  public static func .< (left: Tensor, right: Double) -> Tensor { Operators.ltScalar(.tensor(left), .double(right)) }
  /// Tests whether the left element is smaller or equal.
  public static func .<= (left: Tensor, right: Tensor) -> Tensor { Operators.le(.tensor(left), .tensor(right)) }
  /// Tests whether an element is smaller than a number or equal to it.
  public static func .<= (left: Tensor, right: Double) -> Tensor { Operators.leScalar(.tensor(left), .double(right)) }
  /// Tests whether an element is zero or false.
  public static prefix func .! (tensor: Tensor) -> Tensor { Operators.logicalNot(.tensor(tensor)) }
  /// Tests whether both elements are true.
  public static func .& (left: Tensor, right: Tensor) -> Tensor {
    Operators.logicalAnd(.tensor(left), .tensor(right))
  }
  /// Tests whether at least one element is true.
  public static func .| (left: Tensor, right: Tensor) -> Tensor { Operators.logicalOr(.tensor(left), .tensor(right)) }

  /// Takes the elements of `self` if `condition` is true, and those of `other` elsewhere.
  public func selected(where condition: Tensor, otherwise other: Tensor) -> Tensor {
    Operators.whereSelf(.tensor(condition), .tensor(self), .tensor(other))
  }

  /// Replaces the elements with `value` if `mask` is true.
  public func filled(_ value: Double, where mask: Tensor) -> Tensor {
    Operators.maskedFill(.tensor(self), .tensor(mask), .double(value))
  }
}

prefix operator .!
