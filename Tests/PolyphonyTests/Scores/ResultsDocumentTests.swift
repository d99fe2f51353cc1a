import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

@Suite struct ResultsDocumentTests {
  private let document = ResultsDocument(
    command: "train", version: "0.1.0",
    results: [
      .init(
        name: "joint", split: "test", seeds: [0, 1],
        metrics: [
          "accuracy": Aggregate([0.797, 0.805]), "corr": Aggregate([nil, nil]), "f1": Aggregate([0.1 + 0.2, nil]),
        ],
        parameters: .init(total: 350281, trainable: 350281), output: "runs/joint",
        extra: ["missing": "sample:0.5", "shift": "noise:3"]),
      .init(name: "tuned", parameters: .init(total: 350281, trainable: 9000, added: 840)),
      .init(name: "bare"),
    ])

  @Test func theTextIsThatOfTheFormat() {
    #expect(
      document.text() == """
        {
          "command": "train",
          "version": "0.1.0",
          "results": [
            {
              "name": "joint",
              "split": "test",
              "seeds": [0, 1],
              "metrics": {
                "accuracy": {"mean": 0.801, "std": 0.0040000000000000036, "values": [0.797, 0.805]},
                "corr": null,
                "f1": {"mean": 0.30000000000000004, "std": 0.0, "values": [0.30000000000000004, null]}
              },
              "parameters": {"total": 350281, "trainable": 350281},
              "output": "runs/joint",
              "missing": "sample:0.5",
              "shift": "noise:3"
            },
            {
              "name": "tuned",
              "seeds": [],
              "metrics": {},
              "parameters": {"total": 350281, "trainable": 9000, "added": 840}
            },
            {"name": "bare", "seeds": [], "metrics": {}}
          ]
        }

        """)
  }

  @Test func readsBackTheSame() throws {
    #expect(try ResultsDocument(parsing: document.text()) == document)
  }

  @Test(
    arguments: [
      ("[]", nil, "a list", "a key `command`"), (#"{"command": 1}"#, "command", "an integer", "a string"),
      (#"{"command": "a", "version": "b", "results": {}}"#, "results", "an object", "a list"),
      (#"{"command": "a", "version": "b", "results": [1]}"#, "results.0", "an integer", "a key `name`"),
      (
        #"{"command": "a", "version": "b", "results": [{"name": "n", "seeds": [0.5]}]}"#, "results.0.seeds.0",
        "a number",
        "an integer"
      ),
      (
        #"{"command": "a", "version": "b", "results": [{"name": "n", "seeds": [], "metrics": {"a": 1}}]}"#,
        "results.0.metrics.a", "an integer", "a key `values`"
      ),
    ] as [(String, String?, String, String)])
  func refuses(text: String, key: String?, found: String, expected: String) {
    let fault = #expect(throws: Fault.self) { try ResultsDocument(parsing: text, file: "r.json") }
    #expect(
      fault
        == Fault(
          .badData, "the results document is not of the expected form", file: "r.json", key: key, found: found,
          expected: expected))
  }
}
