// swift-tools-version: 6.2
// Fuzzers of what reads bytes from outside: `make fuzz` builds them with libFuzzer and
// AddressSanitizer. The rooms they look into are links to those of the house.
import PackageDescription

// One flag with both: of two, the compiler would take the last for its instrumentation.
let watched = ["-sanitize=fuzzer,address"]

let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(watched),
]

/// A product of SwiftNIO, built as it is: what is watched is ours.
func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

/// A program whose main function is libFuzzer's.
func fuzzer(
  _ name: String, _ needs: [Target.Dependency] = ["Oracles"]
) -> Target {
  .executableTarget(
    name: name, dependencies: needs + ["FuzzDriver"],
    swiftSettings: house + [.unsafeFlags(["-parse-as-library"])],
    linkerSettings: [.unsafeFlags(watched)])
}

let package = Package(
  name: "fuzz",
  dependencies: [
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CLibSodium", pkgConfig: "libsodium"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .target(name: "Basics", swiftSettings: house),
    // The words of the trade are all that taps take from there.
    .target(name: "Transit", dependencies: ["Basics"], swiftSettings: house),
    .target(
      name: "Tapping",
      dependencies: ["Basics", "Transit", "CLibCrypto", "CLibSodium", "CZlib"],
      exclude: ["Proto"], swiftSettings: house),
    .target(name: "FuzzDriver", swiftSettings: house),
    // What is done with an input; tests do it with the seeds.
    .target(name: "Oracles", dependencies: ["Basics", "Tapping"], swiftSettings: house),
    // The files of Web that see raw HTTP, and a core that stands where Web has its own.
    .target(
      name: "Edge",
      dependencies: [
        "Basics", .product(name: "HTTPTypes", package: "swift-http-types"), nio("NIOCore"),
        nio("NIOHTTP1"), nio("NIOEmbedded"),
      ], swiftSettings: house),
    fuzzer("FuzzEdge", ["Edge"]),
    fuzzer("FuzzJSON"), fuzzer("FuzzProtobuf"), fuzzer("FuzzGzip"), fuzzer("FuzzHeaders"),
  ]
)
