/// A kind of pretrained encoder, as `model_type` of a Hugging Face `config.json` names it.
public enum EncoderFamily: String, CaseIterable, Sendable {
  case bert
}
