extension Tensor {
  /// Element by element, with broadcasting.
  public static func + (left: Tensor, right: Tensor) -> Tensor { Operators.add(.tensor(left), .tensor(right)) }
  /// Adds a number to every element.
  public static func + (left: Tensor, right: Double) -> Tensor { Operators.addScalar(.tensor(left), .double(right)) }
  /// Adds a number to every element.
  public static func + (left: Double, right: Tensor) -> Tensor { right + left }
  /// Element by element, with broadcasting.
  public static func - (left: Tensor, right: Tensor) -> Tensor { Operators.sub(.tensor(left), .tensor(right)) }
  /// Subtracts a number from every element.
  public static func - (left: Tensor, right: Double) -> Tensor { left + -right }
  /// Subtracts every element from a number.
  public static func - (left: Double, right: Tensor) -> Tensor {
    Operators.rsubScalar(.tensor(right), .double(left))
  }
  /// Element by element, with broadcasting.
  public static func * (left: Tensor, right: Tensor) -> Tensor { Operators.mul(.tensor(left), .tensor(right)) }
  /// Multiplies every element by a number.
  public static func * (left: Tensor, right: Double) -> Tensor { Operators.mulScalar(.tensor(left), .double(right)) }
  /// Multiplies every element by a number.
  public static func * (left: Double, right: Tensor) -> Tensor { right * left }
  /// Element by element, with broadcasting.
  public static func / (left: Tensor, right: Tensor) -> Tensor { Operators.div(.tensor(left), .tensor(right)) }
  /// Divides every element by a number.
  public static func / (left: Tensor, right: Double) -> Tensor { Operators.divScalar(.tensor(left), .double(right)) }
  /// Divides a number by every element.
  public static func / (left: Double, right: Tensor) -> Tensor { Operators.reciprocal(.tensor(right)) * left }
  /// The elements with the other sign.
  public static prefix func - (tensor: Tensor) -> Tensor { Operators.neg(.tensor(tensor)) }

  /// |x|.
  public func abs() -> Tensor { Operators.abs(.tensor(self)) }
  /// −1, 0 or 1.
  public func sign() -> Tensor { Operators.sign(.tensor(self)) }
  /// eˣ.
  public func exp() -> Tensor { Operators.exp(.tensor(self)) }
  /// The natural logarithm.
  public func log() -> Tensor { Operators.log(.tensor(self)) }
  /// The square root.
  public func sqrt() -> Tensor { Operators.sqrt(.tensor(self)) }
  /// The sine.
  public func sin() -> Tensor { Operators.sin(.tensor(self)) }
  /// The cosine.
  public func cos() -> Tensor { Operators.cos(.tensor(self)) }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { Operators.tanh(.tensor(self)) }
  /// 1 / (1 + e⁻ˣ).
  public func sigmoid() -> Tensor { Operators.sigmoid(.tensor(self)) }
  /// max(x, 0).
  public func relu() -> Tensor { Operators.relu(.tensor(self)) }
  /// x·Φ(x), exact (not the tanh approximation).
  public func gelu() -> Tensor { Operators.gelu(.tensor(self)) }
  /// xᵖ.
  public func pow(_ exponent: Double) -> Tensor { Operators.powScalar(.tensor(self), .double(exponent)) }
  /// x².
  public func squared() -> Tensor { self * self }
  /// The nearest whole number, halves to even.
  public func rounded() -> Tensor { Operators.round(.tensor(self)) }
  /// The elements kept within bounds; nil leaves a side open.
  public func clamped(_ minimum: Double?, _ maximum: Double?) -> Tensor {
    Operators.clamp(
      .tensor(self), minimum.map { .double($0) } ?? .none, maximum.map { .double($0) } ?? .none)
  }
  /// The larger of two elements.
  public static func maximum(_ left: Tensor, _ right: Tensor) -> Tensor {
    Operators.maximum(.tensor(left), .tensor(right))
  }
  /// The smaller of two elements.
  public static func minimum(_ left: Tensor, _ right: Tensor) -> Tensor {
    Operators.minimum(.tensor(left), .tensor(right))
  }
}

// Comparison: tensors of Bool.
extension Tensor {
  /// Where the elements are equal.
  public static func .== (left: Tensor, right: Tensor) -> Tensor { Operators.eq(.tensor(left), .tensor(right)) }
  /// Where an element equals a number.
  public static func .== (left: Tensor, right: Double) -> Tensor { Operators.eqScalar(.tensor(left), .double(right)) }
  /// Where the left element is larger.
  public static func .> (left: Tensor, right: Tensor) -> Tensor { Operators.gt(.tensor(left), .tensor(right)) }
  /// Where an element is larger than a number.
  public static func .> (left: Tensor, right: Double) -> Tensor { Operators.gtScalar(.tensor(left), .double(right)) }
  /// Where the left element is larger or equal.
  public static func .>= (left: Tensor, right: Tensor) -> Tensor { Operators.ge(.tensor(left), .tensor(right)) }
  /// Where an element is larger than a number or equal to it.
  public static func .>= (left: Tensor, right: Double) -> Tensor { Operators.geScalar(.tensor(left), .double(right)) }
  /// Where the left element is smaller.
  public static func .< (left: Tensor, right: Tensor) -> Tensor { Operators.lt(.tensor(left), .tensor(right)) }
  /// Where an element is smaller than a number.
  public static func .< (left: Tensor, right: Double) -> Tensor { Operators.ltScalar(.tensor(left), .double(right)) }
  /// Where the left element is smaller or equal.
  public static func .<= (left: Tensor, right: Tensor) -> Tensor { Operators.le(.tensor(left), .tensor(right)) }
  /// Where an element is smaller than a number or equal to it.
  public static func .<= (left: Tensor, right: Double) -> Tensor { Operators.leScalar(.tensor(left), .double(right)) }
  /// Where an element is zero or false.
  public static prefix func .! (tensor: Tensor) -> Tensor { Operators.logicalNot(.tensor(tensor)) }
  /// Where both are true.
  public static func .& (left: Tensor, right: Tensor) -> Tensor {
    Operators.logicalAnd(.tensor(left), .tensor(right))
  }
  /// Where at least one is true.
  public static func .| (left: Tensor, right: Tensor) -> Tensor { Operators.logicalOr(.tensor(left), .tensor(right)) }

  /// The elements of `self` where `condition` holds, those of `other` elsewhere.
  public func selected(where condition: Tensor, otherwise other: Tensor) -> Tensor {
    Operators.whereSelf(.tensor(condition), .tensor(self), .tensor(other))
  }

  /// The elements with `value` wherever `mask` holds.
  public func filled(_ value: Double, where mask: Tensor) -> Tensor {
    Operators.maskedFill(.tensor(self), .tensor(mask), .double(value))
  }
}

prefix operator .!
