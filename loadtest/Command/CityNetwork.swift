import Foundation
import ServiceClient
import SimulatedCity
import Transit

/// The network that a load moves on: that of a feed, else the invented city's.
struct CityNetwork {
  /// The feed, a ZIP archive.
  let archive: [UInt8]
  let network: Network

  /// Reads the feed at a path, or makes the invented city's.
  init(feed path: String?, seed: UInt64) throws {
    let archive = try path.map(Self.archive) ?? CityFeed(seed: seed).zip()
    self.archive = archive
    network = try Self.read(archive).network
  }

  /// The bytes of a file.
  static func archive(_ path: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ProgramFault("\(path) cannot be read. Is the path right?")
    }
    return Array(data)
  }

  /// Reads a feed; the fault that leaves no network ends the program.
  static func read(_ archive: [UInt8]) throws -> FeedReading {
    do {
      return try FeedReader.read(zip: archive)
    } catch {
      throw ProgramFault("the feed is of no use: \(error)")
    }
  }

  /// Makes it the network of a service.
  func publish(to client: ServiceClient, adminToken: String) async throws {
    ProgressBar.write("importing the network …\n")
    let answer = try await client.send(
      "POST", "/v1/network?name=loadtest.zip",
      headers: [
        ("authorization", "Bearer \(adminToken)"), ("content-type", "application/zip"),
        ("accept", "application/json"),
      ], body: archive)
    guard answer.status == 201 else {
      throw ServiceFault.refused(
        request: "POST /v1/network", status: answer.status, body: answer.text)
    }
  }
}
