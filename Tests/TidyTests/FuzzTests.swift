import Testing

/// What the fuzzers are compiled from, which no other build looks at.
@Suite struct FuzzTests {
  private let tree = SourceTree()
  private static let folder = "Fuzz/Sources/Edge/"
  /// They need the service around them.
  private static let notFuzzed: Set<Substring> = [
    "EdgeDoor.swift", "EdgeServer.swift", "EdgeTLS.swift",
  ]

  private func edgeFiles() -> [(path: String, name: Substring)] {
    tree.swiftFiles(in: ["Sources/Web"]).compactMap { path in
      path.split(separator: "/").last.map { (path, $0) }
    }.filter { $0.name.hasPrefix("Edge") && !Self.notFuzzed.contains($0.name) }
  }

  @Test func theFuzzerOfTheEdgeHasEachFileOfTheEdge() {
    let files = edgeFiles()
    #expect(files.count > 8)
    for (path, name) in files {
      #expect(tree.exists(Self.folder + name), "\(path) is not linked in \(Self.folder)")
    }
  }

  /// It stands there in place of the service's own.
  @Test func theCoreOfTheFuzzerHasAllThatAConnectionAsksOfItsOwn() throws {
    let core = try tree.text(Self.folder + "EdgeCore.swift")
    var asked: Set<Substring> = []
    for (path, name) in edgeFiles() where name.hasPrefix("EdgeConnection") {
      let source = BareSource(try tree.text(path)).lines.joined(separator: "\n")
      asked.formUnion(source.matches(of: /\bserver\.(\w+)/).map { $0.output.1 })
    }
    #expect(asked.contains("budget") && asked.contains("answer"), "\(asked)")
    for member in asked {
      let isThere = ["let", "var", "func"].contains { kind in
        [" ", ":", "("].contains { core.contains("  \(kind) \(member)\($0)") }
      }
      #expect(isThere, "\(member) is missing in \(Self.folder)EdgeCore.swift")
    }
  }
}
