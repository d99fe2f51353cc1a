/// The names beside points, placed so that none covers another name or another point.
struct ScatterLabels {
  /// The box around a name.
  struct Box {
    var left, right, top, bottom: Double

    func touches(_ other: Box) -> Bool {
      left < other.right && other.left < right && top < other.bottom && other.top < bottom
    }
  }

  /// The names as drawn. Long ones are shortened.
  private(set) var texts: [(text: String, whole: String, box: Box, point: (x: Double, y: Double))] = []

  /// Finds a place for each name: right, left, above or below its point, and otherwise lower and lower beside it.
  ///
  /// - Parameters:
  ///   - points: names, positions, and the extents of their whiskers up and down.
  ///   - room: the left and right ends.
  ///   - span: the upper and lower ends.
  init(
    _ points: [(name: String, place: (x: Double, y: Double), whisker: Double)], room: ClosedRange<Double>,
    span: ClosedRange<Double>
  ) {
    let dots = points.map { point in
      let (x, y, reach) = (point.place.x, point.place.y, max(4, point.whisker))
      return Box(left: x - 4, right: x + 4, top: y - reach, bottom: y + reach)
    }
    var taken: [Box] = []
    for index in points.indices.sorted(by: { points[$0].place.y < points[$1].place.y }) {
      let (x, y) = points[index].place
      let text = ChartText.fitted(points[index].name, room: 120)
      let width = ChartText.width(text)
      func box(_ left: Double, _ middle: Double) -> Box {
        let left = min(max(left, room.lowerBound + 2), max(room.lowerBound + 2, room.upperBound - width))
        return Box(left: left, right: left + width, top: middle - 6.5, bottom: middle + 6.5)
      }
      func isFree(_ box: Box) -> Bool {
        !taken.contains { $0.touches(box) } && !dots.contains { $0.touches(box) }
          && box.bottom <= span.upperBound + 2 && box.top >= span.lowerBound - 8
      }
      var candidates = [
        box(x + 8, y), box(x - 8 - width, y), box(x - width / 2, y - 12), box(x - width / 2, y + 12),
      ]
      for step in 1...24 {
        for sign in [1.0, -1] {
          for left in [x + 10, x - 10 - width] { candidates.append(box(left, y + sign * 7 * Double(step))) }
        }
      }
      let chosen = candidates.first(where: isFree) ?? candidates[0]
      taken.append(chosen)
      texts.append((text, points[index].name, chosen, (x, y)))
    }
  }

  /// The names, with a thin line to each point that is not beside its name.
  var svg: String {
    texts.map { entry in
      let (box, middle) = (entry.box, (entry.box.top + entry.box.bottom) / 2)
      let near = entry.point.x < box.left ? box.left : entry.point.x > box.right ? box.right : entry.point.x
      var line = ""
      if abs(middle - entry.point.y) > 14 {
        line =
          "<path class=\"axis\" stroke=\"#888\" stroke-width=\"0.6\" fill=\"none\" d=\"M\(ChartStyle.place(entry.point.x)) "
        line += "\(ChartStyle.place(entry.point.y))L\(ChartStyle.place(near)) \(ChartStyle.place(middle))\"/>\n"
      }
      return line + ChartStyle.text(entry.whole, x: box.left, y: middle + 4, style: "small name", room: 120)
    }.joined()
  }
}
