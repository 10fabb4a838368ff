import Basics
import Insight
import Ledger
import Store
import Transit

/// How the service stands, on one page.
extension Handlers {
  /// Work that has waited longer is a worry, seconds.
  static let lagSecondsMax = 60.0

  private struct Model {
    let date: String
    let day: String
    let figures: [Figure]
    let operators: Listing<OperatorRow>?
    /// The books, for those who may read them.
    let balance: BalanceTable?
    let devices: Listing<DeviceRow>?
    let silent: Listing<DeviceRow>?
    /// How many are silent, and how many of them are listed where not all are.
    let silentCount: String
    /// Where more is told of these, for those who may read it.
    let gapsLink: String?
    let silentLink: String?
  }

  private struct OperatorRow {
    let name: String
    let rides: String
    let revenue: String
  }

  private struct DeviceRow {
    let name: String
    let missing: String
    let lastHeard: String
  }

  func overviewPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let status = try await services.insight.status(at: request.receivedAt)
    let shown = try await shownDay(request, status.today)
    let model = Model(
      date: shown.day.description, day: people.day(shown.day),
      figures: Handlers.figures(status, shown, people, request.caller),
      operators: Listing(shown.operators) { row in
        OperatorRow(
          name: row.name ?? people.text("operator_unknown"),
          rides: people.number(row.sums.rides),
          revenue: people.money(row.sums.chargedMinor, row.sums.currency))
      }, balance: try await balance(request, people),
      devices: Listing(status.gaps.worst) { holes in
        DeviceRow(
          name: holes.device, missing: people.number(holes.numbers),
          lastHeard: people.moment(holes.lastReceivedAt))
      },
      silent: Listing(status.validators.silent) { device in
        DeviceRow(
          name: device.device, missing: "",
          lastHeard: device.lastReceivedAt.map(people.moment) ?? people.text("never"))
      }, silentCount: Self.silentCount(status.validators, people),
      gapsLink: FleetPart.gaps.link(for: request.caller),
      // Those whose vehicle stands are in the list of all alone.
      silentLink: FleetPart.all.link(for: request.caller))
    let frame = PageFrame(request, titleName: "overview_title", people: people)
    return pages.page("overview", frame: frame, language: request.language, model)
  }

  private static func silentCount(_ standing: ValidatorStanding, _ people: People) -> String {
    let all = people.number(standing.silentCount)
    guard standing.silent.count < standing.silentCount else { return all }
    return "\(all), \(people.text("listed")) \(people.number(standing.silent.count))"
  }

  private func balance(_ request: WebRequest, _ people: People) async throws -> BalanceTable? {
    guard request.caller?.may(use: Endpoint.trialBalance.access) == true else { return nil }
    return try await balanceTable(through: nil, people)
  }

  /// The day asked for; else today, or the newest day with taps while today has none.
  private func shownDay(_ request: WebRequest, _ today: DayFigures) async throws -> DayFigures {
    if let asked = try request.queryDay("date") {
      return try await services.insight.figures(of: asked)
    }
    guard today.completeness.taps == 0,
      let newest = try await services.insight.days().first(where: { $0 < today.day })
    else { return today }
    return try await services.insight.figures(of: newest)
  }

  private static func figures(
    _ status: ServiceStatus, _ shown: DayFigures, _ people: People, _ caller: AccessGrant?
  ) -> [Figure] {
    let totals = shown.totals
    let unknown = totals.reduce(0) { $0 + $1.unknownRides }
    let waiting = status.journal.unsortedTaps + Int64(status.backlog.riderDays)
    let differs = status.books.contains { $0.differenceMinor != 0 }
    let apart = status.journal.conflicts + status.journal.quarantined + status.journal.setAsideTaps
    return [
      Figure(
        people.text("taps_today"), people.number(shown.completeness.taps),
        note: people.text("taps_all") + " " + people.number(status.journal.tapsStored)),
      Figure(
        people.text("rides_today"), people.number(totals.reduce(0) { $0 + $1.rides }),
        note: unknown > 0
          ? people.number(unknown) + " " + people.text("unknown_fares") : nil,
        state: unknown > 0 ? .warn : .plain),
      Figure(
        people.text("revenue_today"),
        (totals.isEmpty
          ? status.books.map { people.money(0, $0.currency) }
          : totals.map { people.money($0.chargedMinor, $0.currency) }).joined(separator: ", ")),
      Figure(
        people.text("waiting"), people.number(waiting), note: people.text("waiting_note")),
      Figure(
        people.text("lag"), people.span(seconds: status.lagSeconds),
        note: people.text("lag_note"),
        state: status.lagSeconds > lagSecondsMax ? .warn : .good),
      Figure(
        people.text("gaps"), people.number(status.gaps.numbers),
        note: people.text("gaps_note"), state: status.gaps.numbers > 0 ? .warn : .good,
        link: FleetPart.gaps.link(for: caller)),
      Figure(
        people.text("apart"), people.number(apart), note: people.text("apart_note"),
        state: apart > 0 ? .warn : .good, link: FleetPart.quarantine.link(for: caller)),
      Figure(
        people.text("balance"),
        status.books.map { people.money($0.differenceMinor, $0.currency) }
          .joined(separator: ", "),
        note: people.text("balance_note"), state: differs ? .bad : .good),
    ]
  }
}

/// A key figure of a page.
struct Figure {
  /// How it is doing; the word is the class in the stylesheet.
  enum State: String {
    case plain, good, warn, bad
  }

  let label: String
  let value: String
  let note: String?
  let state: String
  /// Where more is told of it.
  let link: String?

  init(
    _ label: String, _ value: String, note: String? = nil, state: State = .plain,
    link: String? = nil
  ) {
    self.label = label
    self.value = value.isEmpty ? "0" : value
    self.note = note
    self.state = state.rawValue
    self.link = link
  }
}

/// Something known of what a page shows, by its name.
struct Fact {
  let name: String
  let value: String
}

/// A choice of a form.
struct Choice {
  let value: String
  let label: String
  let isSelected: Bool
}

/// Rows of a table; a list without rows is nil, so that a template can leave the table out.
///
/// Templates see stored properties only.
struct Listing<Row> {
  let rows: [Row]

  init?<Element>(_ elements: [Element], _ row: (Element) -> Row) {
    guard !elements.isEmpty else { return nil }
    rows = elements.map(row)
  }
}
