import ArgumentParser
import Basics
import Foundation
import ServiceClient
import SimulatedCity
import Transit

/// Where the service is, and who asks.
struct ServiceOptions: ParsableArguments {
  @Option(help: "Address of the running service, as http://127.0.0.1:8080.")
  var url: String

  @Option(
    name: .customLong("admin-token"),
    help: "The administrator's token; each user of this machine sees it in the list of processes.")
  var givenToken: String?

  @Option(
    help: "A file with the administrator's token; `kvytok serve` writes it into its data folder.")
  var adminTokenFile: String?

  /// Most requests at the same time.
  static let connectionsMax = 16

  func validate() throws {
    guard (givenToken == nil) != (adminTokenFile == nil) else {
      throw ValidationError("give one of --admin-token-file and --admin-token")
    }
  }

  /// The administrator's token.
  func adminToken() throws -> String {
    if let givenToken { return givenToken }
    let text = String(decoding: try Edge.read(adminTokenFile ?? ""), as: UTF8.self)
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Lends connections to the service, and closes them whatever happens.
  func withClient<Result>(
    attemptsMax: Int = ServiceClient.attemptsMax, _ body: (ServiceClient) async throws -> Result
  ) async throws -> Result {
    let client = ServiceClient(
      base: url, adminToken: try adminToken(), connectionsMax: Self.connectionsMax,
      attemptsMax: attemptsMax)
    do {
      let result = try await body(client)
      try await client.close()
      return result
    } catch {
      try? await client.close()
      throw error
    }
  }
}

/// What touches the world outside: clock and files.
enum Edge {
  /// Devices enrolled at the same time.
  static let enrollingMax = 16

  /// The clock of this machine.
  @Sendable static func now() -> Instant {
    Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }

  /// The bytes of a file.
  static func read(_ path: String) throws -> [UInt8] {
    do {
      return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw ProgramFault("\(path) could not be read: \(error.localizedDescription)")
    }
  }

  /// Writes a file anew.
  static func write(_ bytes: [UInt8], to path: String) throws {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    } catch {
      throw ProgramFault("\(path) could not be written: \(error.localizedDescription)")
    }
  }

  /// The network of a feed.
  static func network(_ path: String) throws -> Network {
    let bytes = try read(path)
    do {
      return try FeedReader.read(zip: bytes).network
    } catch {
      throw ProgramFault("\(path): \(error)")
    }
  }

  /// Everything that the service says of a device's taps, page after page.
  static func audit(
    device: String, epoch: Int64, with client: ServiceClient
  ) async throws -> [AuditedTap] {
    var taps: [AuditedTap] = []
    var after: Int64 = 0
    while true {
      let body = try await client.auditPage(device: device, epoch: epoch, after: after)
      let page: [AuditedTap]
      do {
        page = try AuditedTap.lines(body).filter { $0.seq > after }
      } catch {
        throw ServiceFault.unreadable(
          request: "GET /v1/audit/taps of \(device)", message: "\(error.pointer) \(error.message)")
      }
      guard let last = page.map(\.seq).max() else { return taps }
      taps += page
      after = last
    }
  }

  /// Enrols validators, several at a time, in the order given; with the key that proves the service,
  /// nil when none of them was new.
  ///
  /// They are in their vehicles since a moment, or from now on.
  static func enroll(
    _ names: [(device: String, vehicle: String)], since: Instant? = nil, secret: String,
    with client: ServiceClient
  ) async throws -> (devices: [SignedDevice], servicePublicKey: [UInt8]?) {
    let devices = names.map { SignedDevice(id: $0.device, secret: secret) }
    var bar = ProgressBar("enrolling \(names.count) validators", total: names.count)
    var servicePublicKey: [UInt8]?
    try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
      var done = 0
      for (index, device) in devices.enumerated() {
        if index >= enrollingMax {
          if let key = try await group.next() { servicePublicKey = key ?? servicePublicKey }
          done += 1
          bar.show(done)
        }
        let vehicle = names[index].vehicle
        group.addTask {
          try await device.enrollment(vehicle: vehicle, since: since, with: client)
            .servicePublicKey
        }
      }
      for try await key in group { servicePublicKey = key ?? servicePublicKey }
    }
    bar.finish()
    return (devices, servicePublicKey)
  }
}
