// swift-tools-version: 6.2
import PackageDescription

// libtorch: the folder with `include/` and `lib/`. `make setup` puts the PyPI wheel at the default
// place; LIBTORCH names another one (a PyTorch installation's `torch` folder, or an unzipped libtorch).
let libtorch = Context.environment["LIBTORCH"] ?? "\(Context.packageDirectory)/.libtorch/torch"

// An optimised module is compiled as a whole. Two threads share the work of its back end, where one would leave a
// processor idle, because most modules wait for the one below them.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error), .unsafeFlags(["-num-threads", "2"], .when(configuration: .release)),
]

// Tests run against optimised libraries. To optimise the tests themselves would take minutes and check nothing more. File
// by file, both processors check types, where a module as a whole has one for minutes.
let tests: [SwiftSetting] =
  strict + [
    .unsafeFlags(["-Onone", "-no-whole-module-optimization", "-enable-batch-mode"], .when(configuration: .release))
  ]

let package = Package(
  name: "Polyphony",
  platforms: [.macOS(.v14)],
  products: [
    .executable(name: "polyphony", targets: ["PolyphonyCommand"]),
    .library(name: "Polyphony", targets: ["Polyphony"]),
    .library(name: "PolyphonyConversion", targets: ["PolyphonyConversion"]),
    .library(name: "PolyphonyReports", targets: ["PolyphonyReports"]),
    .library(name: "PolyphonyExport", targets: ["PolyphonyExport"]),
    .library(name: "PolyphonyEncoders", targets: ["PolyphonyEncoders"]),
    .library(name: "Torch", targets: ["Torch"]),
    // Loaded at run time (see CTorchInterface), so that a missing or foreign libtorch is an error
    // message and not a failure of the dynamic loader before the first line of `main`.
    .library(name: "CTorch", type: .dynamic, targets: ["CTorch"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .target(name: "CTorchInterface", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(
      name: "CTorch", exclude: ["gloo_declarations/README.md"],
      cxxSettings: [
        // By path and not as a dependency, which would make the header a clang module that C++ cannot import.
        .headerSearchPath("../CTorchInterface/include"),
        .headerSearchPath("gloo_declarations"),
        .unsafeFlags([
          "-isystem", "\(libtorch)/include",
          "-isystem", "\(libtorch)/include/torch/csrc/api/include",
          "-std=c++20", "-O3", "-fvisibility=hidden", "-Wall",
        ]),
      ],
      linkerSettings: [
        .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
        // No Swift is inside, so CTorch needs no Swift runtime where it is installed.
        .unsafeFlags(["-static-stdlib", "-nostartfiles"], .when(platforms: [.linux])),
        .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
      ]
    ),
    // Below everything: faults, files that are replaced whole, JSON, hashes, processes. No tensors.
    .target(
      name: "PolyphonySupport", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),
    .target(name: "Torch", dependencies: ["CTorchInterface", "PolyphonySupport"], swiftSettings: strict),
    .target(
      name: "PolyphonySettings",
      dependencies: [
        "PolyphonySupport", "Yams", .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      swiftSettings: strict),
    .target(name: "PolyphonyPresentation", dependencies: ["PolyphonySupport"], swiftSettings: strict),
    .target(
      name: "Polyphony",
      dependencies: [
        "Torch", "PolyphonySettings", "PolyphonyPresentation",
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: strict),
    .target(
      name: "PolyphonyConversion",
      dependencies: ["Polyphony", .product(name: "OrderedCollections", package: "swift-collections")],
      swiftSettings: strict),
    .target(
      name: "PolyphonyReports",
      dependencies: [
        "Polyphony", "PolyphonyPresentation",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      swiftSettings: strict),
    // Pretrained encoders of text, pictures and sound, and their tokenizers.
    .target(
      name: "PolyphonyEncoders", dependencies: ["Polyphony", "PolyphonyConversion", "PolyphonySupport"],
      swiftSettings: strict),
    .target(
      name: "PolyphonyExport",
      dependencies: ["Polyphony", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      swiftSettings: strict),
    // The prediction service. It has no web framework: one would compile for longer than all targets of this package.
    .target(
      name: "PolyphonyService",
      dependencies: ["Polyphony", "PolyphonyConversion", "PolyphonyEncoders", "PolyphonyPage", "PolyphonySupport"],
      swiftSettings: strict),
    // The service's page. C takes the files into the program, and there is no bundle of resources to install.
    .target(name: "PolyphonyPage", exclude: ["files"]),
    .executableTarget(
      name: "PolyphonyCommand",
      dependencies: [
        "Polyphony", "PolyphonyConversion", "PolyphonyEncoders", "PolyphonyReports", "PolyphonyExport",
        "PolyphonyService",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "TorchTests", dependencies: ["Torch"], resources: [.copy("Fixtures")], swiftSettings: tests),
    // Sees what everybody sees: the public interface.
    .target(
      name: "PolyphonyExamples",
      dependencies: ["Polyphony", "PolyphonyConversion", "PolyphonyEncoders", "PolyphonyReports"],
      path: "Examples", swiftSettings: strict),
    .testTarget(
      name: "PolyphonyTests",
      dependencies: [
        "Polyphony", "PolyphonyConversion", "PolyphonyEncoders", "PolyphonyReports", "PolyphonyExport",
        "PolyphonyService", "PolyphonyExamples",
      ],
      resources: [.copy("Fixtures")], swiftSettings: tests),
    .testTarget(
      name: "PolyphonyEncodersTests", dependencies: ["PolyphonyEncoders", "Polyphony", "PolyphonySupport"],
      resources: [.copy("Fixtures")], swiftSettings: tests),
  ],
  cxxLanguageStandard: .cxx20
)
