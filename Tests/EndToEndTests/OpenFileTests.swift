import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

/// A service has room for its connections, whatever the system gives programs at first.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct OpenFileTests {
  /// Files that the service may have open, as the system says.
  private static func filesMax(_ service: KvytokService) throws -> Int? {
    let limits = try String(
      contentsOfFile: "/proc/\(service.program.processID)/limits", encoding: .utf8)
    let line = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
    return line?.split(separator: " ").dropFirst(3).first.flatMap { Int($0) }
  }

  private static func with(
    ulimit: String, _ body: (KvytokService) async throws -> Void
  ) async throws {
    let data = try TemporaryFolder.make("data")
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
      // 16,384 connections, and what is open beside them.
      let wanted = 16_896
      let files = try #require(try Self.filesMax(service))
      // Where the machine itself allows less, that, and it is said.
      #expect(files == wanted || service.program.errors.contains("open files"), "\(files)")
      #expect(files > 512)
    }
  }

  @Test func whereTheSystemAllowsFewFilesThereAreFewerConnectionsAndItIsSaid() async throws {
    try await Self.with(ulimit: "-n 1000") { service in
      let files = try Self.filesMax(service)
      #expect(files == 1000)
      #expect(
        service.program.errors.contains("there is room for 500 connections"),
        "\(service.program.errors)")
    }
  }
}
