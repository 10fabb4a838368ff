import Basics
import Clearing
import HTTPTypes
import Store
import Tapping

/// A part of the page of the validators; the word is its anchor there.
enum FleetPart: String, CaseIterable {
  case silent, gaps, conflicts, quarantine, all

  /// What a program asks for the same.
  var endpoint: Endpoint {
    switch self {
    case .silent: .fleetSilent
    case .gaps: .fleetGaps
    case .conflicts: .fleetConflicts
    case .quarantine: .quarantineList
    case .all: .deviceList
    }
  }

  /// Whether somebody may read the part: whoever may ask for the same without a page.
  func isOpen(to caller: AccessGrant?) -> Bool { caller?.may(use: endpoint.access) == true }

  /// Parameter of the page with the last row of the part's page before.
  var after: String { "\(rawValue)_after" }

  /// Where the part goes on after a row: on the page that was asked for, with what is sought, the tap that is
  /// told of and the places of the other parts.
  func link(after place: String, on request: WebRequest) -> String {
    let kept = request.kept(["tap"] + Self.allCases.filter { $0 != self }.map(\.after))
    return Self.link([("q", request.soughtText)] + kept + [(after, place)], to: rawValue)
  }

  /// Where the page tells all of an impossible tap: with what is sought and the places of its parts, as on the page
  /// that was asked for.
  static func link(to tap: TapName, on request: WebRequest) -> String {
    link([("tap", tap.pageText)] + request.kept(["q"] + allCases.map(\.after)), to: "tap")
  }

  private static func link(_ fields: [(String, String)], to anchor: String) -> String {
    let query = fields.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
    return "\(Endpoint.fleetPage.path)?\(query)#\(anchor)"
  }

  /// Where the part is; nil for whoever may not read it.
  func link(for caller: AccessGrant?) -> String? {
    isOpen(to: caller) ? "\(Endpoint.fleetPage.path)#\(rawValue)" : nil
  }
}

extension WebRequest {
  /// What the validators of the page are searched for; empty where all are shown.
  var soughtText: String { (queryText("q") ?? "").trimmed }

  /// Those of some parameters that the request has.
  fileprivate func kept(_ names: [String]) -> [(String, String)] {
    names.compactMap { name in queryText(name).map { (name, $0) } }
  }
}

/// A table of the page, and what has to be said of it beside its rows.
struct FleetTable<Row> {
  let list: Listing<Row>?
  /// That there are more than are shown; nil where there are not, and after the first page.
  let cut: String?
  /// Where they are; nil where there are none.
  let next: String?

  /// A table of so many rows at most; of more it says where all of them are, and the next page begins after the
  /// `place` of the last, with all else that the page shows now.
  init<Element>(
    _ elements: [Element], countMax: Int, of part: FleetPart, _ people: People,
    on request: WebRequest, place: (Element) -> String, _ row: (Element) -> Row
  ) {
    next =
      elements.count > countMax
      ? part.link(after: place(elements[countMax - 1]), on: request) : nil
    list = Listing(Array(elements.prefix(countMax)), row)
    cut =
      elements.count > countMax && request.queryText(part.after) == nil
      ? "\(people.text("fleet_cut_\(part.rawValue)")) \(part.endpoint.path). "
        + "\(people.text("fleet_rows")) \(people.number(countMax))." : nil
  }
}

/// The page of the validators: who is silent, what is missing, what contradicts itself, what is impossible,
/// and how each one is.
extension Handlers {
  private struct Model {
    let tap: HeldTap?
    let silent: FleetTable<SilentRow>?
    let gaps: FleetTable<GapRow>?
    let conflicts: FleetTable<ConflictRow>?
    let quarantine: FleetTable<HeldTapRow>?
    let devices: DeviceTable?
  }

  func fleetPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    func part<Shown>(
      _ part: FleetPart, _ make: (WebRequest, People) async throws -> Shown
    ) async throws -> Shown? {
      part.isOpen(to: request.caller) ? try await make(request, people) : nil
    }
    let model = Model(
      tap: try await heldTap(request, people), silent: try await part(.silent, silentTable),
      gaps: try await part(.gaps, gapTable),
      conflicts: try await part(.conflicts, conflictTable),
      quarantine: try await part(.quarantine, quarantineTable),
      devices: try await part(.all, deviceTable))
    let frame = PageFrame(request, titleName: "fleet_title", people: people)
    return pages.page("fleet", frame: frame, language: request.language, model)
  }

  /// Releases or discards an impossible tap, as the form of the page asks.
  func fleetAct(_ request: WebRequest) async throws -> Answer {
    let (fields, grant) = try await fieldsOfAct(request, like: .quarantineRelease)
    let zone = services.city.current.clock.zone
    guard let device = fields["device"], let epoch = fields["epoch"].flatMap({ Int64($0) }),
      let seq = fields["seq"].flatMap({ Int64($0) }), let act = fields["act"],
      ["release", "discard"].contains(act)
    else {
      throw Problem(.badRequest, "bad_form", "The form needs a tap and what is to be done.")
    }
    let riders = fields["riders"]?.trimmed ?? ""
    let time = fields["at"]?.trimmed ?? ""
    let correction = TapCorrection(
      at: Self.wallTime(time, in: zone), riders: Int(riders))
    guard riders.isEmpty || correction.riders != nil, time.isEmpty || correction.at != nil else {
      throw Problem(
        .badRequest, "bad_form",
        "A time is written as 2026-11-22T09:00:00, and a number of riders in digits.")
    }
    let endpoint: Endpoint = act == "release" ? .quarantineRelease : .quarantineDiscard
    guard grant.may(use: endpoint.access) else { throw Problem.forbidden }
    let order = QuarantineOrder(
      name: TapName(device: device, epoch: epoch, seq: seq), correction: correction,
      reason: fields["reason"]?.trimmed ?? "")
    let person = Self.name(of: grant)
    if act == "release" {
      _ = try await services.quarantine.release(
        order.name, correction: correction, by: person, reason: order.reason,
        at: request.receivedAt)
    } else {
      _ = try await discard(order, by: person, at: request.receivedAt)
    }
    return Answer.redirect(to: FleetPart.link(to: order.name, on: request))
  }

  /// The moment at which the clocks of the city show a time, as a browser writes it: with seconds or without.
  private static func wallTime(_ text: String, in zone: TimeZoneTable) -> Instant? {
    let whole = text.utf8.count == "2026-11-22T09:00".utf8.count ? text + ":00" : text
    return Instant(iso8601: whole + "Z").map { zone.instant(of: TimeZoneTable.utc.local($0)) }
  }
}
