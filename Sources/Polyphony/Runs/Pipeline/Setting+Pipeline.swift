import OrderedCollections
import Torch

/// A folder with a name.
public struct NamedFolder: Equatable, Sendable {
  /// The name. Empty if the recipe has a path alone.
  public var name: String
  /// The path of the folder.
  public var path: String
}

extension Setting where Value == [UInt64] {
  /// Seeds, either as a count from 0 on or as a list.
  static var seeds: Setting {
    Setting(
      read: { (value) throws(Fault) in
        let count = Setting<Int>.int(in: 1...10_000)
        guard case .list = value.tree.content else { return (0..<UInt64(try count.read(value))).map(\.self) }
        let all = try Setting<[Int]>.list(of: .int(in: 0...), count: 1...).read(value).map { UInt64($0) }
        guard Set(all).count == all.count else {
          throw value.fault("a seed stands twice", expected: "each seed once")
        }
        return all
      },
      write: { .init(.list($0.map { .init(.scalar(.init("\($0)"))) })) })
  }
}

extension Setting where Value == [String] {
  /// One text, or a list of texts.
  static var texts: Setting {
    let list = Setting<[String]>.list(of: .string)
    return Setting(
      read: { (value) throws(Fault) in
        if case .scalar = value.tree.content { return [try Setting<String>.string.read(value)] }
        return try list.read(value)
      }, write: list.write)
  }
}

extension Setting where Value == [NamedFolder] {
  /// A path, a list of paths, or paths under names.
  static var folders: Setting {
    let string = Setting<String>.string
    return Setting(
      read: { (value) throws(Fault) in
        guard case .map(let members) = value.tree.content else {
          return try Setting<[String]>.texts.read(value).map { NamedFolder(name: "", path: $0) }
        }
        var folders: [NamedFolder] = []
        for (name, tree) in members {
          let member = SettingsValue(path: "\(value.path).\(name)", tree: tree, faultKind: value.faultKind)
          folders.append(NamedFolder(name: name, path: try string.read(member)))
        }
        return folders
      },
      write: { folders in
        if folders.count == 1, folders[0].name.isEmpty { return string.write(folders[0].path) }
        let isNamed = folders.contains { !$0.name.isEmpty }
        guard isNamed else { return .init(.list(folders.map { string.write($0.path) })) }
        return .init(
          .map(OrderedDictionary(folders.map { ($0.name, string.write($0.path)) }, uniquingKeysWith: { $1 })))
      })
  }
}
