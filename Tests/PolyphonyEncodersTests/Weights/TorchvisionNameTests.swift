import Testing

@testable import PolyphonyEncoders

@Suite struct TorchvisionNameTests {
  @Test(arguments: [
    ("conv1.weight", "embedder.embedder.convolution.weight"),
    ("bn1.running_mean", "embedder.embedder.normalization.running_mean"),
    ("layer1.0.conv1.weight", "encoder.stages.0.layers.0.layer.0.convolution.weight"),
    ("layer1.0.downsample.0.weight", "encoder.stages.0.layers.0.shortcut.convolution.weight"),
    ("layer1.0.downsample.1.bias", "encoder.stages.0.layers.0.shortcut.normalization.bias"),
    ("layer4.2.bn3.running_var", "encoder.stages.3.layers.2.layer.2.normalization.running_var"),
    (
      "resnet.encoder.stages.0.layers.0.layer.0.convolution.weight",
      "encoder.stages.0.layers.0.layer.0.convolution.weight"
    ),
    ("fc.weight", "fc.weight"), ("layer1.x.conv1.weight", "layer1.x.conv1.weight"),
  ])
  func resnet(published: String, own: String) { #expect(EncoderFamily.resnet.ownName(published) == own) }

  @Test(arguments: [
    ("features.0.0.weight", "conv_stem.first_conv.convolution.weight"),
    ("features.0.1.running_var", "conv_stem.first_conv.normalization.running_var"),
    ("features.1.conv.0.0.weight", "conv_stem.conv_3x3.convolution.weight"),
    ("features.1.conv.0.1.bias", "conv_stem.conv_3x3.normalization.bias"),
    ("features.1.conv.1.weight", "conv_stem.reduce_1x1.convolution.weight"),
    ("features.1.conv.2.weight", "conv_stem.reduce_1x1.normalization.weight"),
    ("features.2.conv.0.0.weight", "layer.0.expand_1x1.convolution.weight"),
    ("features.2.conv.1.1.running_var", "layer.0.conv_3x3.normalization.running_var"),
    ("features.17.conv.2.weight", "layer.15.reduce_1x1.convolution.weight"),
    ("features.17.conv.3.bias", "layer.15.reduce_1x1.normalization.bias"),
    ("features.18.0.weight", "conv_1x1.convolution.weight"), ("features.18.1.bias", "conv_1x1.normalization.bias"),
    ("classifier.1.weight", "classifier.1.weight"),
  ])
  func mobilenetV2(published: String, own: String) { #expect(EncoderFamily.mobilenetV2.ownName(published) == own) }
}
