import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

/// A service has room for its connections, whatever the system gives programs at first.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct OpenFileTests {
  /// Files that the service may have open, and how many it may ask for, as the system says.
  private static func filesMax(_ service: KvytokService) throws -> (soft: Int, hard: Int)? {
    let limits = try String(
      contentsOfFile: "/proc/\(service.program.processID)/limits", encoding: .utf8)
    let line = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
    let counts = line?.split(separator: " ").dropFirst(3).prefix(2).compactMap { Int($0) } ?? []
    return counts.count == 2 ? (counts[0], counts[1]) : nil
  }

  private static func with(
    ulimit: String, _ body: (KvytokService) async throws -> Void
  ) async throws {
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(data: data, ulimit: ulimit)
    do {
      try await body(service)
      try await service.stop()
    } catch {
      _ = try? await service.stop()
      throw error
    }
  }

  @Test func theLimitThatProgramsAreStartedWithIsRaised() async throws {
    try await Self.with(ulimit: "-Sn 512") { service in
      // 16,384 connections, what is open beside them, and some to spare.
      let (needed, wanted) = (16_896, 20_992)
      let files = try #require(try Self.filesMax(service))
      #expect(files.soft == min(wanted, files.hard), "\(files)")
      // Where the machine itself allows less than is needed, it is said.
      #expect(files.soft >= needed || service.program.errors.contains("open files"), "\(files)")
      #expect(files.soft > 512)
    }
  }

  @Test func whereTheSystemAllowsFewFilesThereAreFewerConnectionsAndItIsSaid() async throws {
    try await Self.with(ulimit: "-n 1000") { service in
      let files = try Self.filesMax(service)
      #expect(files?.soft == 1000)
      #expect(
        service.program.errors.contains("there is room for 500 connections"),
        "\(service.program.errors)")
    }
  }
}
