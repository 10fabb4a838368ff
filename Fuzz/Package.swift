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

/// A program whose main function is libFuzzer's.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["Basics", "Tapping", "Oracles"],
    swiftSettings: house + [.unsafeFlags(["-parse-as-library"])],
    linkerSettings: [.unsafeFlags(watched)])
}

let package = Package(
  name: "fuzz",
  targets: [
    .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CLibZip", pkgConfig: "libzip"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .target(name: "Basics", swiftSettings: house),
    .target(name: "Transit", dependencies: ["Basics", "CLibZip"], swiftSettings: house),
    .target(
      name: "Tapping", dependencies: ["Basics", "Transit", "CLibCrypto", "CZlib"],
      exclude: ["Proto"], swiftSettings: house),
    .target(name: "Oracles", dependencies: ["Basics", "Tapping"], swiftSettings: house),
    fuzzer("FuzzJSON"), fuzzer("FuzzProtobuf"), fuzzer("FuzzGzip"), fuzzer("FuzzHeaders"),
  ]
)
