import Foundation
import Testing

/// The arrows of the house: who may import whom.
///
/// The compiler lets transitive imports pass.
@Suite struct ArrowTests {
  let tree = SourceTree()

  /// Direct dependencies of each target, as `swift package describe` printed them before the tests
  /// began: while they run it would wait for the lock that they hold.
  struct Target: Decodable {
    let name: String
    let path: String
    let type: String
    let targetDependencies: [String]?
    let productDependencies: [String]?

    private enum CodingKeys: String, CodingKey {
      case name, path, type
      case targetDependencies = "target_dependencies"
      case productDependencies = "product_dependencies"
    }
  }

  struct Package: Decodable {
    let targets: [Target]
  }

  static var description: String? {
    ProcessInfo.processInfo.environment["KVYTOK_PACKAGE_JSON"]
  }

  private func targets() throws -> [Target] {
    let path = try #require(Self.description)
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try JSONDecoder().decode(Package.self, from: data).targets
  }

  @Test(.enabled(if: ArrowTests.description != nil, "`make test` describes the package first"))
  func everyImportIsADirectDependency() throws {
    let system: Set<String> = [
      "Foundation", "FoundationEssentials", "FoundationXML", "Glibc", "Synchronization", "Testing",
      "Dispatch",
      "Swift", "_Concurrency",
    ]
    for target in try targets() where target.type != "system-target" {
      let allowed = system.union(target.targetDependencies ?? [])
        .union(target.productDependencies ?? [])
      for path in tree.swiftFiles(in: [target.path]) {
        for name in imports(of: try tree.text(path)) {
          #expect(allowed.contains(name), "\(path) imports \(name), which \(target.name) may not")
        }
      }
    }
  }

  @Test(.enabled(if: ArrowTests.description != nil, "`make test` describes the package first"))
  func everyArrowPointsToTheLeft() throws {
    let pure = ["Tapping", "Tariff", "Ledger", "Charging", "Tracking", "Ridership", "Wallet"]
    let services = ["Intake", "Clearing", "Insight"]
    var mayUse: [String: [String]] = [
      "Basics": [], "EventLoop": ["CLibUV"],
      "Postgres": ["Basics", "CLibPQ", "CLibUV", "EventLoop"],
      "Transit": ["Basics", "CLibZip"],
      "Store": ["Basics", "Transit", "EventLoop", "Postgres"] + pure,
      "Acquiring": ["Basics", "Tapping", "Charging"],
      "Web": ["Basics", "Transit", "Store"] + pure + services,
      "kvytok": [
        "Basics", "Transit", "CLibCrypto", "EventLoop", "Postgres", "Store", "Acquiring", "Web",
      ] + pure + services,
      "validator-sim": [
        "Basics", "Transit", "Tapping", "SimulatedCity", "SimulatedAcquirer", "ServiceClient",
      ],
      "SimulatedAcquirer": ["Basics", "Tapping"],
      "loadtest": [
        "Basics", "Transit", "Tapping", "Tariff", "LoadMeasures", "SimulatedCity", "ServiceClient",
        // It measures what the service does not use: P-256.
        "CLibCrypto", "CLibSodium",
      ],
      "LoadMeasures": ["Basics", "Transit", "Tapping"],
      "SimulatedCity": ["Basics", "Transit", "Tapping"],
      "ServiceClient": ["Basics", "Transit", "Tapping"],
    ]
    for room in pure { mayUse[room] = ["Basics", "Transit", "CLibCrypto", "CLibSodium", "CZlib"] }
    for room in services { mayUse[room] = ["Basics", "Transit", "Store"] + pure }
    mayUse["Insight", default: []].append("CLibXlsxWriter")
    for target in try targets() where target.type == "library" || target.type == "executable" {
      guard !target.path.hasPrefix("Tests/") else { continue }
      let allowed = try #require(mayUse[target.name], "room \(target.name) has no arrows")
      for needed in target.targetDependencies ?? [] {
        #expect(allowed.contains(needed), "\(target.name) may not use \(needed)")
      }
    }
  }

  private func imports(of text: String) -> [String] {
    BareSource(text).lines.compactMap { line in
      var words = line.split(separator: " ").map(String.init)
      while let first = words.first, first.hasPrefix("@") || ["package", "public"].contains(first) {
        words.removeFirst()
      }
      guard words.first == "import", words.count > 1 else { return nil }
      let name = words.count > 2 ? words[2] : words[1]
      return name.split(separator: ".").first.map(String.init)
    }
  }
}
