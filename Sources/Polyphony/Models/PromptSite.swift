/// The place where a backbone takes further steps behind its sequences, such that its read-out attends to them.
///
/// Prompt methods ask a backbone for its site (``Backbone/promptSite``) and append their steps there. By default that is
/// behind the input of each modality's encoder. A backbone whose encoders read several modalities at once can name
/// another one:
///
/// ```swift
/// var promptSite: PromptSite? { PromptSite(.encoded, width: configuration.width) }
/// ```
public struct PromptSite: Equatable, Sendable {
  /// Two stages between which steps can be appended.
  public enum Stage: String, Sendable, CaseIterable {
    /// Between embed and encode.
    case embedded
    /// Between encode and fuse.
    case encoded
  }

  /// The stages between which steps are appended.
  public var stage: Stage
  /// Features of a step there.
  public var width: Int

  /// A site.
  public init(_ stage: Stage, width: Int) { (self.stage, self.width) = (stage, width) }
}
