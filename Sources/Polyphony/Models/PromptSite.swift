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
  /// The places where prompts can act.
  public enum Stage: String, Sendable, CaseIterable {
    /// Between embed and encode.
    case embedded
    /// Between encode and fuse.
    case encoded
    /// Between encode and fuse, on the maps of images at all resolutions. Prompts are added there, for a convolution reads
    /// no appended steps.
    case maps
  }

  /// The place where prompts act.
  public var stage: Stage
  /// Features of a step there, or channels of the coarsest map.
  public var width: Int

  /// A site.
  public init(_ stage: Stage, width: Int) { (self.stage, self.width) = (stage, width) }
}
