import Testing

/// What the test of the documents takes for a command and for a file, and how it shrinks both.
@Suite struct DocumentStepTests {
  @Test func commandsAndFilesAreFound() {
    let text = """
      # A page

      ```sh
      polyphony transfer --method 'head,lora{rank: 2}' \\
        --output runs/a     # a comment
      make demo
      ```

      ```yaml
      # small/mine.yaml
      training: {epochs: 30}
      ```

      ```console
      $ polyphony doctor
      nothing is wrong
      ```

      ```
      polyphony in a listing of another kind
      ```
      """
    #expect(
      DocumentStep.all(in: text) == [
        .command(line: 4, words: ["polyphony", "transfer", "--method", "head,lora{rank: 2}", "--output", "runs/a"]),
        .command(line: 6, words: ["make", "demo"]),
        .file(name: "small/mine.yaml", text: "# small/mine.yaml\ntraining: {epochs: 30}\n"),
        .command(line: 15, words: ["polyphony", "doctor"]),
      ])
  }

  @Test func commandsBecomeSmall() {
    #expect(
      SmallSettings.shrink(["tune", "--seeds", "5", "--output", "runs/a"])
        == ["tune", "--seeds", "2", "--output", "runs/a", "--set", "training.epochs=1"])
    #expect(SmallSettings.shrink(["data", "synthesize", "--samples", "2000"]).last == "120")
    #expect(SmallSettings.shrink(["predict", "--model", "a"]) == ["predict", "--model", "a"])
  }

  @Test func recipesBecomeSmall() {
    let recipe = SmallSettings.shrink(
      recipe: """
        seeds: 5
        stages:
          - train: {balance: cggm, training: {epochs: 25}}
          - tune:  {method: wander, tuning: {bottleneck: 8}}
          - adapt:
              method: casp

        """)
    let adaptation = "adaptation: {contrast_epochs: 2, snapshot_interval: 1, pseudo_epochs: 1}"
    #expect(
      recipe == """
        seeds: 2
        stages:
          - train: {balance: cggm, training: {epochs: 1}, model: {width: 8, heads: 2, layers: 1}}
          - tune: {method: wander, tuning: {bottleneck: 8}, training: {epochs: 1}}
          - adapt:
              method: casp
              \(adaptation)

        """)
  }
}
