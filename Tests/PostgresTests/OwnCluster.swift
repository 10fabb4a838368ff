import Basics
import DatabaseSupport
import EventLoop
import Foundation
import Postgres
import Programs

/// A cluster that one test may kill, in a folder of its own.
enum OwnCluster {
  /// Not durable and small: it is made, used for a moment, and thrown away.
  static var settings: ClusterSettings {
    var settings = ClusterSettings()
    settings.isDurable = false
    settings.sharedBuffersMegabytes = 16
    settings.connectionsMax = 20
    return settings
  }

  /// The folder of a cluster that was made and stopped: a copy of it starts at once.
  private static let prepared = MadeOnce { () async throws -> URL in
    let folder = try TemporaryFolder.makeForProcess("own-cluster")
    let loop = EventLoop.start(name: "prepared cluster")
    let path = folder.path + "/cluster"
    do {
      try await start(folder: path, loop: loop).stop()
    } catch {
      await loop.shutdown()
      throw error
    }
    await loop.shutdown()
    // A cluster that was just made has none of these.
    for name in ["server.log", "served", "lock", "socket"] {
      TemporaryFolder.remove(path + "/" + name)
    }
    return folder
  }

  static func start(folder: String, loop: EventLoop) async throws -> PrivateCluster {
    try await PrivateCluster.start(folder: folder, loop: loop, settings: settings)
  }

  /// Runs a body with a cluster that nobody used before.
  static func with(
    _ body: (PrivateCluster, EventLoop) async throws -> Void
  ) async throws {
    try await withFolder { folder in
      let parent = URL(fileURLWithPath: folder).deletingLastPathComponent()
      try await TemporaryFolder.copy(try await prepared.value(), into: parent)
      let loop = EventLoop.start(name: "own cluster")
      let cluster = try await start(folder: folder, loop: loop)
      do {
        try await body(cluster, loop)
      } catch {
        await cluster.stop()
        await loop.shutdown()
        throw error
      }
      await cluster.stop()
      await loop.shutdown()
    }
  }

  /// An empty folder, removed afterwards; for a cluster whose turn it is.
  static func withFolder(_ body: (String) async throws -> Void) async throws {
    try await Turns.servers.with { try await inFolder(body) }
  }

  /// A pool that waits: what has to wait for a busy machine has not failed.
  static func patientPool(_ cluster: PrivateCluster, _ loop: EventLoop) -> PostgresPool {
    PostgresPool(configuration: cluster.configuration().patient, loop: loop)
  }

  private static func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try TemporaryFolder.make("own").path
    defer { TemporaryFolder.remove(folder) }
    try await body(folder + "/cluster")
  }
}
