import Polyphony
import PolyphonyPresentation

/// The section of segmented images: those with the lowest and the highest Dice, with the outlines of both masks.
enum ImageSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let body = content.answerBodies(where: { !$0.images.isEmpty }) { _, summary, place in
      let figures = NumberText(summary.images.map(\.dice))
      let drawings = summary.images.map { image in
        let title = "\(image.id): Dice \(figures.text(image.dice))"
        return HTML.figure(
          title,
          MaskDrawing(
            "\(title). Image with the outlines of the true and the predicted mask", width: image.width,
            pixels: image.pixels, truth: image.truth, prediction: image.prediction
          ).svg)
      }
      return HTML([
        HTML.figures(drawings),
        HTML.notes([
          "The first modality of the images with the lowest and the highest Dice (\(place)).",
          "The solid green line is the truth, and the dashed yellow line is the prediction.",
        ]),
      ])
    }
    return body.map { ReportSection(id: "images", title: "Images with their masks", body: $0) }
  }
}
