import Basics
import Foundation
import ServiceClient
import Tapping
import Transit

/// Counts what a service has against what it acknowledged; knows nothing of how it works.
struct KeptTaps {
  private(set) var missing: [String] = []
  private(set) var doubled: [String] = []
  private(set) var invented: [String] = []
  private(set) var different: [String] = []
  private(set) var count = 0
  /// Taps that are not in the fares yet.
  private(set) var waiting = 0

  /// Reads the audit of every device of a fleet.
  init(of fleet: StubbornFleet, with client: ServiceClient) async throws {
    let acknowledged = fleet.acknowledged
    for device in fleet.devices {
      let recorded = acknowledged[device.id] ?? [:]
      var seen: [Int64: Int] = [:]
      var after: Int64 = 0
      while true {
        let page = try await client.auditPage(
          device: device.id, epoch: StubbornFleet.epoch, after: after)
        let lines = page.split(separator: 10)
        guard !lines.isEmpty else { break }
        for line in lines {
          let told = try JSONDecoder().decode(Told.self, from: Data(line))
          seen[told.seq, default: 0] += 1
          after = max(after, told.seq)
          note(told, recorded[told.seq], device.id)
        }
      }
      missing += recorded.keys.filter { seen[$0] == nil }.map { "\(device.id) \($0)" }
      doubled += seen.filter { $0.value > 1 }.map { "\(device.id) \($0.key)" }
      count += seen.count
    }
  }

  private mutating func note(_ told: Told, _ recorded: Tap?, _ device: String) {
    guard let recorded else {
      invented.append("\(device) \(told.seq)")
      return
    }
    if told.state != "rated" { waiting += 1 }
    if !told.isOf(recorded) { different.append("\(device) \(told.seq)") }
  }

  /// What the audit tells of a tap: all of what the fleet records, but for the token, which it tells nobody.
  struct Told: Decodable {
    let seq: Int64
    let state: String
    let at: String?
    let medium: String?
    let riders: Int?
    let route: String?
    let direction: Int?

    /// Whether it is the tap as it was recorded.
    func isOf(_ tap: Tap) -> Bool {
      at == tap.at.description && medium == tap.medium.rawValue && riders == tap.riders
        && route == tap.route && direction == tap.direction
    }
  }

  /// Whether every acknowledged tap is there once, as it was recorded, and nothing else.
  var areExact: Bool {
    missing.isEmpty && doubled.isEmpty && invented.isEmpty && different.isEmpty
  }

  /// What is wrong, for the one who reads a failed test.
  var faults: String {
    [("missing", missing), ("doubled", doubled), ("invented", invented), ("different", different)]
      .filter { !$1.isEmpty }
      .map { "\($1.count) \($0): \($1.prefix(5).joined(separator: ", "))" }
      .joined(separator: "; ")
  }
}
