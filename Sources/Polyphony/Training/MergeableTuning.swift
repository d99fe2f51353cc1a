/// A tuning method that ``AdapterFolder/merge(_:base:to:)`` can write into the backbone's own tensors.
///
/// The method changes these tensors or reparametrizes them, and adds no computation of its own.
public protocol MergeableTuning: TuningMethod {}
