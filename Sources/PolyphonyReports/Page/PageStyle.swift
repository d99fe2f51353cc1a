import Polyphony
import PolyphonyPresentation

/// The style of a report: one column, rules like those of a printed table, colours for light or dark settings.
enum PageStyle {
  private static func variables(_ pairs: [(String, String)], _ series: [String]) -> String {
    let colours = series.enumerated().map { ("s\($0)", $1) }
    return (pairs + colours).map { "--\($0.0): \($0.1);" }.joined(separator: " ")
  }

  private static let light = variables(
    [
      ("text", "#1d1e22"), ("muted", "#63656f"), ("rule", "#dedfe5"), ("ground", "#ffffff"), ("soft", "#f5f5f8"),
      ("shade", "#00000030"),
    ],
    ChartStyle.colours)
  private static let dark = variables(
    [
      ("text", "#dcdde2"), ("muted", "#9a9ca6"), ("rule", "#35363f"), ("ground", "#16171b"), ("soft", "#1f2026"),
      ("shade", "#ffffff38"),
    ],
    ChartStyle.darkColours)

  /// The style rules of the whole page.
  static let rules = """
    :root { \(light) }
    @media (prefers-color-scheme: dark) { :root { \(dark) } }
    * { box-sizing: border-box }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
    body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.55 system-ui, sans-serif }
    main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
    h1 { font-size: 1.7rem; line-height: 1.25; font-weight: 600; margin: 0 0 1rem; overflow-wrap: anywhere }
    h2 { font-size: 1.2rem; font-weight: 600; margin: 2.75rem 0 .75rem; overflow-wrap: anywhere }
    h3 { font-size: 1rem; font-weight: 600; margin: 1.75rem 0 .5rem; overflow-wrap: anywhere }
    p, li, dd { max-width: 44rem; overflow-wrap: anywhere }
    p { margin: 0 0 .75rem }
    ul { padding-left: 1.1rem; margin: 0 0 .75rem }
    nav { margin: 1.25rem 0 0; font-size: .875rem; color: var(--muted); display: flex; flex-wrap: wrap; gap: .25rem 1rem }
    a { color: inherit; text-decoration-color: var(--muted); text-underline-offset: 3px }
    .note, figcaption, footer { font-size: .875rem; color: var(--muted) }
    footer { margin-top: 3rem; border-top: 1px solid var(--rule); padding-top: .75rem }
    .box { overflow-x: auto; margin: 0 0 .75rem; -webkit-overflow-scrolling: touch; scrollbar-width: thin;
      background: linear-gradient(to right, var(--ground) 40%, transparent) left / 2.5rem 100% no-repeat local,
        linear-gradient(to left, var(--ground) 40%, transparent) right / 2.5rem 100% no-repeat local,
        linear-gradient(to right, var(--shade), transparent) left / .75rem 100% no-repeat,
        linear-gradient(to left, var(--shade), transparent) right / .75rem 100% no-repeat }
    .box:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px }
    .scrolls th:first-child { position: sticky; left: 0; background: var(--ground) }
    .scrolls thead th { min-width: 6rem }
    details.all { display: none }
    abbr[title] { text-decoration: underline dotted var(--muted); text-underline-offset: 3px; cursor: help }
    table { border-collapse: collapse; font-size: .9rem; line-height: 1.4; font-variant-numeric: tabular-nums lining-nums;
      border-top: 1.5px solid var(--text); border-bottom: 1.5px solid var(--text) }
    thead { border-bottom: 1px solid var(--text) }
    th, td { padding: .3rem .6rem; text-align: left; vertical-align: baseline; font-weight: 400 }
    th:first-child, td:first-child { padding-left: .1rem }
    thead th { font-weight: 600; vertical-align: bottom; min-width: 4rem; max-width: 16rem; overflow-wrap: anywhere }
    tbody th { min-width: 7rem; max-width: 18rem; overflow-wrap: anywhere }
    .n { text-align: right } td.n { white-space: nowrap }
    td.w { min-width: 6rem }
    td.words { white-space: normal; min-width: 8rem; color: var(--muted) }
    .star { display: inline-block; width: .55em; text-align: left }
    tr.part > * { border-top: 1px solid var(--rule) }
    .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(352px, 100%), 1fr)); gap: 1.25rem 1.5rem;
      margin: .75rem 0 1rem }
    figure.wide { grid-column: 1 / -1 }
    figure { margin: 0; max-width: 100%; min-width: 0 }
    figcaption { margin-bottom: .25rem; max-width: 22rem; overflow-wrap: anywhere }
    figure.wide figcaption { max-width: 44rem }
    svg { display: block }
    details { margin: .5rem 0; max-width: 100% } summary { cursor: pointer; overflow-wrap: anywhere }
    pre { overflow-x: auto; background: var(--soft); padding: .75rem; font: .8rem/1.5 ui-monospace, monospace; margin: .5rem 0 }
    dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.25rem; font-size: .9rem; margin: 0 }
    dt { color: var(--muted) } dd { margin: 0 } code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere }
    @media (max-width: 480px) {
      main { padding: 1.5rem 1rem 3rem } h1 { font-size: 1.4rem } dl { grid-template-columns: minmax(0, 1fr) } dd { margin-bottom: .5rem }
      details.all { display: block; font-size: .875rem; color: var(--muted) } .hint { display: none }
      .far { display: none } details.all[open] + .box .far { display: table-cell } table { font-size: .82rem }
      th, td { padding: .3rem .35rem } thead th { min-width: 0 } tbody th { min-width: 4rem; max-width: 8.5rem }
    }
    @media print {
      :root { \(light) }
      body { font-size: 10pt } main { max-width: none; padding: 0 } nav { display: none }
      .box { overflow: visible; background: none } .hint, details.all { display: none } table { font-size: 8.5pt } pre { white-space: pre-wrap; overflow-wrap: anywhere }
      figure, tr, dl { break-inside: avoid } h2, h3 { break-after: avoid }
      details::details-content { content-visibility: visible; display: block } summary { list-style: none }
    }
    \(ChartStyle.pageRules)
    """
}
