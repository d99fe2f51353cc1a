import Polyphony
import PolyphonyPresentation

/// The section of segmented images: those with the lowest and the highest Dice, with the outlines of both masks.
enum ImageSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let rows = content.rows.filter { !(AnswerSummary.all($0).values.first?.images.isEmpty ?? true) }
    guard !rows.isEmpty else { return nil }
    return ReportSection(
      id: "images", title: "Images with their masks",
      body: content.bodies(rows) { row in
        guard let (seed, summary) = AnswerSummary.all(row).elements.first else { return .empty }
        let place = [row.split.map { "\($0) split" }, row.seeds.count > 1 ? "seed \(seed)" : nil].compactMap(\.self)
          .joined(separator: ", ")
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
      })
  }
}
