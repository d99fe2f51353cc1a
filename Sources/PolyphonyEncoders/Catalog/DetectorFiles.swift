/// The files beside the weights of published detectors. Each setting is the default of the detector's own package.
enum DetectorFiles {
  /// Silero's voice detector.
  static let silero = [
    "config.json": """
    {
      "model_type": "silero_vad",
      "threshold": 0.5
    }

    """,
    "README.md": """
    Silero VAD (github.com/snakers4/silero-vad), the weights silero_vad_16k.safetensors of the package silero-vad 6.2.3.
    The ONNX files of that package have the same network with other weights.

    MIT License, Copyright (c) 2020-present Silero Team.

    """,
  ]

  /// MTCNN in facenet-pytorch's form.
  static let mtcnn = [
    "config.json": """
    {
      "factor": 0.709,
      "image_size": 160,
      "margin": 0,
      "min_face_size": 20,
      "model_type": "mtcnn",
      "thresholds": [0.6, 0.7, 0.7]
    }

    """,
    "README.md": """
    MTCNN (Zhang et al. 2016), the weights of facenet-pytorch 2.6.0 (github.com/timesler/facenet-pytorch).

    MIT License, Copyright (c) 2019 Timothy Esler.

    """,
  ]
}
