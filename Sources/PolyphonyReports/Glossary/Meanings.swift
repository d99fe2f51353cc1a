import Polyphony

/// The meanings of names that come with Polyphony: strategies, methods, and rules of missing data and of corruption.
enum Meanings {
  /// Returns the meaning of a strategy or a method. Nil for a name from outside Polyphony.
  static func method(_ name: String) -> String? {
    if let meaning = methods[name] { return meaning }
    guard name.hasPrefix("unimodal:") else { return nil }
    return "training with the modality \(name.dropFirst("unimodal:".count)) alone"
  }

  /// Returns the meaning of a rule of missing data such as `sample:0.1`, with the rule's form.
  static func missing(_ text: String) -> (form: String, meaning: String)? {
    switch text {
    case "complete": return (text, "nothing is missing")
    case "mean": return (text, "mean over all conditions with missing data")
    case "area": return (text, "area under the scores over the missing rates")
    default: break
    }
    guard let rule = try? MissingProtocol(text) else { return nil }
    switch rule {
    case .sample: return ("sample:R", "each sample loses some modalities with probability R")
    case .modality: return ("modality:R", "the share R of all modalities of all samples is missing")
    case .token: return ("token:R", "each step of a sequence is lost with probability R")
    case .segment: return ("segment:R", "each sequence loses one run of steps, the share R of its length")
    case .each: return ("each:NAME=R", "each modality is missing with a rate R of its own")
    case .fixed(let names): return (text, "every sample lacks \(Words.list(names))")
    }
  }

  /// Returns the meaning of a corruption such as `drop:4`, with its form.
  static func shift(_ text: String) -> (form: String, meaning: String)? {
    if text == "none" { return (text, "the inputs as they are") }
    guard let shift = try? Shift(named: text) else { return nil }
    let effect =
      switch shift.kind {
      case .noise: "Gaussian noise is added to the inputs"
      case .gain: "each feature is scaled by a random factor"
      case .drop: "a share of the steps or numbers is replaced by the mean"
      case .shift: "sequences are delayed"
      case .swap: "a share of the features swaps in pairs"
      case .gamma: "the contrast of images changes by a power of their values"
      case .bias: "a smooth field multiplies images"
      case .missing: "a share of the samples loses a modality"
      }
    let reach = shift.hitsAll ? ", in all modalities at once" : ""
    return ("\(shift.family):S", "\(effect)\(reach), with severity S from 1 to 5")
  }

  private static let methods = [
    "joint": "training of all modalities together, without balancing",
    "unimodal": "training with one modality alone",
    "mrd": "joint training in which the fusion loses encodings at random (modality random dropout)",
    "mslr": "a learning rate of its own for each modality (Yao & Mihalcea, 2022)",
    "ogm-ge": "smaller gradients for the modality that leads, with noise (OGM-GE, Peng et al., 2022)",
    "agm": "gradients by each modality's contribution (AGM, Li et al., 2023)",
    "pmr": "prototypes of the classes speed up the slow modality (PMR, Fan et al., 2023)",
    "gradient-blending": "loss weights by how much each modality overfits (Wang et al., 2020)",
    "mmpareto": "gradients along which the fused and the own losses fall (MMPareto, Wei & Hu, 2024)",
    "arl": "gradients in inverse ratio to each modality's variance (ARL, Wei et al., 2025)",
    "g2d": "teachers of single modalities, and encoders that learn one after another (G²D, Rakib & Bagavathi, 2025)",
    "cggm": "classifiers of single modalities scale and turn the gradients (CGGM, Guo et al., 2024)",
    "cggm-magnitude": "CGGM that scales the gradients alone",
    "cggm-direction": "CGGM that turns the gradients alone",
    "cggm-teaching": "CGGM whose classifiers of single modalities also teach the encoders",
    "balanced": "CGGM by levels, whose classifiers also teach the encoders",
    "cggm-watch": "joint training with CGGM's classifiers, which only watch",
    "full": "tuning of all parameters",
    "head": "tuning of the last layers alone",
    "bitfit": "tuning of the biases alone (BitFit)",
    "lora": "tuning of low-rank additions to the weights (LoRA)",
    "adapter": "tuning of small layers inside the encoders (bottleneck adapters)",
    "prompt": "tuning of additional steps in front of the sequences",
    "prefix": "tuning of additional keys and values of the attention",
    "ia3": "tuning of factors inside the layers ((IA)³)",
    "compacter": "bottleneck adapters of Kronecker products (Compacter)",
    "lmf": "tuning of a low-rank fusion of the modalities (LMF)",
    "concat": "tuning of a fusion of concatenated modalities",
    "cross_attention": "tuning of a fusion by attention between the modalities in few features",
    "moka": "tuning of low-rank updates that read the first modality (MokA)",
    "wander": "tuning of a low-rank fusion over all steps and features (Wander)",
    "prompts": "prompts that stand for missing modalities (MPLMM)",
    "zero_fill": "zeros in place of missing modalities, nothing is tuned",
    "mean_fill": "means in place of missing modalities, nothing is tuned",
    "modality_dropout": "tuning of all parameters while modalities are left out",
    "frozen_modality_dropout": "tuning of projections and last layer while modalities are left out (MD of MPLMM)",
    "missing_aware_prompts": "a prompt for each pattern of missing modalities (MAP)",
    "reconstruction": "tuning that makes up missing modalities from the others (MMIN)",
    "shared_specific": "shared and specific maps of images, whose shared mean stands for a missing image (ShaSpec)",
    "retrieval": "training samples that resemble a sample stand for its missing modalities (RAGPT)",
    "source": "the model without adaptation",
    "auto": "the method among several whose answers are the least uncertain, or the source",
    "inputs": "alignment of the inputs' statistics, by modality and class",
    "ssa": "alignment of features in the source's principal directions (SSA)",
    "norm": "adaptation of normalisation statistics",
    "tent": "adaptation by lower entropy of the predictions (Tent)",
    "eata": "Tent with reliable samples only (EATA)",
    "sar": "Tent with flat minima (SAR)",
    "read": "adaptation of the attention by confident predictions (READ)",
    "mean-teacher": "adaptation to the predictions of an averaged model",
    "casp": "contrastive adaptation, then stable pseudo-labels (CASP)",
    "casp-contrast": "the contrastive stage of CASP alone",
    "casp-pseudo": "the pseudo-labels of CASP alone",
    "casp-random": "CASP with random pseudo-labels in place of stable ones",
  ]
}
