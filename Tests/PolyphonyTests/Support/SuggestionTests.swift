import Testing

@testable import PolyphonySupport

@Suite struct SuggestionTests {
  @Test(
    arguments: [
      ("epohcs", "epochs"), ("Epochs", "epochs"), ("epoch", "epochs"), ("learning_rat", "learning_rate"), ("lr", nil),
      ("zzzzz", nil), ("", nil), ("lerning_rte", "learning_rate"),
    ] as [(String, String?)])
  func closest(name: String, expected: String?) {
    #expect(Suggestion.closest(to: name, among: ["epochs", "learning_rate", "dropout"]) == expected)
  }

  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("ca", "abc", 3),
    ("epohcs", "epochs", 1),
  ])
  func distances(a: String, b: String, expected: Int) {
    #expect(Suggestion.distance(Array(a), Array(b)) == expected)
    #expect(Suggestion.distance(Array(b), Array(a)) == expected)
  }
}
