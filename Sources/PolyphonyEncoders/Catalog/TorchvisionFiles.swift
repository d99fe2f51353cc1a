/// The files that Hugging Face's layout has beside weights, for encoders of torchvision.
enum TorchvisionFiles {
  /// MobileNetV2 in torchvision's form, with the pictures as its `IMAGENET1K_V1` weights expect them.
  static let mobilenetV2 = [
    "config.json": """
    {
      "architectures": ["MobileNetV2Model"],
      "depth_multiplier": 1.0,
      "image_size": 224,
      "layer_norm_eps": 1e-05,
      "model_type": "mobilenet_v2",
      "tf_padding": false
    }

    """,
    "preprocessor_config.json": """
    {
      "crop_size": {"height": 224, "width": 224},
      "image_mean": [0.485, 0.456, 0.406],
      "image_processor_type": "MobileNetV2ImageProcessor",
      "image_std": [0.229, 0.224, 0.225],
      "resample": 2,
      "size": {"shortest_edge": 256}
    }

    """,
    "README.md": """
    MobileNetV2 (Sandler et al. 2018), weights of torchvision trained on ImageNet: mobilenet_v2-b0353104.pth.

    torchvision and its weights: BSD 3-Clause License, Copyright (c) Soumith Chintala 2016. ImageNet's own terms of use
    apply to what the weights were trained on.

    """,
  ]
}
