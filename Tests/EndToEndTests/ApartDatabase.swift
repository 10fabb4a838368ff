import EventLoop
import Foundation
import Postgres
import Programs
import Testing

/// A PostgreSQL beside the folder of a service, which a test may stop and start again under it.
final class ApartDatabase {
  private let folder: URL
  let loop: EventLoop
  private(set) var cluster: PrivateCluster

  var url: String {
    "postgres:///\(PrivateCluster.databaseName)?host=\(cluster.socketFolder)"
      + "&user=\(PrivateCluster.userName)"
  }

  private init() async throws {
    folder = try TemporaryFolder.make("cluster")
    loop = EventLoop.start(name: "test database")
    cluster = try await PrivateCluster.start(folder: folder.path, loop: loop)
  }

  /// Starts again what was stopped, with what it holds.
  func startAgain() async throws {
    cluster = try await PrivateCluster.start(folder: folder.path, loop: loop)
  }

  /// Runs a body on a fresh service over a fresh database; both are stopped afterwards.
  static func with(_ body: (KvytokService, ApartDatabase) async throws -> Void) async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    let database = try await ApartDatabase()
    do {
      let service = try await KvytokService(
        data: data, arguments: ["--database-url", database.url])
      do {
        try await body(service, database)
      } catch {
        _ = try? await service.stop()
        throw error
      }
      #expect(try await service.stop().exitCode == 0)
    } catch {
      await database.end()
      throw error
    }
    await database.end()
  }

  private func end() async {
    await cluster.stop()
    await loop.shutdown()
    try? FileManager.default.removeItem(at: folder)
  }
}
