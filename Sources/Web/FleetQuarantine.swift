import Basics
import Clearing
import Store
import Tapping

/// An impossible tap that waits for a person.
struct HeldTapRow {
  let link: String
  let device: String
  let number: String
  /// When it was by the device's clock.
  let raw: String
  /// The same by the rule of the clock.
  let corrected: String
  let why: String
  let message: String
  let received: String
  let isCurrent: Bool
}

/// An impossible tap with all that is known of it, and what a person may do about it.
struct HeldTap {
  let device: String
  let epoch: Int64
  let seq: Int64
  let facts: [Fact]
  let mayDecide: Bool
}

/// Impossible taps on the page of the validators.
extension Handlers {
  /// Most impossible taps on the page.
  private static let heldShownMax = 100

  func quarantineTable(
    _ request: WebRequest, _ people: People
  ) async throws -> FleetTable<HeldTapRow> {
    let chosen = try Self.tapName(request, "tap")
    let taps = try await services.quarantine.list(
      after: try Self.tapName(request, FleetPart.quarantine.after), limit: Self.heldShownMax + 1)
    let clocks = try await services.quarantine.clocks(of: taps.map(\.name))
    return FleetTable(
      taps, countMax: Self.heldShownMax, of: .quarantine, people, on: request,
      place: \.name.pageText
    ) { tap in
      let at = ToldTap(content: tap.content).at
      return HeldTapRow(
        link: FleetPart.link(to: tap.name, on: request), device: tap.name.device,
        number: "\(tap.name.epoch) / \(tap.name.seq)", raw: at.map(people.moment) ?? "–",
        corrected: at.flatMap { clocks[tap.name]?.corrected($0) }.map(people.moment) ?? "–",
        why: Self.why(tap, people), message: tap.message, received: people.moment(tap.receivedAt),
        isCurrent: tap.name == chosen)
    }
  }

  /// The tap that the request names; nil when it names none.
  func heldTap(_ request: WebRequest, _ people: People) async throws -> HeldTap? {
    guard let name = try Self.tapName(request, "tap") else { return nil }
    guard let tap = try await services.quarantine.find(name) else {
      throw Problem.missing("tap \(name.device)/\(name.epoch)/\(name.seq) in quarantine")
    }
    let clock = try await services.quarantine.clocks(of: [name])[name]
    let mayDecide = request.caller?.may(use: Endpoint.quarantineRelease.access) == true
    return HeldTap(
      device: name.device, epoch: name.epoch, seq: name.seq,
      facts: Self.facts(of: tap, clock, people), mayDecide: mayDecide && tap.state == .held)
  }

  private static func facts(
    of tap: QuarantineRecord, _ clock: ClockOffset?, _ people: People
  ) -> [Fact] {
    let told = ToldTap(content: tap.content)
    let decided = [tap.decidedBy, tap.decidedAt.map(people.moment)].compactMap { $0 }
    let head: [(String, String?)] = [
      ("claim_state", people.text("fleet_held_\(tap.state.rawValue)")),
      ("fleet_why", "\(why(tap, people)) (\(tap.message))"),
      ("fleet_received", people.moment(tap.receivedAt)),
      ("fleet_raw", told.at.map(people.moment)),
      ("fleet_corrected", told.at.flatMap { clock?.corrected($0) }.map(people.moment)),
    ]
    let tail: [(String, String?)] = [
      ("claim_decided", decided.isEmpty ? nil : decided.joined(separator: ", ")),
      ("fleet_reason", tap.reason),
      ("fleet_said_at", tap.correction.at.map(people.moment)),
      ("fleet_said_riders", tap.correction.riders.map { people.number($0) }),
      ("fleet_sorted", tap.sortedAt.map(people.moment)),
    ]
    func named(_ facts: [(String, String?)]) -> [Fact] {
      facts.compactMap { name, value in
        value.map { Fact(name: people.text(name), value: $0) }
      }
    }
    // Its time stands above already.
    let content = told.members(people).filter { $0.name != "at" }
      .map { Fact(name: $0.title, value: $0.value) }
    return named(head) + content + named(tail)
  }

  /// Why a tap is impossible; the code itself where nobody gave it words.
  private static func why(_ tap: QuarantineRecord, _ people: People) -> String {
    people.wordOrNil("fleet_code_\(tap.code)") ?? tap.code
  }
}
