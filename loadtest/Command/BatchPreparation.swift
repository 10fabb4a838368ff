import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Tapping

/// How a batch proves who sent it.
enum LoadProof: Sendable {
  /// Nothing: for services that do not ask.
  case none
  /// A signature of its own.
  case signature(SignedDevice)
  /// A request of a session.
  case session(OnlineDevice)
}

/// A device of the load and how far its batches are prepared.
struct LoadDevice: Sendable {
  let id: String
  var proof: LoadProof
  var batchesCount = 0
}

/// Encodes, proves and writes batches: ahead of the measured time, so that it measures the service
/// alone, or one by one while it runs.
struct BatchPreparation {
  /// Most bytes of prepared requests.
  static let bytesMax = 1800 << 20
  /// Requests of a session between two signed checkpoints.
  static let checkpointEvery = 500

  let taps: LoadTaps
  let format: BatchFormat
  let sentAt: Instant
  let host: String

  /// The next batches of devices, dealt to connections; a device stays with one.
  ///
  /// The devices of a connection take turns. Each device's own batches follow one another.
  func prepare(
    batchCount: Int, of devices: inout [LoadDevice], connections: Int
  ) async -> [[PreparedBatch]] {
    // Each connection has the same share of an open load, however many devices it holds.
    let share = (batchCount + connections - 1) / connections
    let groups = Self.groups(of: devices.indices, connections: connections).map { group in
      group.map { ($0, devices[$0]) }
    }
    var dealt = [[PreparedBatch]](repeating: [], count: connections)
    await withTaskGroup(of: (Int, [PreparedBatch], [(Int, LoadDevice)]).self) { tasks in
      for (connection, group) in groups.enumerated() {
        tasks.addTask {
          var group = group
          let rounds = max(1, (share + group.count - 1) / max(group.count, 1))
          var batches: [PreparedBatch] = []
          batches.reserveCapacity(rounds * group.count)
          for _ in 0..<rounds {
            for index in group.indices {
              batches.append(batch(of: &group[index].1, sentAt: sentAt))
            }
          }
          return (connection, batches, group)
        }
      }
      for await (connection, batches, group) in tasks {
        dealt[connection] = batches
        for (index, device) in group { devices[index] = device }
      }
    }
    return dealt
  }

  /// Which of some places belong to which connection; a device stays with one.
  private static func groups(of places: Range<Int>, connections: Int) -> [[Int]] {
    (0..<connections).map { connection in
      Array(stride(from: connection, to: places.count, by: connections))
    }
  }

  /// The batches of devices without an end, dealt to connections as ``prepare(batchCount:of:connections:)``
  /// deals them, and made as they are posted.
  func supplies(of devices: [LoadDevice], connections: Int) -> [BatchSupply] {
    Self.groups(of: devices.indices, connections: connections).map { group in
      BatchSupply(making: self, of: group.map { devices[$0] })
    }
  }

  /// The next batch of a device, sent now.
  func next(of device: inout LoadDevice) -> PreparedBatch {
    batch(
      of: &device,
      sentAt: Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
  }

  private func batch(of device: inout LoadDevice, sentAt: Instant) -> PreparedBatch {
    let number = device.batchesCount
    device.batchesCount += 1
    let body = TapBatchWire.encode(
      taps.batch(number, device: device.id, vehicle: device.id, sentAt: sentAt), format)
    let fields: [(String, String)]
    let proof: [UInt8]
    switch device.proof {
    case .none:
      fields = format.headerFields
      proof = []
    case .signature(let signer):
      fields = signer.headers(for: body, format)
      proof = Self.bytes(of: "kvytok-signature", in: fields)
    case .session(var online):
      let isCheckpoint = number % Self.checkpointEvery == Self.checkpointEvery - 1
      fields = online.headers(for: body, format, isCheckpoint: isCheckpoint)
      proof = Self.bytes(of: SessionHeaders.Name.mac, in: fields)
      device.proof = .session(online)
    }
    return PreparedBatch(
      device: device.id, number: number,
      request: PreparedBatch.request("/v1/tap-batches", of: body, fields, host: host),
      bodyBytesCount: body.count, proof: proof)
  }

  private static func bytes(of name: String, in fields: [(String, String)]) -> [UInt8] {
    fields.first { $0.0.lowercased() == name }.flatMap { Base64.decode($0.1, .standard) } ?? []
  }
}
