// swift-tools-version: 6.2
// The map of the house. Each room names what it may import; arrows point to the left only.
import PackageDescription

let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A library room in `Sources/<name>`.
func room(
  _ name: String, _ needs: [Target.Dependency] = [], exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: needs, exclude: exclude, resources: resources, swiftSettings: house)
}

/// A C library of the system: a module map and a shim, nothing else.
func clib(_ name: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// Tests of a release build look into what is shipped, and are not worth the optimizer's time
/// themselves; nor is it worth it to read them once more for a module that hardly anybody waits for,
/// nor to tell a debugger more of them than their lines (a sixth of the compiler's time on them).
let plain: [SwiftSetting] = [
  .unsafeFlags(
    ["-Onone", "-no-emit-module-separately-wmo", "-Xfrontend", "-gline-tables-only"],
    .when(configuration: .release))
]

/// Nothing waits for the module of a program, so the compiler need not read it once more for that alone.
let program: [SwiftSetting] = [
  .unsafeFlags(["-no-emit-module-separately-wmo"], .when(configuration: .release))
]

/// The tests of a room, in `Tests/<name>`.
func tests(
  _ name: String, _ needs: [Target.Dependency], settings: [SwiftSetting] = plain
) -> Target {
  .testTarget(name: name, dependencies: needs, swiftSettings: house + settings)
}

/// A bug in the simulated intake that the simulation has to find: `make canary` builds it in.
let canary: [SwiftSetting] =
  Context.environment["KVYTOK_PLANTED_BUG"] == nil ? [] : [.define("PLANTED_BUG")]

/// A product of a package that lives elsewhere.
func from(_ package: String, _ product: String) -> Target.Dependency {
  .product(name: product, package: package)
}

let logging = from("swift-log", "Logging")
let metrics = from("swift-metrics", "Metrics")
let lifecycle = from("swift-service-lifecycle", "ServiceLifecycle")
let hummingbird = from("hummingbird", "Hummingbird")
let httpTypes = from("swift-http-types", "HTTPTypes")
let mustache = from("swift-mustache", "Mustache")
let nioCore = from("swift-nio", "NIOCore")
let nioHTTP = from("swift-nio", "NIOHTTP1")
let nioPosix = from("swift-nio", "NIOPosix")
let nioSSL = from("swift-nio-ssl", "NIOSSL")
let arguments = from("swift-argument-parser", "ArgumentParser")
let httpClient = from("async-http-client", "AsyncHTTPClient")
let yams = from("Yams", "Yams")
let protobuf = from("swift-protobuf", "SwiftProtobuf")

let package = Package(
  name: "kvytok",
  dependencies: [
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // C libraries of the system
    clib("CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
    clib("CLibUV", pkgConfig: "libuv", apt: "libuv1-dev"),
    clib("CLibCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
    clib("CLibSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
    clib("CLibZip", pkgConfig: "libzip", apt: "libzip-dev"),
    clib("CLibXlsxWriter", pkgConfig: "xlsxwriter", apt: "libxlsxwriter-dev"),
    clib("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),

    // Pure rooms: no I/O, no clock, no chance
    room("Basics"),
    room("Transit", ["Basics", "CLibZip"]),
    room(
      "Tapping", ["Basics", "Transit", "CLibCrypto", "CLibSodium", "CZlib"], exclude: ["Proto"]),
    room("Tariff", ["Basics", "Transit", yams]),
    room("Ledger", ["Basics", "Transit", "CLibCrypto"]),
    room("Charging", ["Basics", "CLibCrypto"]),
    room("Tracking", ["Basics", "Transit", protobuf], exclude: ["Proto"]),
    room("Ridership", ["Basics", "Transit"]),
    room("Wallet", ["Basics"]),

    // Mechanism
    room("EventLoop", ["CLibUV"]),
    room("Postgres", ["Basics", "CLibPQ", "EventLoop"]),

    // Our tables, and the services over them
    room(
      "Store",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Charging", "Tracking", "Ridership",
        "Wallet",
        "EventLoop", "Postgres", logging,
      ], exclude: ["Schema"], resources: [.copy("Migrations")]),
    room("Intake", ["Basics", "Transit", "Tapping", "Tracking", "Store", logging, metrics]),
    room(
      "Clearing",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Charging", "Wallet", "Store", logging,
        metrics,
      ]),
    room(
      "Insight",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Tracking", "Ridership", "Store",
        "CLibXlsxWriter", logging, metrics,
      ]),

    // The acquirer over HTTP
    room(
      "Acquiring", ["Basics", "Tapping", "Charging", httpClient, nioCore, nioHTTP, logging]),

    // The outer edge
    room(
      "Web",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Charging", "Tracking", "Wallet",
        "Store", "Intake",
        "Clearing", "Insight", hummingbird, httpTypes, nioCore, nioHTTP, nioPosix, nioSSL,
        mustache, logging, metrics,
      ], resources: [.copy("Pages")]),
    .executableTarget(
      name: "kvytok",
      dependencies: [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Charging", "Tracking", "Ridership",
        "Wallet", "EventLoop", "CLibCrypto", "Postgres", "Store", "Intake", "Clearing", "Insight",
        "Acquiring", "Web", arguments, hummingbird,
        lifecycle, from("swift-service-lifecycle", "UnixSignals"), nioCore, nioSSL, logging,
        metrics,
        from("swift-configuration", "Configuration"),
      ], swiftSettings: house + program),

    // A world to test with, and the load generator: they meet the server through its wire
    .target(
      name: "SimulatedCity", dependencies: ["Basics", "Transit", "Tapping"],
      path: "validator-sim/SimulatedCity", swiftSettings: house),
    .target(
      name: "ServiceClient",
      dependencies: ["Basics", "Tapping", arguments, httpClient, nioCore, nioHTTP, nioSSL],
      path: "validator-sim/ServiceClient", swiftSettings: house),
    .target(
      name: "SimulatedAcquirer", dependencies: ["Basics", "Tapping"],
      path: "validator-sim/SimulatedAcquirer", swiftSettings: house),
    .executableTarget(
      name: "validator-sim",
      dependencies: [
        "Basics", "Transit", "Tapping", "SimulatedCity", "SimulatedAcquirer", "ServiceClient",
        arguments, hummingbird, httpTypes, nioCore, logging,
      ], path: "validator-sim/Command", swiftSettings: house + program),
    .target(
      name: "LoadMeasures",
      dependencies: [
        "Basics", "Transit", "Tapping", from("hdrhistogram-swift", "Histogram"),
      ],
      path: "loadtest/Measures", swiftSettings: house),
    .executableTarget(
      name: "loadtest",
      dependencies: [
        "Basics", "Transit", "Tapping", "Tariff", "LoadMeasures", "SimulatedCity",
        "ServiceClient", "CLibCrypto", "CLibSodium", arguments,
      ], path: "loadtest/Command", swiftSettings: house + program),

    // Helpers of tests
    .target(
      name: "DatabaseSupport", dependencies: ["Basics", "EventLoop", "Postgres", "Programs"],
      path: "Tests/Support/DatabaseSupport", swiftSettings: house),
    .target(
      name: "Programs", dependencies: ["EventLoop"], path: "Tests/Support/Programs",
      swiftSettings: house),
    .target(
      name: "AcquirerSupport", dependencies: ["Basics", "Charging", "SimulatedAcquirer"],
      path: "Tests/Support/AcquirerSupport", swiftSettings: house),
    .target(
      name: "BankSupport", dependencies: ["Basics"], path: "Tests/Support/BankSupport",
      swiftSettings: house),
    .target(
      name: "RealData", dependencies: ["Basics", "Transit", "Tracking"],
      path: "Tests/Support/RealData", swiftSettings: house),
    .target(
      name: "RandomTariffs", dependencies: ["Basics", "Transit", "Tariff"],
      path: "Tests/Support/RandomTariffs", swiftSettings: house),

    .target(
      name: "Oracles", dependencies: ["Basics", "Tapping"], path: "Tests/Support/Oracles",
      swiftSettings: house),
    .target(
      name: "TapBatchMessages", dependencies: [protobuf], path: "Tests/Support/TapBatchMessages",
      swiftSettings: house),

    tests("BasicsTests", ["Basics"]),
    tests(
      "TappingTests",
      ["Basics", "Transit", "Tapping", "TapBatchMessages", "Oracles", "Programs", protobuf]),
    tests("LedgerTests", ["Basics", "Ledger"]),
    tests("ChargingTests", ["Basics", "Charging", "BankSupport"]),
    tests("WalletTests", ["Basics", "Wallet"]),
    tests("TransitTests", ["Basics", "Transit"]),
    tests("ValidatorSimTests", ["Basics", "Transit", "Tapping", "SimulatedCity", "LoadMeasures"]),
    tests("TariffTests", ["Basics", "Transit", "Tariff", "RandomTariffs"]),
    tests("TrackingTests", ["Basics", "Transit", "Tracking", "RealData"]),
    tests("RidershipTests", ["Basics", "Transit", "Tracking", "Ridership", "RealData"]),
    tests("EventLoopTests", ["EventLoop"]),
    tests("PostgresTests", ["Basics", "EventLoop", "Postgres", "DatabaseSupport", "Programs"]),
    tests(
      "ClearingTests",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Charging", "Wallet", "EventLoop",
        "Postgres", "Store", "Clearing", "Insight", "Tracking", "SimulatedAcquirer",
        "AcquirerSupport", "BankSupport", "DatabaseSupport", "RandomTariffs",
        logging,
      ]),
    tests(
      "InsightTests",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Tracking", "EventLoop", "Postgres", "Store",
        "Insight", "Ledger", "DatabaseSupport", "Programs", logging, metrics,
      ]),
    // It goes through every line of the house: by itself that takes longer than the optimizer does.
    tests("TidyTests", [], settings: []),
    tests(
      "StoreTests",
      [
        "Basics", "Transit", "Tapping", "Tracking", "EventLoop", "Postgres", "Store",
        "DatabaseSupport",
      ]),
    tests(
      "IntakeTests",
      [
        "Basics", "Transit", "Tapping", "Tracking", "EventLoop", "Postgres", "Store", "Intake",
        "DatabaseSupport", logging, metrics,
      ]),
    tests(
      "WebTests",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Tracking", "EventLoop", "Postgres",
        "Store", "Intake", "Charging", "Clearing", "Insight", "Web", "DatabaseSupport",
        "BankSupport", "Programs", hummingbird, httpTypes, nioCore, nioHTTP, nioPosix, nioSSL, yams,
        logging, metrics,
      ]),
    tests(
      "SimulationTests",
      [
        "Basics", "Transit", "Tapping", "Tariff", "Ledger", "Charging", "Wallet", "EventLoop",
        "Postgres", "Store", "Intake", "Clearing", "Acquiring", "SimulatedCity",
        "SimulatedAcquirer", "AcquirerSupport", "BankSupport", "DatabaseSupport",
        "TapBatchMessages",
        protobuf, logging,
      ], settings: plain + canary),
    tests(
      "EndToEndTests",
      [
        "Basics", "Transit", "Tapping", "Charging", "Tracking", "EventLoop", "Postgres",
        "Acquiring", "BankSupport", "DatabaseSupport", "SimulatedCity", "ServiceClient", "Programs",
        "kvytok",
        hummingbird, httpTypes, httpClient, nioCore, nioPosix, nioHTTP, nioSSL, lifecycle, logging,
      ]),
  ]
)
