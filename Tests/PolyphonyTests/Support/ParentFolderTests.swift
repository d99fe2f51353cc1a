import Testing
import Torch

@Suite struct ParentFolderTests {
  @Test(arguments: [
    ("a/b", "a"), ("a", "."), ("k", "."), ("", "."), ("/", "/"), ("//", "/"), ("/a", "/"), ("/a/b/", "/a"),
    ("a//b", "a"), ("a/b//", "a"), ("./x", "."), ("../x", ".."),
  ])
  func whatAPathLiesIn(path: String, folder: String) { #expect(path.parentFolder == folder) }
}
